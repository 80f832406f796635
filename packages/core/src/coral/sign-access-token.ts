import { randomUUID } from 'node:crypto';

import { CompactSign, type CryptoKey } from 'jose';

import { errorFrom, isRefusal, type Refusal, refusal } from '../errors.js';
import type { SiteUser } from '../site-user.js';
import { type CoralUserClaims, type CoralUserMapping, coralUserClaims } from './claims.js';
import { keyIdFault, signingSecretFault } from './signing-secret.js';

/** Life of a token in seconds when nothing else is said: 15 minutes. */
export const defaultTokenSeconds = 900;

/** Longest life that can be asked for, in seconds. What is longer is milliseconds by mistake. */
const longestTokenSeconds = 86_400;

export interface AccessTokenSignerOptions extends CoralUserMapping {
  /** The key as Coral shows it, `ssosec_` included. */
  readonly secret: string;
  /** The key's ID as Coral shows it. Without it, Coral tries all its keys in turn. */
  readonly kid?: string | undefined;
  /** Life of a token in whole seconds, 1 to 86 400. Default 900. */
  readonly expiresIn?: number | undefined;
}

export interface SignOptions {
  /** The time of issue. Default: now. */
  readonly now?: Date;
  /**
   * Id of this one token. Default: a fresh random one. A token with the id of one that was logged out is worth
   * nothing.
   */
  readonly jti?: string;
}

/** Signs one token. Rejects with a {@link ForumSsoError} when the person cannot be sent to Coral. */
export type AccessTokenSigner = (user: SiteUser, options?: SignOptions) => Promise<string>;

/**
 * Makes a signer of Coral access tokens; the key is imported once, at the first token.
 *
 * The token is a JWS (RFC 7515) with HS256. It holds `jti`, `iat`, `exp` and `user`, and never `iss`, `aud` or
 * `sub`: Coral would take a token with those for one of OpenID Connect.
 *
 * @throws ForumSsoError `ERR_CORAL_SECRET_UNUSABLE` for a bad key or key id, `ERR_OPTIONS_INVALID` for a bad
 * life. The signer's promise rejects with `ERR_USER_SUSPENDED`, `ERR_CORAL_USER_UNUSABLE`,
 * `ERR_EMAIL_NOT_VERIFIED` or `ERR_CORAL_EMAIL_UNUSABLE`.
 */
export function createAccessTokenSigner(options: AccessTokenSignerOptions): AccessTokenSigner {
  const sign = tokenSigner(options);
  if (isRefusal(sign)) throw errorFrom(sign);
  return async (user, signOptions) => {
    const token = await sign(user, signOptions);
    if (typeof token !== 'string') throw errorFrom(token);
    return token;
  };
}

/** Signs a single token; see {@link createAccessTokenSigner} for what is thrown. */
export async function signAccessToken(
  user: SiteUser,
  { now, jti, ...options }: AccessTokenSignerOptions & SignOptions,
): Promise<string> {
  return createAccessTokenSigner(options)(user, {
    ...(now === undefined ? {} : { now }),
    ...(jti === undefined ? {} : { jti }),
  });
}

/** Signs one token; refusals are values. */
export type TokenSigner = (user: SiteUser, options?: SignOptions) => Promise<string | Refusal>;

/** {@link createAccessTokenSigner} with refusals as values. */
export function tokenSigner(options: AccessTokenSignerOptions): TokenSigner | Refusal {
  const { secret, kid, expiresIn = defaultTokenSeconds, ...mapping } = options;
  const fault = signingSecretFault(secret, 'secret') ?? (kid === undefined ? null : keyIdFault(kid, 'kid'));
  if (fault !== null) return fault;
  if (!Number.isInteger(expiresIn) || expiresIn < 1 || expiresIn > longestTokenSeconds) {
    return refusal(
      'ERR_OPTIONS_INVALID',
      `expiresIn is a whole number of seconds, 1 to ${longestTokenSeconds}.`,
    );
  }
  const header = { alg: 'HS256', typ: 'JWT', ...(kid === undefined ? {} : { kid }) };
  let key: Promise<CryptoKey> | undefined;
  return async (user, { now = new Date(), jti = randomUUID() } = {}) => {
    const claims = coralUserClaims(user, mapping);
    if (isRefusal(claims)) return claims;
    const iat = Math.floor(now.getTime() / 1_000);
    if (!Number.isSafeInteger(iat) || jti === '') {
      return refusal('ERR_OPTIONS_INVALID', 'now must be a valid date, and jti text that is not empty.');
    }
    key ??= importKey(secret);
    return new CompactSign(payloadBytes(jti, iat, iat + expiresIn, claims))
      .setProtectedHeader(header)
      .sign(await key);
  };
}

const encoder = new TextEncoder();

function payloadBytes(jti: string, iat: number, exp: number, user: CoralUserClaims): Uint8Array {
  return encoder.encode(JSON.stringify({ jti, iat, exp, user }));
}

function importKey(secret: string): Promise<CryptoKey> {
  // The key is the text itself, prefix and all; its digits are not decoded.
  return crypto.subtle.importKey('raw', encoder.encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ]);
}
