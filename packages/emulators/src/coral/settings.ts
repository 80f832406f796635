import { randomBytes, randomInt } from 'node:crypto';

import { CoralError } from './coral-error.js';
import { isActive, type SigningSecret } from './token/hs256.js';

/** What an administrator of Coral sets, as far as it has to do with logins. */
export interface Settings {
  readonly tenantID: string;
  ssoEnabled: boolean;
  allowRegistration: boolean;
  readonly signingSecrets: SigningSecret[];
  readonly oidcEnabled: boolean;
  readonly localEnabled: boolean;
  /** Google or Facebook. */
  readonly socialEnabled: boolean;
  readonly emailDomains: readonly EmailDomain[];
  /** Origins of pages that may hold the comments. */
  readonly allowedOrigins: ReadonlySet<string>;
  /** Who may send queries of their own: `admins` as in production, or everybody as with GraphiQL enabled. */
  readonly rawQueries: 'admins' | 'everybody';
}

/** What happens to people with addresses of a domain. */
export interface EmailDomain {
  readonly domain: string;
  readonly newUserModeration: 'BAN' | 'PREMOD';
}

/** A secret as Coral makes them: a prefix and 32 to 36 random bytes in hex. */
export function newSecret(prefix: 'ssosec_' | 'whsec_', now: Date): SigningSecret {
  return {
    kid: randomBytes(randomInt(8, 11)).toString('hex'),
    secret: prefix + randomBytes(randomInt(32, 37)).toString('hex'),
    createdAt: now,
  };
}

/** Adds a secret; those that were not rotated before die in `inactiveIn` seconds. */
export function rotate(
  secrets: SigningSecret[],
  prefix: 'ssosec_' | 'whsec_',
  inactiveIn: number,
  now: Date,
): SigningSecret {
  for (const secret of secrets) {
    if (secret.rotatedAt !== undefined) continue;
    secret.rotatedAt = now;
    secret.inactiveAt = new Date(now.getTime() + inactiveIn * 1_000);
  }
  const fresh = newSecret(prefix, now);
  secrets.push(fresh);
  return fresh;
}

/** The active secrets that may have signed a token with this key id. */
export function relevantSecrets(
  secrets: readonly SigningSecret[],
  kid: unknown,
  now: Date,
): readonly SigningSecret[] {
  const active = secrets.filter((secret) => isActive(secret, now));
  if (active.length === 1) return active;
  if (kid === undefined || kid === null || kid === '') return active;
  const named = active.find((secret) => secret.kid === kid);
  if (named === undefined) throw new CoralError('TOKEN_INVALID', 'No active key has the kid of the token.');
  return [named];
}
