import type { ConnectorSetup, Deliverer, Delivery } from '../../connector.js';
import { isRefusal } from '../../errors.js';
import type { SiteUser } from '../../site-user.js';
import { clientPerson } from './client-person.js';
import type { PersonNumbers } from './numbers.js';
import {
  type OutgoingWebhook,
  ping,
  readWebhookUser,
  userEvent,
  type WebhookUser,
  webhooksAbout,
  webhookUser,
} from './webhook-body.js';
import { type SenderParts, sendWebhook } from './webhook-sender.js';
import type { ReadyTarget } from './webhook-targets.js';

export interface WebhookLifeParts {
  readonly setup: ConnectorSetup;
  /** Name of the connector: what was sent last is kept under it. */
  readonly name: string;
  readonly target: ReadyTarget;
  readonly numbers: PersonNumbers;
}

const neverTold: Delivery = { done: true, notes: ['The client was never told about the person.'] };

/** When a suspension without an end ends: what forums say then. */
const never = new Date('3000-01-01T00:00:00Z');

/** What one client is told about people, through the push queue like everything else. */
export function webhookLife({
  setup,
  name,
  target,
  numbers,
}: WebhookLifeParts): Deliverer & { readonly name: string } {
  const sender: SenderParts = { fetch: setup.fetch, now: setup.now, instance: setup.address.origin };
  const { profiles } = setup.store;
  const keyOf = (siteUserId: string): string => `${target.name}|${siteUserId}`;
  const wants = (event: string): boolean => target.events?.has(event) ?? true;

  /** Sends in order; the first failure ends it. */
  async function tell(webhooks: readonly OutgoingWebhook[]): Promise<Delivery> {
    for (const webhook of webhooks.filter(({ event }) => wants(event))) {
      const failure = await sendWebhook(sender, target, webhook);
      if (failure === null) continue;
      const { retryAfter, ...refusal } = failure;
      return { done: false, refusal, ...(retryAfter === undefined ? {} : { retryAfter }) };
    }
    return { done: true };
  }

  async function lastTold(siteUserId: string): Promise<WebhookUser | null> {
    const stored = await profiles?.read(name, keyOf(siteUserId));
    // What another version wrote in another shape counts as never told.
    return stored === null || stored === undefined ? null : readWebhookUser(stored.json);
  }

  /** Brings the client up to date about a person, and then tells it of an event. */
  async function update(user: SiteUser, event?: string): Promise<Delivery> {
    if (!user.emailVerified) return { done: true, notes: ['No webhooks before the address is verified.'] };
    const number = await numbers.numberOf(user);
    if (isRefusal(number)) return { done: false, refusal: number };
    const record = webhookUser(clientPerson(user, number));
    const told = await tell(webhooksAbout(record, await lastTold(user.id)));
    if (!told.done) return told;
    const version = setup.now().toISOString();
    await profiles?.write(name, keyOf(user.id), { json: JSON.stringify(record), version }, true);
    return event === undefined ? told : tell([userEvent(event, record)]);
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
    return lastTold(siteUserId);
  }

  async function happened(
    siteUserId: string,
    events: readonly string[],
    more: Partial<WebhookUser> = {},
  ): Promise<Delivery> {
    const record = await knownAs(siteUserId);
    if (record === null) return neverTold;
    return tell(events.map((event) => userEvent(event, { ...record, ...more })));
  }

  return {
    name: target.name,
    push: (user) => update(user),
    // The person may be on the way to their first login there: an account that a webhook makes meanwhile breaks it.
    signIn: async (user) => ((await lastTold(user.id)) === null ? neverTold : update(user, 'user_logged_in')),
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
    check: async () =>
      wants(ping.event)
        ? tell([ping])
        : { done: true, notes: [`${target.host} takes no ping, so it was not asked.`] },
  };
}
