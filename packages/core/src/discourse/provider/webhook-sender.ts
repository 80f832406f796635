import { type Refusal, refusal } from '../../errors.js';
import { sendRequest } from '../../http/outgoing.js';
import type { SecretRing } from '../../secrets.js';
import { signatureOf } from '../protocol/signature.js';
import type { OutgoingWebhook } from './webhook-body.js';

/** A client that gets webhooks. */
export interface ReadyTarget {
  readonly url: string;
  readonly secrets: SecretRing;
  /** Names of events it wants; null: all. */
  readonly events: ReadonlySet<string> | null;
}

export interface SenderParts {
  readonly fetch: typeof fetch;
  readonly now: () => Date;
  /** The site's origin: what a forum would give as its address. */
  readonly instance: string;
}

/** Milliseconds that a client may take, as forums allow. */
const timeoutMs = 20_000;
/** Seconds until another try after a failure that may pass. */
const retryAfter = 60;

let lastId = 0;

/**
 * Sends one webhook as a forum does: headers, and the signature over the very bytes of the body.
 * @returns null when the client took it
 */
export async function sendWebhook(
  { fetch, now, instance }: SenderParts,
  { url, secrets }: ReadyTarget,
  { type, event, body }: OutgoingWebhook,
): Promise<(Refusal & { readonly retryAfter?: number }) | null> {
  const [newest] = secrets.keysAt(now());
  if (newest === undefined) return refusal('ERR_INTERNAL', 'There is no secret left to sign with.');
  const text = JSON.stringify(body);
  // Ascending and never 0, which some clients take for missing.
  lastId = Math.max(lastId + 1, now().getTime());
  const answer = await sendRequest(fetch, {
    method: 'POST',
    url,
    headers: {
      Accept: '*/*',
      'Content-Type': 'application/json',
      'User-Agent': 'forum-sso',
      'X-Discourse-Instance': instance,
      'X-Discourse-Event-Id': String(lastId),
      'X-Discourse-Event-Type': type,
      'X-Discourse-Event': event,
      'X-Discourse-Event-Signature': `sha256=${signatureOf(Buffer.from(text), newest)}`,
    },
    body: text,
    timeoutMs,
  });
  if ('fault' in answer) {
    const passing = answer.fault === 'timeout' || answer.fault === 'unreachable';
    const why = refusal(
      'ERR_PROVIDER_WEBHOOK_FAILED',
      `The client did not take the webhook: ${answer.fault}.`,
      answer.cause,
    );
    return passing ? { ...why, retryAfter } : why;
  }
  const fault = faultOf(answer.status, answer.text, type);
  if (fault === null) return null;
  const why = refusal('ERR_PROVIDER_WEBHOOK_FAILED', `The client did not take the webhook: ${fault}.`);
  return answer.status >= 500 || answer.status === 429 ? { ...why, retryAfter } : why;
}

/** What is wrong with an answer; clients report refusals with status 200, too. */
function faultOf(status: number, text: string, type: OutgoingWebhook['type']): string | null {
  if (status < 200 || status > 299) return `status ${status}`;
  // The wiki answers so when it could make nothing of the body.
  if (text.trim() === '' && type === 'user') return 'an empty answer';
  return refusedInBody(text) ? 'the answer says that it was not successful' : null;
}

/** WordPress: a JSON text that holds JSON with `success`. */
function refusedInBody(text: string): boolean {
  let value: unknown = text;
  for (let depth = 0; depth < 2 && typeof value === 'string'; depth++) {
    try {
      value = JSON.parse(value);
    } catch {
      return false;
    }
  }
  if (typeof value !== 'object' || value === null || !('success' in value)) return false;
  return value.success === false || value.success === 0;
}
