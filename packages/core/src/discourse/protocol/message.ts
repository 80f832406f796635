import { type ErrorCode, errorFrom, ForumSsoError, isRefusal, type Refusal, refusal } from '../../errors.js';
import { secretKinds, secretLimit } from '../../secrets.js';
import type { DiscourseFields } from './fields.js';
import { messageLimits, readPayload } from './read-payload.js';
import { findSigningKey, type SigningKey, signatureOf } from './signature.js';
import { writePayload } from './write-payload.js';

/** The two query parameters of a DiscourseConnect message, as they are after the query was decoded. */
export interface SignedMessage {
  /** Standard base64 of the form-encoded fields. What {@link signMessage} makes never holds `+` or `/`. */
  readonly sso: string;
  /** 64 lower-case hex digits: HMAC-SHA256 of the `sso` text itself. */
  readonly sig: string;
}

/** A message whose signature was right. */
export interface OpenedMessage {
  readonly fields: DiscourseFields;
  /** Which of the keys had signed it: an answer is signed with the same one. */
  readonly keyIndex: number;
}

/**
 * Signs a DiscourseConnect message, byte for byte as Discourse would.
 *
 * @param fields what to say; absent and undefined fields are left out, the rest must have the type that
 * {@link DiscourseFields} gives it. Group names must not be empty, hold a comma or a control character, begin with
 * `@`, or have a blank at an edge: Discourse would take them for others.
 * @param secret the shared secret, at least 10 characters, its bytes as configured
 * @returns both parameters, not yet percent-encoded: see {@link messageUrl}
 * @throws ForumSsoError `ERR_SSO_FIELD_UNUSABLE`, `ERR_SSO_SECRET_UNUSABLE`
 */
export function signMessage(fields: DiscourseFields, secret: string): SignedMessage {
  return atTheEdge('ERR_SSO_FIELD_UNUSABLE', 'The fields could not be read.', () => {
    const key = readSecret(secret);
    return isRefusal(key) ? key : sealMessage(fields, key);
  });
}

/**
 * Verifies a DiscourseConnect message and reads its fields. The signature comes first, in constant time, over the
 * `sso` text as it was received; nothing of the message is looked at before, save its length. Then Discourse's own
 * lenience holds: line breaks in the base64, missing padding, unknown fields (dropped), booleans other than the
 * words `true` and `false` (absent). A repeated field and bytes that are not UTF-8 are refused.
 *
 * A right signature does not make a message fresh: whoever asked must still find its own nonce in the answer.
 *
 * @param message `sso` and `sig` after the query was decoded, once
 * @param secrets the secret, or up to 3 while it is being changed; each at least 10 characters
 * @throws ForumSsoError `ERR_SSO_SIGNATURE_MISSING`, `ERR_SSO_SIGNATURE_INVALID`, `ERR_PARAMETER_MISSING`,
 * `ERR_PARAMETER_REPEATED`, `ERR_SSO_MESSAGE_TOO_LARGE`, `ERR_SSO_PAYLOAD_MALFORMED`, `ERR_SSO_FIELD_REPEATED`,
 * `ERR_SSO_SECRET_UNUSABLE`
 */
export function verifyMessage(message: SignedMessage, secrets: string | readonly string[]): DiscourseFields {
  return atTheEdge('ERR_SSO_PAYLOAD_MALFORMED', 'The message could not be read.', () => {
    const keys = readSecrets(secrets);
    if (isRefusal(keys)) return keys;
    const opened = openMessage(message, keys);
    return isRefusal(opened) ? opened : opened.fields;
  });
}

/**
 * The address that carries a message: `sso` and `sig` join the query of `base`, before its fragment if it has one
 * (behind it no server would see them).
 * @param base where to send the browser, from configuration or checked against it
 * @throws ForumSsoError `ERR_SSO_FIELD_UNUSABLE` when something is not a text
 */
export function messageUrl(base: string, message: SignedMessage): string {
  const detail = 'The address and both parameters must be texts.';
  return atTheEdge('ERR_SSO_FIELD_UNUSABLE', detail, () => {
    if (![base, message.sso, message.sig].every((part) => typeof part === 'string')) {
      return refusal('ERR_SSO_FIELD_UNUSABLE', detail);
    }
    return withQuery(base, messageQuery(message));
  });
}

