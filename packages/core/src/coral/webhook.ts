import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { types } from 'node:util';

import { errorFrom, isRefusal, type Refusal, refusal } from '../errors.js';
import { bodyNotRaw } from '../http/body-refusals.js';
import { type HeadersLike, readHeader } from '../http/request.js';
import { isRecord, parseJson } from '../json.js';

/** Largest event that is read, in bytes. */
export const webhookLimit = 1_048_576;

/** More signatures than secrets anyone keeps active. */
const signatureLimit = 16;

interface EventBase {
  /** Unique for each event; the only thing by which a replay can be told. */
  readonly id: string;
  readonly createdAt: Date;
  readonly tenantID: string;
  readonly tenantDomain: string;
}

/** Where a comment stands in the work of Coral's moderators. */
export interface QueueData {
  readonly queue: string;
  readonly commentID: string;
  readonly status: string;
  readonly storyID: string;
  readonly siteID: string;
}

/** What Coral tells about, in Coral's names: stories and comments. There are no events about users. */
export type CoralEvent = EventBase &
  (
    | {
        readonly type: 'STORY_CREATED';
        readonly data: { readonly storyID: string; readonly storyURL: string; readonly siteID: string };
      }
    | {
        readonly type: 'COMMENT_CREATED';
        readonly data: { readonly storyID: string; readonly siteID: string; readonly commentID: string };
      }
    | {
        readonly type: 'COMMENT_REPLY_CREATED';
        readonly data: {
          readonly commentID: string;
          readonly storyID: string;
          readonly siteID: string;
          readonly ancestorIDs: readonly string[];
        };
      }
    | {
        readonly type: 'COMMENT_ENTERED_MODERATION_QUEUE' | 'COMMENT_LEFT_MODERATION_QUEUE';
        readonly data: QueueData;
      }
    /** A type that this version does not know: `name` is Coral's, `data` is unread. */
    | { readonly type: 'OTHER'; readonly name: string; readonly data: Readonly<Record<string, unknown>> }
  );

/** A webhook secret: the text alone, or with its end as Coral's admin pages show it. */
export type CoralWebhookSecret =
  | string
  | { readonly kid?: string; readonly secret: string; readonly inactiveAt?: Date };

/** A request from Coral as it arrived. The body must be the raw bytes: Coral signs its own spacing, too. */
export interface WebhookRequest {
  readonly headers: HeadersLike;
  readonly body: Uint8Array;
}

/**
 * Verifies and reads an event from Coral. `X-Coral-Signature` holds one `sha256=<hex>` for each secret that is
 * active in Coral; one that was made with one of ours is enough. The header `X-Coral-Event` is not signed and
 * is not read.
 *
 * There is no time stamp in the signature: whoever caught an event can send it again. Remember `id`.
 *
 * @param secrets one or several `whsec_…`, the whole text each
 * @param options `now` decides which secrets with an `inactiveAt` still count; default: now
 * @throws ForumSsoError `ERR_CORAL_WEBHOOK_SIGNATURE_MISSING`, `ERR_CORAL_WEBHOOK_SIGNATURE_INVALID`,
 * `ERR_CORAL_WEBHOOK_MALFORMED`, `ERR_BODY_TOO_LARGE`, `ERR_RAW_BODY_CONSUMED` (the body is no bytes)
 */
export function verifyWebhook(
  request: WebhookRequest,
  secrets: CoralWebhookSecret | readonly CoralWebhookSecret[],
  { now = new Date() }: { readonly now?: Date } = {},
): CoralEvent {
  if (!types.isUint8Array(request?.body)) throw errorFrom(bodyNotRaw());
  const event = judgeWebhook(request, activeSecrets(secrets, now));
  if (isRefusal(event)) throw errorFrom(event);
  return event;
}

/** {@link verifyWebhook} with refusals as values, for secrets that are all active. */
export function judgeWebhook(
  { headers, body }: WebhookRequest,
  secrets: readonly (string | KeyObject)[],
): CoralEvent | Refusal {
  if (body.byteLength > webhookLimit) {
    return refusal('ERR_BODY_TOO_LARGE', `The event has more than ${webhookLimit} bytes.`);
  }
  const header = readHeader(headers, 'x-coral-signature');
  if (header === undefined || header === '') {
    return refusal(
      'ERR_CORAL_WEBHOOK_SIGNATURE_MISSING',
      header === undefined
        ? 'The request has no X-Coral-Signature: it does not come from Coral, or a proxy removed it.'
        : 'X-Coral-Signature is empty: the endpoint has no active signing secret in Coral, rotate it there.',
    );
  }
  if (!isSigned(header, body, secrets)) {
    return refusal(
      'ERR_CORAL_WEBHOOK_SIGNATURE_INVALID',
      'No signature was made with our secret. Compare the signing secret of this endpoint in Coral (whsec_…), and make sure that nothing parses the body on the way.',
    );
  }
  return readEvent(body);
}

