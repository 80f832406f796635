import { type Refusal, refusal } from '../../errors.js';
import { sendRequest } from '../../http/outgoing.js';
import { isRecord, parseJson } from '../../json.js';
import { signatureOf } from '../protocol/signature.js';
import type { OutgoingWebhook } from './webhook-body.js';
import type { ReadyTarget } from './webhook-targets.js';

export interface SenderParts {
  readonly fetch: typeof fetch;
  readonly now: () => Date;
  /** The site's origin: what a forum would give as its address. */
  readonly instance: string;
}

/** Milliseconds that a client may take, as forums allow. */
const timeoutMs = 20_000;
/** Forums have their version here; some firewalls in front of clients look for the name. */
const userAgent = 'Discourse/2026.7 (Forum SSO)';

let lastId = 0;

/** Why a webhook was not taken; with `retryAfter` when that may pass. */
export type WebhookFailure = Refusal & { readonly retryAfter?: number };

/**
 * Sends one webhook as a forum does: headers, and the signature over the very bytes of the body.
 * @returns null when the client took it
 */
export async function sendWebhook(
  { fetch, now, instance }: SenderParts,
  { url, host, secrets, isWordpress }: ReadyTarget,
  { type, event, body }: OutgoingWebhook,
): Promise<WebhookFailure | null> {
  const [newest] = secrets.keysAt(now);
  if (newest === undefined) return refusal('ERR_INTERNAL', 'There is no secret left to sign with.');
  const text = JSON.stringify(body);
  const answer = await sendRequest(fetch, {
    method: 'POST',
    url,
    headers: {
      Accept: '*/*',
      Connection: 'close',
      'Content-Type': 'application/json',
      'User-Agent': userAgent,
      'X-Discourse-Instance': instance,
      'X-Discourse-Event-Id': String(nextEventId(now())),
      'X-Discourse-Event-Type': type,
      'X-Discourse-Event': event,
      'X-Discourse-Event-Signature': `sha256=${signatureOf(text, newest)}`,
    },
    body: text,
    timeoutMs,
  });
  const fault =
    'fault' in answer
      ? { what: answer.fault, ...answer }
      : faultOf(answer.status, answer.text, { type, isWordpress });
  if (fault === null) return null;
  const why = refusal(
    'ERR_PROVIDER_WEBHOOK_FAILED',
    `${host} did not take the webhook ${event}: ${fault.what}.`,
    'cause' in fault ? fault.cause : undefined,
  );
  return isPassing(answer) ? { ...why, retryAfter: 0 } : why;
}

/**
 * Ascending, also over a restart, and never 0, which some clients take for missing. Seconds since 2020, so that it
 * stays within the 31 bits in which the wiki stores it.
 */
function nextEventId(now: Date): number {
  lastId = Math.max(lastId + 1, Math.floor((now.getTime() - Date.UTC(2020, 0)) / 1_000));
  return lastId;
}

function isPassing(answer: Awaited<ReturnType<typeof sendRequest>>): boolean {
  return 'fault' in answer
    ? answer.fault === 'timeout' || answer.fault === 'unreachable'
    : answer.status >= 500 || answer.status === 429;
}

/** What is wrong with an answer; clients report refusals with status 200, too. */
function faultOf(
  status: number,
  text: string,
  { type, isWordpress }: Pick<OutgoingWebhook, 'type'> & Pick<ReadyTarget, 'isWordpress'>,
): { readonly what: string } | null {
  if (status < 200 || status > 299) return { what: `it answered with status ${status}` };
  // The wiki answers so when it could make nothing of the body.
  if (status === 200 && text.trim() === '' && type === 'user') return { what: 'its answer is empty' };
  const answer = parseJson(text);
  // A blog with plain permalinks shows its home page there.
  if (isWordpress && answer === undefined) {
    return {
      what: 'its answer is not that of wp-discourse; with plain permalinks the address is /?rest_route=/wp-discourse/v1/update-user',
    };
  }
  return isRefusedInBody(answer) ? { what: 'its answer says that it was not successful' } : null;
}

/** WordPress: a JSON text that holds JSON with `success`. */
function isRefusedInBody(answer: unknown): boolean {
  const value = typeof answer === 'string' ? parseJson(answer) : answer;
  if (!isRecord(value) || !('success' in value)) return false;
  const { success } = value;
  return [false, 0, '', '0', 'false', null].some((no) => no === success);
}
