import { createHmac, timingSafeEqual } from 'node:crypto';

import { errorFrom, isRefusal, type Refusal, refusal } from '../errors.js';
import { isRecord, parseJson } from '../json.js';
import { type CoralClaims, firstLoginEmailFault, readClaims } from './claims.js';

/** One of Coral's signing secrets, as its admin pages list them. */
export interface CoralSigningSecret {
  readonly kid?: string;
  readonly secret: string;
  /** When a newer secret took its place; has no effect by itself. */
  readonly rotatedAt?: Date;
  /** From this moment on it is dead. */
  readonly inactiveAt?: Date;
}

export interface VerifyOptions {
  /** Default: now. */
  readonly now?: Date;
  /**
   * Coral tests the form of the e-mail address only when it creates an account. True (default): the token is
   * judged as the person's first.
   */
  readonly firstLogin?: boolean;
}

/** Coral's server takes no more in all its headers together. */
const tokenLimit = 16_384;

/**
 * Judges a token by Coral's own rules, in Coral's order: decode, schema, choice of key, algorithm, signature,
 * `nbf`, `exp` (no tolerance; expired at the very second). For tests and diagnosis. **It authenticates nobody
 * at the site**: Coral's operator knows the secrets too, and could sign in as anybody.
 *
 * With exactly one active secret Coral ignores `kid`; with several, a `kid` must be known, and without one all
 * are tried. What depends on Coral's data (registration off, logged-out tokens, e-mail of another account) is
 * not judged.
 *
 * @returns the claims as Coral keeps them; times in seconds
 * @throws ForumSsoError `ERR_CORAL_TOKEN_*` or `ERR_CORAL_EMAIL_UNUSABLE`; `detail` says what Coral only tells
 * its own log
 */
export async function verifyAccessToken(
  token: string,
  secrets: readonly CoralSigningSecret[],
  options: VerifyOptions = {},
): Promise<CoralClaims> {
  const claims = judgeToken(token, secrets, options);
  if (isRefusal(claims)) throw errorFrom(claims);
  return claims;
}

function judgeToken(
  token: string,
  secrets: readonly CoralSigningSecret[],
  { now = new Date(), firstLogin = true }: VerifyOptions,
): CoralClaims | Refusal {
  if (token.length > tokenLimit) {
    return refusal(
      'ERR_CORAL_TOKEN_TOO_LARGE',
      `A token of more than ${tokenLimit} characters does not fit into a header.`,
    );
  }
  const parts = /^([\w-]+)\.([\w-]+)\.([\w-]*)$/.exec(token);
  const [, headerText = '', payloadText = '', signature = ''] = parts ?? [];
  const header = parts === null ? undefined : decodeJson(headerText);
  if (!isRecord(header)) {
    return refusal(
      'ERR_CORAL_TOKEN_MALFORMED',
      'The token is no JWS in compact form: three parts in base64url, JSON first.',
    );
  }
  const payload = decodeJson(payloadText);
  if (payload === undefined) {
    return refusal(
      'ERR_CORAL_TOKEN_PAYLOAD_UNREADABLE',
      'The payload is no JSON; Coral answers INTERNAL_ERROR.',
    );
  }
  const claims = readClaims(payload);
  if (isRefusal(claims)) return claims;
  const candidates = relevantSecrets(secrets, header.kid, now);
  if (isRefusal(candidates)) return candidates;
  if (header.alg !== 'HS256') {
    return refusal('ERR_CORAL_TOKEN_ALGORITHM_REFUSED', 'The header\'s alg must be exactly "HS256".');
  }
  const signed = `${headerText}.${payloadText}`;
  if (!candidates.some(({ secret }) => isSignedWith(signed, signature, secret))) {
    return refusal(
      'ERR_CORAL_TOKEN_SIGNATURE_INVALID',
      'The signature was not made with the expected key. The key is the whole text, "ssosec_" included, not decoded.',
    );
  }
  const timeRefusal = judgeTimes(payload, Math.floor(now.getTime() / 1_000));
  if (timeRefusal !== null) return timeRefusal;
  return (firstLogin ? firstLoginEmailFault(claims.user.email) : null) ?? claims;
}

function relevantSecrets(
  secrets: readonly CoralSigningSecret[],
  kid: unknown,
  now: Date,
): readonly CoralSigningSecret[] | Refusal {
  const active = secrets.filter(
    ({ inactiveAt }) => inactiveAt === undefined || inactiveAt.getTime() > now.getTime(),
  );
  if (active.length === 0) {
    return refusal('ERR_CORAL_TOKEN_KEY_UNKNOWN', 'Coral has no active signing secret.');
  }
  if (active.length === 1 || kid === undefined || kid === null || kid === '') return active;
  const named = active.filter((secret) => secret.kid === kid).slice(0, 1);
  if (named.length > 0) return named;
  return refusal(
    'ERR_CORAL_TOKEN_KEY_UNKNOWN',
    'Several secrets are active and none has the kid in the header: Coral then tries none of them.',
  );
}

function isSignedWith(signed: string, signature: string, secret: string): boolean {
  // Compared as text, as Coral does: a signature has one spelling in base64url.
  const expected = Buffer.from(createHmac('sha256', secret).update(signed).digest('base64url'));
  const received = Buffer.from(signature);
  return received.length === expected.length && timingSafeEqual(received, expected);
}

function judgeTimes(payload: unknown, now: number): Refusal | null {
  const { nbf, exp } = isRecord(payload) ? payload : {};
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf > now)) {
    return refusal(
      'ERR_CORAL_TOKEN_NOT_YET_VALID',
      'nbf must be a number of seconds that is not in the future.',
    );
  }
  if (exp !== undefined && typeof exp !== 'number') {
    return refusal('ERR_CORAL_TOKEN_CLAIM_INVALID', 'exp must be a number, not text made of digits.');
  }
  if (exp !== undefined && exp <= now) {
    return refusal('ERR_CORAL_TOKEN_EXPIRED', 'exp has passed; a token is dead at that very second.');
  }
  return null;
}

/** The JSON value of a base64url part; undefined when it is none. */
function decodeJson(part: string): unknown {
  return parseJson(Buffer.from(part, 'base64url').toString('utf8'));
}
