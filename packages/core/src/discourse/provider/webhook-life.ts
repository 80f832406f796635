import type { ConnectorSetup, Deliverer, Delivery } from '../../connector.js';
import { isRefusal } from '../../errors.js';
import type { SiteUser } from '../../site-user.js';
import { type ClientPerson, clientPerson } from './client-person.js';
import type { PersonNumbers } from './numbers.js';
import {
  type KnownUser,
  type OutgoingWebhook,
  ping,
  readKnownUser,
  userEvent,
  type WebhookUser,
  webhooksAbout,
  webhookUser,
} from './webhook-body.js';
import { type SenderParts, sendWebhook, type WebhookFailure } from './webhook-sender.js';
import { isAt, type ReadyTarget } from './webhook-targets.js';

export interface WebhookLifeParts {
  readonly setup: ConnectorSetup;
  /** Name of the connector: what was sent last is kept under it. */
  readonly name: string;
  readonly target: ReadyTarget;
  readonly numbers: PersonNumbers;
}

const neverTold: Delivery = { done: true, notes: ['The client was never told about the person.'] };
const justLoggedIn: Delivery = { done: true, notes: ['The person has just logged in at the client itself.'] };

/** When a suspension without an end ends: what forums say then. */
const never = new Date('3000-01-01T00:00:00Z');

/** Milliseconds that a client may need to make an account of the answer to a login. */
const loginTakes = 60_000;

/** What one client hears of people, apart from the answers to its logins. */
export interface WebhookLife {
  /** What it is told, through the push queue like everything else. */
  readonly deliverer: Deliverer & { readonly name: string };
  /** A login there was answered: from now on the client knows the person. */
  loginAnswered(returnUrl: string, siteUserId: string, person: ClientPerson): Promise<void>;
}

export function webhookLife({ setup, name, target, numbers }: WebhookLifeParts): WebhookLife {
  const sender: SenderParts = { fetch: setup.fetch, now: setup.now, instance: setup.address.origin };
  const { profiles } = setup.store;
  const keyOf = (siteUserId: string): string => `${target.name}|${siteUserId}`;
  const wants = (event: string): boolean => target.events?.has(event) ?? true;

  /**
   * Sends in order. A failure that may pass ends it; after a refusal the rest is sent all the same: who takes no
   * `user_created` may know the person by number, and take the `user_updated`.
   */
  async function tell(webhooks: readonly OutgoingWebhook[]): Promise<Told> {
    let failure: WebhookFailure | null = null;
    let upToDate = true;
    for (const webhook of webhooks.filter(({ event }) => wants(event))) {
      const fault = await sendWebhook(sender, target, webhook);
      if (fault?.retryAfter !== undefined) return { failure: fault, upToDate: false };
      failure ??= fault;
      if (webhook.type === 'user') upToDate = fault === null;
    }
    return { failure, upToDate };
  }

  async function lastKnown(siteUserId: string): Promise<(KnownUser & { readonly since: Date }) | null> {
    const stored = (await profiles?.read(name, keyOf(siteUserId))) ?? null;
    if (stored === null) return null;
    // What another version wrote in another shape counts as never told.
    const known = readKnownUser(stored.json);
    return known === null ? null : { ...known, since: new Date(stored.version) };
  }

  async function remember(siteUserId: string, known: KnownUser): Promise<void> {
    const version = setup.now().toISOString();
    await profiles?.write(name, keyOf(siteUserId), { json: JSON.stringify(known), version }, true);
  }

  /** Brings the client up to date about a person, and then tells it of an event. */
  async function update(user: SiteUser, event?: string): Promise<Delivery> {
    if (!user.emailVerified) return { done: true, notes: ['No webhooks before the address is verified.'] };
    const number = await numbers.numberOf(user);
    if (isRefusal(number)) return { done: false, refusal: number };
    const record = webhookUser(clientPerson(user, number));
    const told = await tell(webhooksAbout(record, (await lastKnown(user.id))?.user ?? null));
    if (told.upToDate) await remember(user.id, { user: record, by: 'webhook' });
    return told.failure !== null || event === undefined
      ? deliveryOf(told)
      : deliveryOf(await tell([userEvent(event, record)]));
  }

  /**
   * The person as they are, or as the client knew them last: whoever is gone from the site, or has an address now that
   * is not verified. Null when there is nothing that may be told.
   */
  async function knownAs(siteUserId: string): Promise<WebhookUser | null> {
    const user = (await setup.findUser?.(siteUserId)) ?? null;
    if (user?.emailVerified === true) {
      const number = await numbers.numberOf(user);
      if (!isRefusal(number)) return webhookUser(clientPerson(user, number));
    }
    return (await lastKnown(siteUserId))?.user ?? null;
  }

  async function happened(
    siteUserId: string,
    events: readonly string[],
    more: Partial<WebhookUser> = {},
  ): Promise<Delivery> {
    const record = await knownAs(siteUserId);
    if (record === null) return neverTold;
    return deliveryOf(await tell(events.map((event) => userEvent(event, { ...record, ...more }))));
  }

  const deliverer: WebhookLife['deliverer'] = {
    name: target.name,
    push: (user) => update(user),
    // Most sign-ins are the middle of a login at a client. If it was the first there, the client is about to make the
    // account, in its own time; one that a webhook makes meanwhile breaks that login.
    signIn: async (user) => {
      const known = await lastKnown(user.id);
      if (known === null) return neverTold;
      const isFresh = setup.now().getTime() - known.since.getTime() < loginTakes;
      return known.by === 'login' && isFresh ? justLoggedIn : update(user, 'user_logged_in');
    },
    signOut: (siteUserId) => happened(siteUserId, ['user_logged_out']),
    // A suspension ends sessions at a forum, which says so, too: some clients know only of that.
    suspend: (siteUserId, { until = never }) =>
      happened(siteUserId, ['user_logged_out', 'user_suspended'], { suspended_till: until.toISOString() }),
    restore: (siteUserId) => happened(siteUserId, ['user_unsuspended']),
    async remove(siteUserId) {
      const told = await happened(siteUserId, ['user_destroyed']);
      if (!told.done) return told;
      await profiles?.remove(name, keyOf(siteUserId));
      return {
        ...told,
        byHand: [`Remove the account at ${target.host}: a webhook only says that it is gone here.`],
      };
    },
    async check() {
      if (!wants(ping.event))
        return { done: true, notes: [`${target.host} takes no ping, so it was not asked.`] };
      const asked = deliveryOf(await tell([ping]));
      return asked.done ? { ...asked, notes: [`${target.host} took a ping.`] } : asked;
    },
  };

  return {
    deliverer,
    async loginAnswered(returnUrl, siteUserId, person) {
      if (isAt(target, returnUrl) && (await lastKnown(siteUserId)) === null)
        await remember(siteUserId, { user: webhookUser(person), by: 'login' });
    },
  };
}

interface Told {
  /** The first one; null when all was taken. */
  readonly failure: WebhookFailure | null;
  /** Whether the last word about the person was taken. */
  readonly upToDate: boolean;
}

function deliveryOf({ failure }: Told): Delivery {
  if (failure === null) return { done: true };
  const { retryAfter, ...refusal } = failure;
  return { done: false, refusal, ...(retryAfter === undefined ? {} : { retryAfter }) };
}
