import { createHash } from 'node:crypto';
import type { BlockList } from 'node:net';

import type { Exchange } from '../../connector.js';
import { isForumSsoError, isRefusal, type Refusal, refusal } from '../../errors.js';
import type { NewEvent } from '../../events/event.js';
import { isListed } from '../../http/client-ip.js';
import { answerHeaders, type SsoReply } from '../../http/reply.js';
import type { SecretRing } from '../../secrets.js';
import type { Links, OneTimeValues, Profiles } from '../../store/store.js';
import type { DiscourseApi } from '../api/discourse-api.js';
import { type DiscourseEvent, openWebhook, webhookLimit } from '../protocol/webhook.js';
import type { AccountLinking } from './accounts.js';
import { type ForumUserRecord, readForumUserRecord } from './webhook-user.js';

/** For how long the same delivery is recognised, in seconds: longer than Discourse retries. */
const deliveryMemory = 2 * 86_400;

export interface WebhookParts {
  readonly name: string;
  readonly secrets: SecretRing;
  /** Addresses that webhooks come from; null: any, the signature decides. */
  readonly allowedIps: BlockList | null;
  readonly ignoredEvents: ReadonlySet<string>;
  /** End the person's sessions here when they log out at the forum. */
  readonly followLogout: boolean;
  readonly linking: AccountLinking;
  readonly links: Links;
  readonly profiles: Profiles;
  readonly oneTime: OneTimeValues;
  /** To read people back; undefined: webhooks may then only take away, or bring what is strictly newer. */
  readonly api: DiscourseApi | undefined;
  readonly endSessions: (siteUserId: string) => Promise<void>;
  readonly emit: (event: NewEvent) => void;
  readonly now: () => Date;
}

/** What became of a webhook; in the answer and in the event, for the forum's log and ours. */
type WebhookOutcome = 'pong' | 'ignored' | 'duplicate' | 'stale' | 'unlinked' | 'handled';

/**
 * Receives the webhooks of a forum. Order of checks: sender's address, signature over the raw body, duplicate. Then
 * one person at a time, over all processes. Whatever is signed and not for us is answered 200, so that the forum does
 * not switch the webhook off.
 *
 * The name of an event is not signed and a body can be sent again, so an event may take away at any time, but it
 * grants something only when the person was read back over the API, or when the person's own time stamps are
 * strictly newer than the ones stored.
 */
