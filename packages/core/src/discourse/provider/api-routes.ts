import type { ConnectorSetup, Exchange, Route } from '../../connector.js';
import { isRefusal, type Refusal, refusal, refusalForThrown } from '../../errors.js';
import { answerHeaders, jsonReply, type SsoReply } from '../../http/reply.js';
import { readHeader } from '../../http/request.js';
import type { SiteUser } from '../../site-user.js';
import type { LinkOutcome, Links } from '../../store/store.js';
import { workAlone } from '../community-user-lock.js';
import type { ApiCaller, ApiKeys } from './api-keys.js';
import { clientPerson } from './client-person.js';
import type { ReadyClient } from './clients.js';
import { type PersonNumbers, readNumber } from './numbers.js';
import type { DiscourseConnectProviderOptions } from './options.js';
import { createCallLimit } from './rate-limit.js';
import { isStorable, readSync, type SyncFields, syncedPerson } from './sync-receiver.js';
import { groupNumber } from './webhook-body.js';

type AuthorityRules = NonNullable<DiscourseConnectProviderOptions['authority']>;

export interface ApiParts {
  readonly setup: ConnectorSetup;
  /** Name of the connector: what the authority declared is kept under it. */
  readonly name: string;
  readonly keys: ApiKeys;
  readonly numbers: PersonNumbers;
  /** The client that may bring people, with its rules; undefined when none may. */
  readonly authority:
    | {
        readonly client: ReadyClient;
        readonly rules: AuthorityRules;
      }
    | undefined;
}

/** Calls of the API in a minute, as many as a forum allows. */
const callsPerMinute = 60;

type Call = (parts: ApiParts, exchange: Exchange, caller: ApiCaller) => Promise<SsoReply | Refusal>;

/**
 * The parts of a forum's API that clients call: log-out everywhere, look-up by the client's own id, and pushes from a
 * client that is the authority. Errors have the bodies that a forum's have, since clients read them.
 */
export function apiRoutes(parts: ApiParts): readonly Route[] {
  const limit = createCallLimit(callsPerMinute, 60);

  /** The key first, then the pace, then the call. */
  const guarded =
    (call: Call): Route['handle'] =>
    async (exchange) => {
      const caller = parts.keys.callerOf(readHeader(exchange.request.headers, 'api-key'));
      if (caller === null)
        return refused(exchange, wrongKey('The Api-Key is missing or wrong (DISCOURSE_API_KEY).'));
      const wait = limit.take(parts.setup.now());
      if (wait !== null) return slowDown(exchange, wait);
      const reply = await call(parts, exchange, caller);
      return isRefusal(reply) ? refused(exchange, reply) : reply;
    };
  const routes = (method: Route['method'], paths: readonly string[], call: Call) =>
    paths.map((path): Route => ({ method, path, absolute: true, caller: 'machine', handle: guarded(call) }));

  return [
    ...routes('POST', ['/admin/users/{id}/log_out', '/admin/users/{id}/log_out.json'], logOut),
    ...routes('GET', ['/u/by-external/{id}.json', '/users/by-external/{id}.json'], byExternal),
    ...routes('POST', ['/admin/users/sync_sso', '/admin/users/sync_sso.json'], sync),
  ];
}

const logOut: Call = async ({ setup, numbers }, { id }) => {
  const number = readNumber(id);
  const siteUserId = number === null ? null : await numbers.siteUserOf(number);
  if (siteUserId === null) return unknownUser();
  await setup.endSessions(siteUserId);
  setup.emit({ type: 'logout.completed', user: setup.pseudonym(siteUserId), everywhere: true });
  // The caller waits for one answer, not for all the others.
  await setup.pushLater(siteUserId, 'signOut');
  // Clients compare the text: nothing else counts as done.
  return jsonReply(200, { success: 'OK' });
};

/** Only ids that this client declared by a push: the site's own ids are other names in another space. */
const byExternal: Call = async (parts, { id = '' }, caller) => {
  if (!speaksForAuthority(parts, caller) || !isStorable(id)) return unknownUser();
  const siteUserId = (await parts.setup.store.links?.findByCommunityUser(parts.name, id)) ?? null;
  const user = siteUserId === null ? null : await parts.setup.findUser?.(siteUserId);
  if (user === null || user === undefined) return unknownUser();
  const account = await accountOf(parts, user);
  return isRefusal(account) ? account : jsonReply(200, { user: account });
};