/**
 * {@link messageUrl} for connectors, and for what {@link sealMessage} made alone: base64 without `+` and `/`, so that
 * only the padding needs an escape. `encodeURIComponent` takes as long as half a signature.
 */
export function sealedMessageUrl(base: string, { sso, sig }: SignedMessage): string {
  const padding = sso.indexOf('=');
  const escaped = padding === -1 ? sso : sso.slice(0, padding) + '%3D'.repeat(sso.length - padding);
  return withQuery(base, `sso=${escaped}&sig=${sig}`);
}

function withQuery(base: string, query: string): string {
  const hash = base.indexOf('#');
  const address = hash === -1 ? base : base.slice(0, hash);
  const fragment = hash === -1 ? '' : base.slice(hash);
  return `${address}${address.includes('?') ? '&' : '?'}${query}${fragment}`;
}

/** A message as a query or form body: `sso=…&sig=…`. */
export function messageQuery({ sso, sig }: SignedMessage): string {
  return `sso=${encodeURIComponent(sso)}&sig=${encodeURIComponent(sig)}`;
}

/** {@link signMessage} for connectors: with a key made at the start, and a refusal rather than an exception. */
export function sealMessage(fields: DiscourseFields, key: SigningKey): SignedMessage | Refusal {
  const sso = writePayload(fields);
  return isRefusal(sso) ? sso : { sso, sig: signatureOf(sso, key) };
}

/**
 * {@link verifyMessage} for connectors: with keys made at the start, a refusal rather than an exception, and which
 * key it was.
 * @param message the parameters as they came: absent, or given twice, is refused here
 */
export function openMessage(
  message: { readonly sso: unknown; readonly sig: unknown },
  keys: readonly SigningKey[],
): OpenedMessage | Refusal {
  const { sso, sig } = message;
  if (Array.isArray(sso) || Array.isArray(sig)) {
    return refusal('ERR_PARAMETER_REPEATED', 'A message has one "sso" and one "sig".');
  }
  if (typeof sig !== 'string' || sig === '')
    return refusal('ERR_SSO_SIGNATURE_MISSING', 'The message has no "sig".');
  if (typeof sso !== 'string') return refusal('ERR_PARAMETER_MISSING', 'The message has no "sso".');
  if (sso.length > messageLimits.sso) {
    return refusal('ERR_SSO_MESSAGE_TOO_LARGE', `"sso" is longer than ${messageLimits.sso} characters.`);
  }
  const keyIndex = findSigningKey(sso, sig, keys);
  if (keyIndex === -1) {
    return refusal(
      'ERR_SSO_SIGNATURE_INVALID',
      'The signature was not made with the secret for this peer: compare the secrets of both sides, without blanks or line breaks at the ends.',
    );
  }
  const fields = readPayload(sso);
  return isRefusal(fields) ? fields : { fields, keyIndex };
}

function readSecrets(secrets: unknown): readonly string[] | Refusal {
  const list: readonly unknown[] = Array.isArray(secrets) ? secrets : [secrets];
  if (list.length === 0 || list.length > secretLimit)
    return unusableSecret(`must be 1 to ${secretLimit} texts`);
  const texts: string[] = [];
  for (const item of list) {
    const secret = readSecret(item);
    if (isRefusal(secret)) return secret;
    texts.push(secret);
  }
  return texts;
}

function readSecret(secret: unknown): string | Refusal {
  if (typeof secret !== 'string') return unusableSecret('must be a text');
  if (secret.trim() === '') return unusableSecret('is blank');
  const { minimum } = secretKinds.connect;
  return secret.length < minimum ? unusableSecret(`is shorter than ${minimum} characters`) : secret;
}

function unusableSecret(fault: string): Refusal {
  return refusal(
    'ERR_SSO_SECRET_UNUSABLE',
    `The secret for DiscourseConnect messages (in Discourse "discourse connect secret", or a line of "discourse connect provider secrets") ${fault}.`,
  );
}

/** Turns refusals into exceptions; and what only odd objects cause, such as a getter that throws, as well. */
function atTheEdge<T>(code: ErrorCode, detail: string, work: () => T | Refusal): T {
  let result: T | Refusal;
  try {
    result = work();
  } catch (cause) {
    throw new ForumSsoError(code, detail, { cause });
  }
  if (isRefusal(result)) throw errorFrom(result);
  return result;
}
