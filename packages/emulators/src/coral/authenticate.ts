import type { IncomingMessage } from 'node:http';

import type { Account } from './account.js';
import { CoralError } from './coral-error.js';
import { type LoginParts, logIn } from './login.js';
import { type Installation, isOwnToken, verifyPersonalToken } from './personal-tokens.js';
import { relevantSecrets } from './settings.js';
import { type DecodedToken, decodeToken, isObject } from './token/decode.js';
import { verifyHs256 } from './token/hs256.js';
import { readSsoClaims, type SsoClaims } from './token/sso-claims.js';

/** Who sent a request. */
export interface Authentication {
  readonly account: Account | null;
  /** Id and end of the token, when it has both: such a token can be logged out. */
  readonly revocable: { readonly jti: string; readonly expiresAt: Date } | null;
}

const nobody: Authentication = { account: null, revocable: null };

/**
 * Finds out who sent a request. The verifiers are asked in Coral's order, OpenID Connect, single sign-on,
 * Coral's own; the first whose schema the token meets decides, whatever comes of it.
 * @throws CoralError for a token that is not valid; without a token the sender is anonymous
 */
export function authenticate(
  parts: LoginParts & { readonly installation: Installation },
  request: IncomingMessage,
  now: Date,
): Authentication {
  const text = tokenOf(request);
  if (text === undefined) return nobody;
  const token = decodeToken(text);
  const { settings, accounts, installation } = parts;
  if (settings.oidcEnabled && isOidcToken(token.payload)) {
    throw new CoralError('TOKEN_INVALID', 'The token is not one of the OpenID provider.');
  }
  if (settings.ssoEnabled && !isOwnOnly(token.payload)) return byClaims(parts, token, now);
  if (isOwnToken(token.payload)) {
    return { account: verifyPersonalToken(installation, accounts, token, now), revocable: null };
  }
  throw new CoralError('TOKEN_INVALID', 'No verifier is responsible for the token.');
}

function byClaims(parts: LoginParts, token: DecodedToken, now: Date): Authentication {
  const claims = readSsoClaims(token.payload);
  verifySignature(parts, token, now);
  const account = logIn(parts, claims, now);
  return { account, revocable: revocable(claims) };
}

function verifySignature({ settings }: LoginParts, token: DecodedToken, now: Date): void {
  const candidates = relevantSecrets(settings.signingSecrets, token.header.kid, now);
  let failure: unknown = new CoralError('TOKEN_INVALID', 'No signing secret is active.');
  for (const candidate of candidates) {
    try {
      verifyHs256(token, candidate.secret, now);
      candidate.lastUsedAt = now;
      return;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function revocable({ jti, exp }: SsoClaims): Authentication['revocable'] {
  return jti === undefined || exp === undefined ? null : { jti, expiresAt: new Date(exp * 1_000) };
}

/** A token of Coral itself: it does not meet the schema of single sign-on, which wants a user. */
function isOwnOnly(payload: unknown): boolean {
  return isOwnToken(payload) && isObject(payload) && payload.user === undefined;
}

function isOidcToken(payload: unknown): boolean {
  if (!isObject(payload)) return false;
  const { iss, aud, sub, exp } = payload;
  return (
    [iss, aud, sub].every((claim) => typeof claim === 'string' && claim !== '') && typeof exp === 'number'
  );
}

/** The token of a request: `Bearer`, the password of `Basic`, or the query. The scheme is case-sensitive. */
function tokenOf(request: IncomingMessage): string | undefined {
  const { authorization = '' } = request.headers;
  const [scheme = '', value = '', ...rest] = authorization.split(' ');
  if (rest.length === 0 && scheme === 'Bearer' && value !== '') return value;
  if (rest.length === 0 && scheme === 'Basic') {
    const [, password] = /^[^:]*:(.+)$/s.exec(Buffer.from(value, 'base64').toString()) ?? [];
    if (password !== undefined) return password;
  }
  const query = (request.url ?? '').split('?')[1] ?? '';
  const parameter = new URLSearchParams(query).get('accessToken') ?? '';
  return parameter === '' ? undefined : parameter;
}