export function createWebhookReceiver(
  parts: WebhookParts,
): (exchange: Exchange) => Promise<SsoReply | Refusal> {
  const { name, secrets, allowedIps, ignoredEvents, linking, links, profiles, oneTime, api, now } = parts;

  async function receive(exchange: Exchange): Promise<SsoReply | Refusal> {
    const { request, ip } = exchange;
    if (allowedIps !== null && (ip === undefined || !isListed(allowedIps, ip))) {
      return refusal(
        'ERR_WEBHOOK_SENDER_FOREIGN',
        `The webhook came from ${ip ?? 'an unknown address'}, which is not in webhook.allowedIps; behind a proxy, name it in trustedProxies.`,
      );
    }
    const body = await request.body(webhookLimit);
    const event = openWebhook({ headers: request.headers, body }, secrets.keysAt(now()));
    if (isRefusal(event)) return event;
    if (event.type === 'ping') return acknowledge('pong');
    if ((event.type !== 'user' && event.type !== 'group_user') || ignoredEvents.has(event.event)) {
      return acknowledge('ignored');
    }
    const digest = createHash('sha256').update(body).digest('base64url');
    const delivery = createHash('sha256')
      .update(`${event.event}|${event.eventId}|${digest}`)
      .digest('base64url');
    if (!(await oneTime.claim(`webhook|${name}|${delivery}`, deliveryMemory)))
      return acknowledge('duplicate');
    const outcome = event.type === 'user' ? await aboutUser(event) : await aboutMembership(event);
    return isRefusal(outcome) ? outcome : acknowledge(outcome, event);
  }

  function acknowledge(outcome: WebhookOutcome, event?: DiscourseEvent): SsoReply {
    if (event !== undefined) parts.emit({ type: 'webhook.received', event: event.event, outcome });
    return {
      status: 200,
      headers: [['Content-Type', 'text/plain; charset=utf-8'], ...answerHeaders],
      body: outcome,
    };
  }

  async function aboutUser({ body, event }: DiscourseEvent): Promise<WebhookOutcome | Refusal> {
    const sent = readForumUserRecord(body.user);
    if (isRefusal(sent)) return sent;
    return linking.alone(sent.user.id, async () => {
      const siteUserId = await linking.find(sent.user.id);
      const ends =
        event === 'user_destroyed' ||
        event === 'user_suspended' ||
        sent.suspended ||
        (event === 'user_logged_out' && parts.followLogout);
      if (ends && siteUserId !== null) await parts.endSessions(siteUserId);
      if (event === 'user_destroyed') return destroyed(sent.user.id, siteUserId);
      if (event === 'user_logged_out') return siteUserId === null ? 'unlinked' : 'handled';
      return takeOver(sent, event);
    });
  }

  /** Numbers alone, without a person: only a read-back tells what they mean. */
  async function aboutMembership({ body, event }: DiscourseEvent): Promise<WebhookOutcome | Refusal> {
    const { group_user: membership } = body;
    const id =
      typeof membership === 'object' && membership !== null && 'user_id' in membership
        ? membership.user_id
        : undefined;
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id <= 0 || api === undefined) return 'ignored';
    return linking.alone(String(id), async () => {
      const known = await readBack(String(id));
      return known === null || isRefusal(known) ? (known ?? 'ignored') : store(known, event, true);
    });
  }

  async function takeOver(sent: ForumUserRecord, event: string): Promise<WebhookOutcome | Refusal> {
    if (api !== undefined) {
      const known = await readBack(sent.user.id);
      if (isRefusal(known)) return known;
      // An anonymized or deleted account is read back as such, whatever the event was.
      return known === null
        ? destroyed(sent.user.id, await linking.find(sent.user.id))
        : store(known, event, true);
    }
    const stored = await profiles.read(name, sent.user.id);
    if (stored === null || sent.version > stored.version) return store(sent, event, false);
    if (sent.version < stored.version) return 'stale';
    const updated = await linking.update(sent.user, event, true);
    return isRefusal(updated) ? updated : updated === null ? 'unlinked' : 'handled';
  }

  async function store(
    record: ForumUserRecord,
    event: string,
    readFromForum: boolean,
  ): Promise<WebhookOutcome | Refusal> {
    const updated = await linking.update(record.user, event, false);
    if (isRefusal(updated)) return updated;
    // Kept only once it was taken over: a failed update may be sent again.
    const { user, version, avatarTemplate, timezone } = record;
    await profiles.write(
      name,
      user.id,
      { json: JSON.stringify({ ...user, avatarTemplate, timezone }), version },
      readFromForum,
    );
    return updated === null ? 'unlinked' : 'handled';
  }

  /** The account is gone at the forum. That is irreversible here, so the forum is asked first. */
  async function destroyed(
    forumUserId: string,
    siteUserId: string | null,
  ): Promise<WebhookOutcome | Refusal> {
    if (api !== undefined) {
      const known = await readBack(forumUserId);
      if (isRefusal(known)) return known;
      if (known === null) {
        await links.retire(name, forumUserId);
        await profiles.remove(name, forumUserId);
      }
    }
    return siteUserId === null ? 'unlinked' : 'handled';
  }

  async function readBack(forumUserId: string): Promise<ForumUserRecord | null | Refusal> {
    if (api === undefined) return null;
    try {
      const user = await api.readUser(forumUserId);
      return user === null ? null : readForumUserRecord(user);
    } catch (error) {
      if (!isForumSsoError(error)) throw error;
      return refusal(error.code, error.detail, error.cause);
    }
  }

  return receive;
}