const sync: Call = async (parts, exchange, caller) => {
  const { setup, name, authority } = parts;
  const { links, locks } = setup.store;
  // As a forum does that takes no pushes: 404 without a body.
  if (authority === undefined || links === undefined || locks === undefined) {
    return { status: 404, headers: answerHeaders };
  }
  if (!speaksForAuthority(parts, caller)) {
    return wrongKey(`The Api-Key is not that of the authority, ${authority.client.domain}.`);
  }
  const fields = await readSync(exchange, authority.client, setup.now());
  if (isRefusal(fields)) return syncFailed(exchange, fields);
  // One push about a person at a time: of two first ones, the second finds the person whom the first has brought.
  const user = await workAlone(locks, name, fields.externalId, () =>
    apply(parts, authority.rules, links, fields),
  );
  if (isRefusal(user)) {
    return user.refused === 'ERR_PROVIDER_SYNC_REFUSED' ? syncFailed(exchange, user, 403) : user;
  }
  const account = await accountOf(parts, user);
  if (isRefusal(account)) return account;
  setup.emit({ type: 'person.synced', user: setup.pseudonym(user.id) });
  return jsonReply(200, account);
};

/** Lets the site take the person over, and keeps whom it says that is. */
async function apply(
  { setup, name }: ApiParts,
  { applyUser, ...rules }: AuthorityRules,
  links: Links,
  fields: SyncFields,
): Promise<SiteUser | Refusal> {
  const known = await links.findByCommunityUser(name, fields.externalId);
  let applied: SiteUser | null;
  try {
    applied = await applyUser(syncedPerson(fields, known, rules));
  } catch (cause) {
    return refusalForThrown(cause, 'ERR_SITE_CALLBACK_FAILED', "The site's applyUser failed.");
  }
  if (applied === null) return notTaken("The site's applyUser refused the person.");
  const user = setup.readSiteUser(applied);
  if (isRefusal(user)) return user;
  // One id is one person, for good: not that of somebody else, and nobody has two.
  const isSame =
    known === null ? isJoined(await links.link(name, fields.externalId, user.id)) : known === user.id;
  return isSame ? user : notTaken('The external_id belongs to another person, or the person has one.');
}

function isJoined(outcome: LinkOutcome): boolean {
  return outcome === 'linked' || outcome === 'existed';
}

/** With the authority's own key if it has one, else with the key that clients share. */
function speaksForAuthority({ authority, keys }: ApiParts, { domain }: ApiCaller): boolean {
  if (authority === undefined) return false;
  return domain === (keys.hasOwn(authority.client.domain) ? authority.client.domain : null);
}

/** The fields of a person that clients read from the API. */
async function accountOf({ numbers }: ApiParts, user: SiteUser) {
  const number = await numbers.numberOf(user);
  if (isRefusal(number)) return number;
  const { id, username, name, admin, moderator, groups } = clientPerson(user, number);
  return {
    ...{ id, username, name, active: true, admin, moderator },
    groups: groups.map((group) => ({ id: groupNumber(group), name: group, automatic: false })),
  };
}

function unknownUser(): Refusal {
  return refusal('ERR_PROVIDER_USER_UNKNOWN', 'No such person, or none that this client declared.');
}

function notTaken(detail: string): Refusal {
  return refusal('ERR_PROVIDER_SYNC_REFUSED', detail);
}

function wrongKey(detail: string): Refusal {
  return refusal('ERR_PROVIDER_KEY_REFUSED', detail);
}

/** What a forum says to each refusal. */
const forumErrors: Readonly<
  Partial<Record<Refusal['refused'], { readonly type: string; readonly text: string }>>
> = {
  ERR_PROVIDER_KEY_REFUSED: {
    type: 'invalid_access',
    text: 'You are not permitted to view the requested resource.',
  },
  ERR_PROVIDER_USER_UNKNOWN: {
    type: 'not_found',
    text: 'The requested URL or resource could not be found.',
  },
};

/** The event is ours, the body a forum's. */
function refused(exchange: Exchange, why: Refusal): SsoReply {
  const { status, headers } = exchange.refuse(why, {});
  const { type, text } = forumErrors[why.refused] ?? {
    type: 'internal_error',
    text: 'The request cannot be answered at the moment.',
  };
  return { ...jsonReply(status, { errors: [text], error_type: type }), headers };
}

function syncFailed(exchange: Exchange, why: Refusal, status = 422): SsoReply {
  exchange.refuse(why, {});
  return jsonReply(status, { failed: 'FAILED', message: 'Login Error' });
}

function slowDown(exchange: Exchange, seconds: number): SsoReply {
  exchange.refuse(refusal('ERR_RATE_LIMITED', `More than ${callsPerMinute} calls a minute.`), {});
  const body = {
    errors: ['You have performed this action too many times, please try again later.'],
    error_type: 'rate_limit',
    extras: { wait_seconds: seconds, time_left: `${seconds} seconds` },
  };
  return jsonReply(429, body, [
    ['Retry-After', String(seconds)],
    ['Discourse-Rate-Limit-Error-Code', 'admin_api_key_rate_limit'],
  ]);
}
