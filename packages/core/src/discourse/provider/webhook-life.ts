import type { ConnectorSetup, Delivery, SuspendOptions } from '../../connector.js';
import { isRefusal, type Refusal } from '../../errors.js';
import type { SiteUser } from '../../site-user.js';
import type { PersonNumbers } from './numbers.js';
import {
  isWebhookUser,
  type OutgoingWebhook,
  type WebhookUser,
  webhooksAbout,
  webhookUser,
} from './webhook-body.js';
import { type ReadyTarget, type SenderParts, sendWebhook } from './webhook-sender.js';

export interface WebhookLifeParts {
  readonly setup: ConnectorSetup;
  /** Name of the connector: what was sent last is kept under it. */
  readonly name: string;
  readonly targets: readonly ReadyTarget[];
  readonly numbers: PersonNumbers;
}

export interface WebhookLife {
  readonly push: (user: SiteUser) => Promise<Delivery>;
  readonly signOut: (siteUserId: string) => Promise<Delivery>;
  readonly suspend: (siteUserId: string, options: SuspendOptions) => Promise<Delivery>;
  readonly remove: (siteUserId: string) => Promise<Delivery>;
  readonly check: () => Promise<Delivery>;
}

/** What the connector tells its clients about a person, through the push queue like everything else. */
export function webhookLife({ setup, name, targets, numbers }: WebhookLifeParts): WebhookLife {
  const sender: SenderParts = { fetch: setup.fetch, now: setup.now, instance: setup.address.origin };
  const { profiles } = setup.store;
  const keyOf = ({ url }: ReadyTarget, number: number): string => `${number}|${url}`;

  /** Sends in order, to each client what it wants; the first failure of a client ends its turn. */
  async function tell(
    webhooksFor: (target: ReadyTarget) => Promise<readonly OutgoingWebhook[]>,
    told: (target: ReadyTarget) => Promise<void> = async () => {},
  ): Promise<Delivery> {
    const failures = await Promise.all(
      targets.map(async (target) => {
        for (const webhook of await webhooksFor(target)) {
          if (target.events !== null && webhook.type !== 'ping' && !target.events.has(webhook.event))
            continue;
          const failure = await sendWebhook(sender, target, webhook);
          if (failure !== null) return failure;
        }
        await told(target);
        return null;
      }),
    );
    const failed = failures.filter((failure) => failure !== null);
    const [first] = failed;
    if (first === undefined) return { done: true };
    // Another try is of use while it is for one of them; what was taken is not sent again.
    const passing = failed.find(({ retryAfter }) => retryAfter !== undefined) ?? first;
    return {
      done: false,
      refusal: passing,
      ...(passing.retryAfter === undefined ? {} : { retryAfter: passing.retryAfter }),
    };
  }

  async function lastTold(target: ReadyTarget, number: number): Promise<WebhookUser | null> {
    const stored = await profiles?.read(name, keyOf(target, number));
    if (stored === null || stored === undefined) return null;
    const record: unknown = JSON.parse(stored.json);
    // What another version wrote in another shape counts as never told.
    return isWebhookUser(record) ? record : null;
  }

  /** An event about a person whom the site may know no more: then as the clients knew them last. */
  async function event(
    siteUserId: string,
    eventName: string,
    more: Partial<WebhookUser> = {},
  ): Promise<Delivery> {
    const user = (await setup.findUser?.(siteUserId)) ?? null;
    const known = user === null ? await personKnownOnlyById(siteUserId) : await numbers.numberOf(user);
    if (isRefusal(known)) return { done: false, refusal: known };
    return tell(async (target) => {
      const last = await lastTold(target, known);
      const record = user === null ? last : webhookUser(user, known);
      // Clients that never heard of the person need not hear of their end.
      return last === null || record === null
        ? []
        : [{ type: 'user', event: eventName, body: { user: { ...record, ...more } } }];
    });
  }

  async function personKnownOnlyById(siteUserId: string): Promise<number | Refusal> {
    return numbers.numberOf({ id: siteUserId, email: 'unknown@unknown.invalid', emailVerified: false });
  }

  return {
    async push(user: SiteUser) {
      if (!user.emailVerified) return { done: true, notes: ['No webhooks before the address is verified.'] };
      const number = await numbers.numberOf(user);
      if (isRefusal(number)) return { done: false, refusal: number };
      const record = webhookUser(user, number);
      return tell(
        async (target) => webhooksAbout(record, await lastTold(target, number)),
        async (target) => {
          const version = setup.now().toISOString();
          await profiles?.write(name, keyOf(target, number), { json: JSON.stringify(record), version }, true);
        },
      );
    },
    signOut: (siteUserId) => event(siteUserId, 'user_logged_out'),
    suspend: (siteUserId, { until }) =>
      event(siteUserId, 'user_suspended', {
        suspended_till: (until ?? new Date('3000-01-01T00:00:00Z')).toISOString(),
      }),
    remove: (siteUserId) => event(siteUserId, 'user_destroyed'),
    check: () => tell(async () => [{ type: 'ping', event: 'ping', body: { ping: 'OK' } }]),
  };
}
