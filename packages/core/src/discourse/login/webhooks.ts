import { createHash, randomBytes } from 'node:crypto';
import type { BlockList } from 'node:net';

import type { Exchange } from '../../connector.js';
import { isForumSsoError, isRefusal, type Refusal, refusal, refusalFrom } from '../../errors.js';
import type { NewEvent } from '../../events/event.js';
import { isListed } from '../../http/client-ip.js';
import { answerHeaders, type SsoReply } from '../../http/reply.js';
import { isRecord } from '../../json.js';
import type { SecretRing } from '../../secrets.js';
import type { SiteUser } from '../../site-user.js';
import type { Locks, Profiles } from '../../store/store.js';
import type { DiscourseApi } from '../api/discourse-api.js';
import { type DiscourseEvent, openWebhook, webhookLimit } from '../protocol/webhook.js';
import type { AccountLinking } from './accounts.js';
import { contentOf, encode, type KnownProfile, type ProfileContent, readProfile } from './forum-profile.js';
import type { ForumUser } from './forum-user.js';
import { type ForumUserRecord, latest, readForumUserRecord } from './webhook-user.js';

/** For how long the same delivery is recognised, in seconds: longer than Discourse retries. */
const deliveryMemory = 2 * 86_400;
/** For how long a delivery counts as under way when the process dies over it, in seconds. */
const deliveryLife = 60;

/** Events that name a person by number, and where: memberships of groups, and promotions, which change automatic groups. */
const numbers: ReadonlyMap<string, string> = new Map([
  ['group_user', 'user_id'],
  ['user_promoted', 'id'],
]);

export interface WebhookParts {
  readonly name: string;
  readonly secrets: SecretRing;
  /** Addresses that webhooks come from; null: any, the signature decides. */
  readonly allowedIps: BlockList | null;
  readonly ignoredEvents: ReadonlySet<string>;
  /** Make accounts for people who never signed in here, as soon as the forum tells of them. */
  readonly createAccounts: boolean;
  /** End the person's sessions here when they log out at the forum. */
  readonly followLogout: boolean;
  readonly forumOrigin: string;
  readonly linking: AccountLinking;
  readonly profiles: Profiles;
  readonly locks: Locks;
  /** To read people back; undefined: webhooks may then only take away, or bring what is strictly newer. */
  readonly api: DiscourseApi | undefined;
  readonly endSessions: (siteUserId: string) => Promise<void>;
  readonly emit: (event: NewEvent) => void;
  readonly now: () => Date;
}

/** What became of a webhook; in the answer and in the event, for the forum's log and ours. */
type WebhookOutcome = 'pong' | 'ignored' | 'duplicate' | 'stale' | 'unlinked' | 'handled';

/** What is known of a person, and how. */
interface News {
  readonly record: ForumUserRecord;
  /** `api`: read back just now, so it is true whatever the event was. */
  readonly source: 'webhook' | 'api';
  /** Name of the event. */
  readonly event: string;
  /** It may be older than what is known: rights may go, and nothing else changes. */
  readonly onlyLeave: boolean;
  /** What was known before. */
  readonly known: KnownProfile | null;
  /** True when the record's version is the time here, and no stamp of the forum. */
  readonly stampedHere?: boolean;
}

/**
 * Receives the webhooks of a forum. Order of checks: sender's address, signature over the raw body, duplicate. Then
 * one person at a time, over all processes. Whatever is signed and not for us is answered 200, so that the forum does
 * not switch the webhook off.
 *
 * The name of an event is not signed and a body can be sent again, so an event may take away at any time, but it
 * grants something only when the person was read back over the API, or when the person's own time stamps are
 * strictly newer than what is known.
 */
