import { isRefusal, type Refusal, refusal } from '../../errors.js';
import { parseUrl } from '../../http/parse-url.js';
import { type Query, readParameter } from '../../http/query.js';
import { openMessage } from '../protocol/message.js';
import type { SigningKey } from '../protocol/signature.js';

/** Longest nonce that is repeated, in characters; Discourse's own have 32. */
const nonceLimit = 256;

/** A forum's verified question: who is this? */
export interface LoginRequest {
  readonly nonce: string;
  /** The secret that signed it: the answer is signed with the same. */
  readonly key: SigningKey;
  /** That secret's position among the forum's secrets; above 0 it is on its way out. */
  readonly position: number;
}

/**
 * Reads and verifies the question of one forum (DiscourseConnect, the forum as client). Of what it says only the
 * nonce is used; the return address must be the one that belongs to this forum's secret, and is never taken from
 * the message.
 *
 * @param returnUrl the forum's own `…/session/sso_login`
 */
export function readLoginRequest(
  query: Query,
  keys: readonly SigningKey[],
  returnUrl: URL,
): LoginRequest | Refusal {
  const sso = readParameter(query, 'sso');
  if (isRefusal(sso)) return sso;
  const sig = readParameter(query, 'sig');
  if (isRefusal(sig)) return sig;
  const opened = openMessage({ sso, sig }, keys);
  if (isRefusal(opened)) return opened;
  const { nonce, returnSsoUrl } = opened.fields;
  if (nonce === undefined || nonce === '') {
    return refusal(
      'ERR_SSO_NONCE_MISSING',
      'The request has no nonce: it was not made by a Discourse forum.',
    );
  }
  if (nonce.length > nonceLimit) {
    return refusal('ERR_SSO_MESSAGE_TOO_LARGE', `The nonce has more than ${nonceLimit} characters.`);
  }
  if (!isReturnUrl(returnSsoUrl, returnUrl)) {
    return refusal(
      'ERR_SSO_RETURN_URL_FOREIGN',
      `The request asks to return to another address than ${returnUrl.href}: check forumUrl, and that each forum has a secret of its own.`,
    );
  }
  const key = keys[opened.keyIndex];
  if (key === undefined) return refusal('ERR_INTERNAL', 'The secret that verified the request is gone.');
  return { nonce, key, position: opened.keyIndex };
}

function isReturnUrl(text: string | undefined, expected: URL): boolean {
  // Compared as a whole: user name, port, query and fragment are no part of the expected address.
  if (text === undefined || text === expected.href) return text !== undefined;
  return parseUrl(text)?.href === expected.href;
}
