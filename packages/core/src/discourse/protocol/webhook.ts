import { createSecretKey, type KeyObject } from 'node:crypto';
import { types } from 'node:util';

import { errorFrom, isRefusal, type Refusal, refusal } from '../../errors.js';
import { bodyNotRaw } from '../../http/body-refusals.js';
import { type HeadersLike, readHeader } from '../../http/request.js';
import { isRecord, parseJson } from '../../json.js';
import { secretKinds, secretLimit, secretProblems } from '../../secrets.js';
import { findSigningKey } from './signature.js';

/** Largest body of a webhook, in bytes. */
export const webhookLimit = 1_000_000;

/**
 * A webhook of Discourse whose signature was right. The signature covers the body alone: `event`, `eventId` and
 * `instance` come from headers and are the sender's word, good for a hint and not for anything irreversible.
 */
export interface DiscourseEvent {
  /** `user`, `group_user`, `ping`, … */
  readonly type: string;
  /** `user_updated`, `user_logged_out`, `ping`, … */
  readonly event: string;
  /** The forum's number for this delivery; a manual redelivery repeats it, an automatic retry does not. */
  readonly eventId: string;
  /** The forum's base URL as the forum sees it. */
  readonly instance: string;
  /** The parsed JSON of the body: an object. What it holds still has to be checked. */
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Verifies a webhook of Discourse (HMAC-SHA256 over the raw body, header `X-Discourse-Event-Signature`). A webhook
 * without a secret sends no signature and is refused.
 *
 * @param webhook headers, and the body's bytes exactly as received
 * @param secrets the webhook's secret, or up to 3 while it is being changed; each at least 12 characters
 * @throws ForumSsoError `ERR_WEBHOOK_SIGNATURE_MISSING`, `ERR_WEBHOOK_SIGNATURE_INVALID`, `ERR_WEBHOOK_MALFORMED`,
 * `ERR_BODY_TOO_LARGE`, `ERR_RAW_BODY_CONSUMED` (the body is no bytes), `ERR_SSO_SECRET_UNUSABLE`
 */
export function verifyWebhook(
  webhook: { readonly headers: HeadersLike; readonly body: Uint8Array },
  secrets: string | readonly string[],
): DiscourseEvent {
  const keys = readKeys(secrets);
  if (isRefusal(keys)) throw errorFrom(keys);
  if (!types.isUint8Array(webhook?.body)) throw errorFrom(bodyNotRaw());
  const opened = openWebhook({ headers: webhook.headers ?? {}, body: webhook.body }, keys);
  if (isRefusal(opened)) throw errorFrom(opened);
  return opened.event;
}

/** A webhook as it came. */
export interface SentWebhook {
  readonly headers: HeadersLike;
  /** The bytes exactly as received. */
  readonly body: Uint8Array;
}

/** A webhook whose signature was right. */
export interface OpenedWebhook {
  readonly event: DiscourseEvent;
  /** Which of the keys had signed it. */
  readonly keyIndex: number;
}

/** {@link verifyWebhook} for connectors: prepared keys, a refusal rather than an exception, and which key it was. */
export function openWebhook(webhook: SentWebhook, keys: readonly KeyObject[]): OpenedWebhook | Refusal {
  const keyIndex = findWebhookKey(webhook, keys);
  if (isRefusal(keyIndex)) return keyIndex;
  const { headers, body } = webhook;
  const parsed = parseObject(body);
  if (parsed === null) return refusal('ERR_WEBHOOK_MALFORMED', "The webhook's body is not a JSON object.");
  const event: DiscourseEvent = {
    type: headerText(headers, 'x-discourse-event-type'),
    event: headerText(headers, 'x-discourse-event'),
    eventId: headerText(headers, 'x-discourse-event-id'),
    instance: headerText(headers, 'x-discourse-instance'),
    body: parsed,
  };
  return { event, keyIndex };
}

/** Which of the keys signed a webhook. Nothing of the body is looked at but its bytes. */
export function findWebhookKey({ headers, body }: SentWebhook, keys: readonly KeyObject[]): number | Refusal {
  const signature = readHeader(headers, 'x-discourse-event-signature');
  if (signature === undefined || signature === '') {
    return refusal(
      'ERR_WEBHOOK_SIGNATURE_MISSING',
      'The webhook is not signed: enter the secret in the webhook’s settings at the forum.',
    );
  }
  if (body.length > webhookLimit) {
    return refusal('ERR_BODY_TOO_LARGE', `The webhook's body is larger than ${webhookLimit} bytes.`);
  }
  const keyIndex = signature.startsWith('sha256=') ? findSigningKey(body, signature.slice(7), keys) : -1;
  if (keyIndex === -1) {
    return refusal(
      'ERR_WEBHOOK_SIGNATURE_INVALID',
      'The webhook was not signed with this secret over these bytes: compare the secrets, and make sure that no parser touched the body.',
    );
  }
  return keyIndex;
}

/** Headers are outside the signature: cut to what such a name can be. */
function headerText(headers: HeadersLike, name: string): string {
  return (readHeader(headers, name) ?? '').slice(0, 200);
}

function parseObject(body: Uint8Array): Readonly<Record<string, unknown>> | null {
  const value = parseJson(body);
  return isRecord(value) ? value : null;
}

function readKeys(secrets: unknown): readonly KeyObject[] | Refusal {
  const list: readonly unknown[] = Array.isArray(secrets) ? secrets : [secrets];
  const unusable = (problem: string): Refusal =>
    refusal('ERR_SSO_SECRET_UNUSABLE', `The webhook's secret ${problem}`);
  if (list.length === 0 || list.length > secretLimit) return unusable(`must be 1 to ${secretLimit} texts.`);
  const keys: KeyObject[] = [];
  for (const secret of list) {
    if (typeof secret !== 'string') return unusable('must be a text.');
    const [problem] = secretProblems(secret, secretKinds.webhook);
    if (problem !== undefined) return unusable(problem);
    keys.push(createSecretKey(secret, 'utf8'));
  }
  return keys;
}
