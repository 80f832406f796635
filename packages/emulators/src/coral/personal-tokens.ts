import { randomUUID } from 'node:crypto';

import type { Account, TokenRecord } from './account.js';
import type { Accounts } from './accounts.js';
import { CoralError } from './coral-error.js';
import { type DecodedToken, isObject } from './token/decode.js';
import { signHs256, verifyHs256 } from './token/hs256.js';

/** What signs Coral's own tokens: a secret of the installation. */
export interface Installation {
  readonly tenantID: string;
  readonly signingSecret: string;
}

/** Makes a personal access token; it does not expire. */
export function createPersonalToken(
  { tenantID, signingSecret }: Installation,
  account: Account,
  name: string,
  now: Date,
): { readonly record: TokenRecord; readonly signedToken: string } {
  const record: TokenRecord = { id: randomUUID(), name, createdAt: now };
  account.tokens.push(record);
  const second = Math.floor(now.getTime() / 1_000);
  const claims = { jti: record.id, iss: tenantID, sub: account.id, pat: true, iat: second, nbf: second };
  return { record, signedToken: signHs256(claims, signingSecret) };
}

/** True when a payload has the form of Coral's own tokens. */
export function isOwnToken(payload: unknown): boolean {
  if (!isObject(payload)) return false;
  return [payload.jti, payload.iss, payload.sub].every((claim) => typeof claim === 'string' && claim !== '');
}

/** Verifies one of Coral's own tokens and finds its owner. */
export function verifyPersonalToken(
  { tenantID, signingSecret }: Installation,
  accounts: Accounts,
  token: DecodedToken,
  now: Date,
): Account | null {
  verifyHs256(token, signingSecret, now);
  const { iss, sub, jti, pat } = isObject(token.payload) ? token.payload : {};
  if (iss !== tenantID) throw new CoralError('TOKEN_INVALID', 'The token is for another tenant.');
  const account = typeof sub === 'string' ? accounts.byId(sub) : undefined;
  if (account === undefined) return null;
  if (pat === true && !account.tokens.some(({ id }) => id === jti)) {
    throw new CoralError('INTERNAL_ERROR', 'The personal access token was deactivated.');
  }
  return account;
}