function activeSecrets(
  secrets: CoralWebhookSecret | readonly CoralWebhookSecret[],
  now: Date,
): readonly string[] {
  const list = isList(secrets) ? secrets : [secrets];
  return list.flatMap((entry) => {
    if (typeof entry === 'string') return [entry];
    return entry.inactiveAt === undefined || entry.inactiveAt.getTime() > now.getTime() ? [entry.secret] : [];
  });
}

function isList(
  secrets: CoralWebhookSecret | readonly CoralWebhookSecret[],
): secrets is readonly CoralWebhookSecret[] {
  return Array.isArray(secrets);
}

function isSigned(header: string, body: Uint8Array, secrets: readonly (string | KeyObject)[]): boolean {
  const received: Buffer[] = [];
  for (const part of header.split(',', signatureLimit)) {
    const hex = /^\s*sha256=([\da-f]{64})\s*$/i.exec(part)?.[1];
    if (hex !== undefined) received.push(Buffer.from(hex, 'hex'));
  }
  if (received.length === 0) return false;
  let signed = false;
  for (const secret of secrets) {
    if (secret === '') continue;
    const expected = createHmac('sha256', secret).update(body).digest();
    for (const signature of received) signed = timingSafeEqual(signature, expected) || signed;
  }
  return signed;
}

function readEvent(body: Uint8Array): CoralEvent | Refusal {
  const content = parseJson(body);
  if (content === undefined) return malformed('it is no JSON in UTF-8');
  if (!isRecord(content)) return malformed('it is no object');
  const { id, type, createdAt, tenantID, tenantDomain, data } = content;
  const time = typeof createdAt === 'string' ? Date.parse(createdAt) : Number.NaN;
  if (!isShortText(id)) return malformed('id is missing or too long');
  if (!isShortText(type)) return malformed('type is missing or too long');
  if (Number.isNaN(time)) return malformed('createdAt is no date');
  if (!isShortText(tenantID) || !isShortText(tenantDomain))
    return malformed('tenantID or tenantDomain is missing');
  if (!isRecord(data)) return malformed('data is missing');
  const base = { id, createdAt: new Date(time), tenantID, tenantDomain };
  return readData(base, type, data) ?? malformed(`data lacks something that belongs to ${type}`);
}

function readData(base: EventBase, type: string, data: Readonly<Record<string, unknown>>): CoralEvent | null {
  const { storyID, siteID, storyURL, commentID, ancestorIDs, queue, status } = data;
  switch (type) {
    case 'STORY_CREATED':
      if (!isText(storyID) || !isText(siteID) || !isText(storyURL)) return null;
      return { ...base, type, data: { storyID, storyURL, siteID } };
    case 'COMMENT_CREATED':
      if (!isText(storyID) || !isText(siteID) || !isText(commentID)) return null;
      return { ...base, type, data: { storyID, siteID, commentID } };
    case 'COMMENT_REPLY_CREATED':
      if (!isText(storyID) || !isText(siteID) || !isText(commentID)) return null;
      if (!Array.isArray(ancestorIDs) || !ancestorIDs.every(isText)) return null;
      return {
        ...base,
        type,
        data: { commentID, storyID, siteID, ancestorIDs: [...ancestorIDs] },
      };
    case 'COMMENT_ENTERED_MODERATION_QUEUE':
    case 'COMMENT_LEFT_MODERATION_QUEUE':
      if (!isText(storyID) || !isText(siteID) || !isText(commentID) || !isText(queue) || !isText(status))
        return null;
      return {
        ...base,
        type,
        data: { queue, commentID, status, storyID, siteID },
      };
    default:
      return { ...base, type: 'OTHER', name: type, data };
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isShortText(value: unknown): value is string {
  return isText(value) && value.length <= 255;
}

function malformed(problem: string): Refusal {
  return refusal('ERR_CORAL_WEBHOOK_MALFORMED', `The event cannot be read: ${problem}.`);
}