export function createWebhookReceiver(
  parts: WebhookParts,
): (exchange: Exchange) => Promise<SsoReply | Refusal> {
  const { name, secrets, allowedIps, ignoredEvents, forumOrigin, linking, profiles, locks, api, now } = parts;

  async function receive(exchange: Exchange): Promise<SsoReply | Refusal> {
    const { request, ip } = exchange;
    if (allowedIps !== null && (ip === undefined || !isListed(allowedIps, ip))) {
      return refusal(
        'ERR_WEBHOOK_SENDER_FOREIGN',
        `The webhook came from ${ip ?? 'an unknown address'}, which is not in webhook.allowedIps; behind a proxy, name it in trustedProxies.`,
      );
    }
    const body = await request.body(webhookLimit);
    const opened = openWebhook({ headers: request.headers, body }, secrets.keysAt(now));
    if (isRefusal(opened)) return opened;
    const { event, keyIndex } = opened;
    if (keyIndex > 0) parts.emit({ type: 'secret.old_used', position: keyIndex });
    if (event.type === 'ping') return acknowledge('pong');
    if (!(event.type === 'user' || numbers.has(event.type)) || ignoredEvents.has(event.event)) {
      return acknowledge('ignored');
    }
    const outcome = await once(event, body, () =>
      event.type === 'user' ? aboutUser(event) : aboutNumber(event),
    );
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

  /** Carries a delivery out, unless the very same was carried out before or is being so. One that failed may come again. */
  async function once(
    { event, eventId }: DiscourseEvent,
    body: Uint8Array,
    work: () => Promise<WebhookOutcome | Refusal>,
  ): Promise<WebhookOutcome | Refusal> {
    const bodyDigest = createHash('sha256').update(body).digest('base64url');
    const digest = createHash('sha256').update(`${event}|${eventId}|${bodyDigest}`).digest('base64url');
    const key = `webhook|${name}|${digest}`;
    const owner = randomBytes(12).toString('hex');
    if (!(await locks.acquire(key, owner, deliveryLife))) return 'duplicate';
    let done = false;
    try {
      const outcome = await work();
      done = !isRefusal(outcome);
      return outcome;
    } finally {
      // Whether that succeeds changes nothing about what was done.
      await (done ? locks.acquire(key, owner, deliveryMemory) : locks.release(key, owner)).catch(() => {});
    }
  }

  async function aboutUser({ body, event }: DiscourseEvent): Promise<WebhookOutcome | Refusal> {
    const sent = readForumUserRecord(body.user, forumOrigin, now());
    if (isRefusal(sent)) return sent;
    if (event === 'user_logged_out' && !parts.followLogout) return 'ignored';
    return linking.alone(sent.user.id, async () => {
      const siteUserId = await linking.find(sent.user.id);
      const ends =
        event === 'user_destroyed' ||
        event === 'user_suspended' ||
        event === 'user_logged_out' ||
        sent.suspended;
      if (ends && siteUserId !== null) await parts.endSessions(siteUserId);
      if (event === 'user_logged_out') return siteUserId === null ? 'unlinked' : 'handled';
      if (api === undefined) {
        if (event === 'user_destroyed') return siteUserId === null ? 'unlinked' : 'handled';
        return takeSent(sent, event);
      }
      return takeReadBack(sent.user.id, event, siteUserId, { sessionsEnded: ends, sent });
    });
  }

  /** Little more than a person's number: only a read-back tells what it means. */
  async function aboutNumber({ type, body, event }: DiscourseEvent): Promise<WebhookOutcome | Refusal> {
    const content = body[type];
    const id = isRecord(content) ? content[numbers.get(type) ?? ''] : undefined;
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id <= 0 || api === undefined) return 'ignored';
    return linking.alone(String(id), async () =>
      takeReadBack(String(id), event, await linking.find(String(id))),
    );
  }

  /** What the webhook says, as far as it can be trusted to be new. */
  async function takeSent(sent: ForumUserRecord, event: string): Promise<WebhookOutcome | Refusal> {
    const known = await readProfile(profiles, name, sent.user.id);
    if (isOlder(sent, known)) return 'stale';
    const onlyLeave = known === null || sent.version <= known.version;
    return take({ record: sent, source: 'webhook', event, onlyLeave, known });
  }

  /** What the forum itself says now; the webhook was only the occasion. */
  async function takeReadBack(
    forumUserId: string,
    event: string,
    siteUserId: string | null,
    {
      sessionsEnded = false,
      sent,
    }: { readonly sessionsEnded?: boolean; readonly sent?: ForumUserRecord } = {},
  ): Promise<WebhookOutcome | Refusal> {
    const record = await readBack(forumUserId);
    if (isRefusal(record)) return record;
    const ends = record === null || record.suspended;
    if (ends && !sessionsEnded && siteUserId !== null) await parts.endSessions(siteUserId);
    if (record === null) {
      await linking.retire(forumUserId);
      await profiles.remove(name, forumUserId);
      return siteUserId === null ? 'unlinked' : 'handled';
    }
    // Said to be destroyed and still there: nothing is known but that.
    if (event === 'user_destroyed') return siteUserId === null ? 'unlinked' : 'handled';
    const known = await readProfile(profiles, name, forumUserId);
    const whole = sent !== undefined && namesOtherEmail(sent, known) ? await withEmail(record) : record;
    return isRefusal(whole)
      ? whole
      : take({ record: withTimezone(whole, sent, known), source: 'api', event, onlyLeave: false, known });
  }

  /**
   * A webhook names the person's address, the API's view of a person does not. What the webhook says may be old, so it is
   * only the occasion to ask for it; and only where it differs, since the forum notes each time that somebody looks.
   */
  function namesOtherEmail(sent: ForumUserRecord, known: KnownProfile | null): boolean {
    const { email = '' } = linking.exposed(sent.user);
    return email !== '' && email !== known?.email;
  }

  async function take(news: News): Promise<WebhookOutcome | Refusal> {
    const { record, event, onlyLeave, known } = news;
    const { user } = record;
    let updated = await linking.update(user, event, onlyLeave ? { known } : undefined);
    if (updated === null && mayCreate(news)) updated = await created(news);
    if (isRefusal(updated)) return updated;
    if (linking.sessionHoldsRights && known !== null && loses(known, user)) {
      const siteUserId = await linking.find(user.id);
      if (siteUserId !== null) await parts.endSessions(siteUserId);
    }
    // Kept only once it was taken over: a failed update may be sent again.
    if (!onlyLeave) await keep(news);
    else if (known === null) await keep(unproven(news, updated));
    return updated === null && !linking.sessionHoldsRights ? 'unlinked' : 'handled';
  }

  function mayCreate({ record, source }: News): boolean {
    return parts.createAccounts && source === 'api' && !record.suspended && !record.user.requireActivation;
  }

  /** The account of somebody who never signed in here; null when the site wants none, or another one has the link. */
  async function created({ record, event }: News): Promise<SiteUser | null | Refusal> {
    const whole = await withEmail(record);
    if (isRefusal(whole)) return whole;
    const user = await linking.signIn(whole.user, event);
    const refused = isRefusal(user) ? user.refused : null;
    return refused === 'ERR_LOGIN_NO_ACCOUNT' || refused === 'ERR_LINK_SITE_USER_TAKEN' ? null : user;
  }

  /**
   * What is kept of the first that is heard of a person, which may be old: their details, and no right that the account
   * lacks. As of now, since whatever was stamped until now may be as old.
   */
  function unproven(news: News, account: SiteUser | null): News {
    const { groups: _groups, ...user } = news.record.user;
    const record = {
      ...news.record,
      version: latest([news.record.version, now().toISOString()]),
      user: {
        ...user,
        admin: user.admin && account?.admin === true,
        moderator: user.moderator && account?.moderator === true,
      },
    };
    return { ...news, record, stampedHere: true };
  }

  async function keep({ record, source, known, stampedHere }: News): Promise<void> {
    const { user, version, suspended, pictureTemplate, timezone, title, trustLevel } = record;
    const content: ProfileContent = {
      ...contentOf(linking.exposed(user), known),
      suspended,
      source,
      ...(pictureTemplate === undefined ? {} : { pictureTemplate }),
      ...(timezone === undefined ? {} : { timezone }),
      ...(title === undefined ? {} : { title }),
      ...(trustLevel === undefined ? {} : { trustLevel }),
      ...(stampedHere === undefined ? {} : { stampedHere }),
    };
    await profiles.write(name, user.id, { json: encode(content), version }, source === 'api');
  }

  /** The person with the address that the forum has for them now. */
  async function withEmail(
    record: ForumUserRecord,
  ): Promise<(ForumUserRecord & { readonly user: ForumUser }) | Refusal> {
    const { user } = record;
    if (user.email !== undefined || api === undefined)
      return { ...record, user: { ...user, email: user.email ?? '' } };
    try {
      return { ...record, user: { ...user, email: await api.readEmail(user.username) } };
    } catch (error) {
      if (!isForumSsoError(error)) throw error;
      return refusalFrom(error);
    }
  }

  async function readBack(forumUserId: string): Promise<ForumUserRecord | null | Refusal> {
    if (api === undefined) return null;
    try {
      const user = await api.readUser(forumUserId);
      if (user === null) return null;
      const record = readForumUserRecord(user, forumOrigin, now());
      if (!isRefusal(record) && record.user.id === forumUserId) return record;
      return refusal(
        'ERR_DISCOURSE_REPLY_UNEXPECTED',
        'The forum’s API did not answer with the person asked for.',
      );
    } catch (error) {
      if (!isForumSsoError(error)) throw error;
      return refusalFrom(error);
    }
  }

  return receive;
}

