import type { Delivery, SuspendOptions } from '../connector.js';
import { isRefusal, type Refusal, refusal } from '../errors.js';
import { readSiteUser } from '../read-site-user.js';
import type { SiteUser } from '../site-user.js';
import type { People, Standing } from '../store/store.js';
import { type NamedConnector, type Skipped, settle } from './delivery.js';
import type { JobKind } from './job.js';

/** What has to be known to send anything about a person. */
export interface PersonParts {
  readonly people: People;
  readonly findUser: ((siteUserId: string) => Promise<SiteUser | null>) | undefined;
}

const removed: Skipped = {
  skipped: 'The person was removed: nothing is sent about them until forumSso.restore is called.',
};
const unconfirmed: Skipped = {
  skipped: 'The address of the person is not confirmed, and this community takes no other: nothing was sent.',
};
const suspended: Skipped = {
  skipped: 'The person is suspended: nothing is sent, since that would let them in again.',
};
const overtaken: Skipped = { skipped: 'A newer state of the person was sent before.' };

/**
 * Sends what there is to send about a person to one community, by the newest state of things. To be called by whoever
 * is alone with this person at this community: nothing that was true before still counts.
 */
export async function deliverPerson(
  parts: PersonParts,
  { name, active }: NamedConnector,
  kind: JobKind,
  siteUserId: string,
): Promise<Delivery | Skipped> {
  return settle(async () => {
    const standing = await parts.people.standing(siteUserId);
    switch (kind) {
      case 'push':
        return pushNewest(parts, { name, active }, siteUserId, standing);
      case 'signIn':
        return tellSignIn(parts, active, siteUserId, standing);
      case 'suspend': {
        if (standing?.state !== 'suspended')
          return { skipped: standing === null ? 'The suspension is over.' : removed.skipped };
        return call(active.suspend, (suspend) => suspend(siteUserId, optionsOf(standing)));
      }
      case 'remove':
        return standing?.state === 'removed'
          ? call(active.remove, (remove) => remove(siteUserId))
          : { skipped: 'The removal was taken back.' };
      case 'restore':
        return standing === null
          ? call(active.restore, (restore) => restore(siteUserId))
          : { skipped: 'The person was suspended or removed again.' };
      case 'signOut':
        return call(active.signOut, (signOut) => signOut(siteUserId));
    }
  });
}

/**
 * Sends a state of a person that was known when `version` was drawn.
 */
export async function deliverState(
  { people }: PersonParts,
  { name, active }: NamedConnector,
  user: SiteUser,
  version: number,
): Promise<Delivery | Skipped> {
  return settle(async () =>
    sendState(people, { name, active }, user, version, await people.standing(user.id)),
  );
}

async function pushNewest(
  { people, findUser }: PersonParts,
  connector: NamedConnector,
  siteUserId: string,
  standing: Standing | null,
): Promise<Delivery | Skipped> {
  const why = keptBack(standing);
  if (why !== null) return why;
  const version = await people.nextVersion(siteUserId);
  return withNewest(findUser, siteUserId, async (user) =>
    // Reading took its time; whoever was removed meanwhile must not come back.
    sendState(people, connector, user, version, await people.standing(siteUserId)),
  );
}

async function tellSignIn(
  { people, findUser }: PersonParts,
  { signIn }: NamedConnector['active'],
  siteUserId: string,
  standing: Standing | null,
): Promise<Delivery | Skipped> {
  const why = keptBack(standing);
  if (why !== null) return why;
  return withNewest(findUser, siteUserId, async (user) => {
    if (user.suspended === true) return suspended;
    return keptBack(await people.standing(siteUserId)) ?? call(signIn, (tell) => tell(user));
  });
}

/** Reads a person through the site, and sends what there is to send about them as they are now. */
async function withNewest(
  findUser: PersonParts['findUser'],
  siteUserId: string,
  send: (user: SiteUser) => Promise<Delivery | Skipped>,
): Promise<Delivery | Skipped> {
  const user = await readNewest(findUser, siteUserId);
  if (user === null) return { skipped: 'The site knows no such person: nothing was sent.' };
  if (!isRefusal(user)) return send(user);
  return user.refused === 'ERR_SITE_CALLBACK_FAILED'
    ? { done: false, refusal: user, retryAfter: 0 }
    : { done: false, refusal: user };
}

async function sendState(
  people: People,
  { name, active }: NamedConnector,
  user: SiteUser,
  version: number,
  standing: Standing | null,
): Promise<Delivery | Skipped> {
  const why = keptBack(standing);
  if (why !== null) return why;
  if (user.suspended === true) return suspended;
  if (!(await people.takeVersion(name, user.id, version))) return overtaken;
  return unlessUnconfirmed(await call(active.push, (push) => push(user)));
}

/** That a community takes confirmed addresses only is its rule, and nothing that an operator could mend. */
function unlessUnconfirmed(outcome: Delivery | Skipped): Delivery | Skipped {
  const isFault = 'done' in outcome && !outcome.done;
  return isFault && outcome.refusal.refused === 'ERR_EMAIL_NOT_VERIFIED' ? unconfirmed : outcome;
}

function keptBack(standing: Standing | null): Skipped | null {
  if (standing === null) return null;
  return standing.state === 'removed' ? removed : suspended;
}

async function readNewest(
  findUser: PersonParts['findUser'],
  siteUserId: string,
): Promise<SiteUser | null | Refusal> {
  if (findUser === undefined) return refusal('ERR_PUSH_NOT_SET_UP', 'createForumSso has no findUser.');
  let found: SiteUser | null | undefined;
  try {
    found = await findUser(siteUserId);
  } catch (cause) {
    return refusal('ERR_SITE_CALLBACK_FAILED', "The site's findUser failed.", cause);
  }
  if (found === null || found === undefined) return null;
  const user = readSiteUser(found);
  if (isRefusal(user) || user.id === siteUserId) return user;
  return refusal('ERR_SITE_USER_INVALID', "The site's findUser returned another person than was asked for.");
}

async function call<F>(
  ability: F | string | undefined,
  use: (ability: F) => Promise<Delivery>,
): Promise<Delivery | Skipped> {
  if (ability === undefined) return { skipped: 'This system has no part in it.' };
  return typeof ability === 'string' ? { skipped: ability } : use(ability);
}

function optionsOf({ reason, until }: Extract<Standing, { state: 'suspended' }>): SuspendOptions {
  return { ...(reason === null ? {} : { reason }), ...(until === null ? {} : { until }) };
}