/**
 * The API's view of a person has no time zone. The webhook's is taken unless it is older than what was known; its stamp
 * is always somewhat older than the API's, since the person goes on reading.
 */
function withTimezone(
  record: ForumUserRecord,
  sent: ForumUserRecord | undefined,
  known: KnownProfile | null,
): ForumUserRecord {
  const isOld = sent === undefined || isOlder(sent, known);
  const timezone = record.timezone ?? (isOld ? known?.timezone : sent.timezone);
  return { ...record, ...(timezone === undefined ? {} : { timezone }) };
}

/**
 * Whether a webhook is older than what is known. What our clock has stamped, a login for one, proves nothing against the
 * forum's stamps.
 */
function isOlder(sent: ForumUserRecord, known: KnownProfile | null): boolean {
  const isForumsStamp = known !== null && known.source !== 'login' && known.stampedHere !== true;
  return isForumsStamp && sent.version < known.version;
}

/** Whether somebody has fewer rights than before. */
function loses(
  before: Pick<ProfileContent, 'admin' | 'moderator' | 'groups'>,
  now: Pick<ProfileContent, 'admin' | 'moderator' | 'groups'>,
): boolean {
  const { groups } = now;
  return (
    (before.admin && !now.admin) ||
    (before.moderator && !now.moderator) ||
    (groups !== undefined && (before.groups ?? []).some((group) => !groups.includes(group)))
  );
}
