import { types } from 'node:util';

import { errorFrom, isRefusal, type Refusal, refusal } from '../errors.js';
import type { SiteUser } from '../site-user.js';
import { type AuthnClaims, readAuthnClaims } from './authn-claims.js';
import { readAuthnKey } from './authn-key.js';
import { freshSeed } from './seed-pool.js';
import { talkyardUser } from './user.js';
import { decryptV2Local, encryptV2Local, splitV2Local } from './v2-local.js';

const prefix = 'paseto:';
const seedLength = 24;
/** Longest token that is looked at, in characters. */
const tokenLimit = 8_192;

export interface SealAuthnTokenOptions {
  /** The PASETO secret as Talkyard's admin page shows it: `hex:` and 64 hex digits. */
  readonly key: string;
  /** After this moment Talkyard refuses the token. Minutes, not hours: whoever gets the page gets the login. */
  readonly expiresAt: Date;
  /** The time now. Goes into the token as the time of issue, and `expiresAt` must be later. */
  readonly now?: Date;
  /** Extra id of the person, for cross-references: kept by Talkyard when it creates the user. */
  readonly extId?: string;
  /** Source of randomness; default: `node:crypto`. */
  readonly randomBytes?: (size: number) => Uint8Array;
}

/**
 * Makes the token that logs a person in to Talkyard's embedded comments.
 *
 * Talkyard: the word `paseto:` and a PASETO v2.local token over `{"exp", "iat", "data": {"user": …}}`, with times as
 * ISO 8601 texts. There is no `nbf`, since a clock that runs ahead would then break logins, and no admin or moderator
 * flag, since Talkyard reads none from a token.
 *
 * @returns `paseto:v2.local.…`
 * @throws ForumSsoError `ERR_TALKYARD_KEY_UNUSABLE`, `ERR_EMAIL_NOT_VERIFIED`, `ERR_USER_SUSPENDED`,
 * `ERR_TALKYARD_EMAIL_UNUSABLE`, `ERR_TALKYARD_USER_UNUSABLE`, `ERR_TALKYARD_TOKEN_LIFE`
 */
export function sealAuthnToken(user: SiteUser, options: SealAuthnTokenOptions): string {
  const key = readAuthnKey(options.key);
  if (isRefusal(key)) throw errorFrom(key);
  const token = sealWithKey(user, key, options);
  if (isRefusal(token)) throw errorFrom(token);
  return token;
}

/** {@link sealAuthnToken} with the key's bytes at hand and refusals as values. */
export function sealWithKey(
  user: SiteUser,
  key: Uint8Array,
  { expiresAt, now, extId, randomBytes = freshSeed }: Omit<SealAuthnTokenOptions, 'key'>,
): string | Refusal {
  const mapped = talkyardUser(user, { extId });
  if (isRefusal(mapped)) return mapped;
  const exp = isoTime(expiresAt);
  const iat = now === undefined ? undefined : isoTime(now);
  if (exp === undefined || (now !== undefined && !(expiresAt.getTime() > now.getTime()))) {
    return refusal('ERR_TALKYARD_TOKEN_LIFE', 'expiresAt must be a valid date that lies after now.');
  }
  // The times need no escaping: joined, they cost half of what one call for all of it does.
  const times = iat === undefined ? `"exp":"${exp}"` : `"exp":"${exp}","iat":"${iat}"`;
  const claims = `{${times},"data":{"user":${JSON.stringify(mapped)}}}`;
  const seed = randomBytes(seedLength);
  if (seed.length !== seedLength) {
    return refusal('ERR_INTERNAL', 'randomBytes must return as many bytes as it is asked for.');
  }
  return prefix + encryptV2Local(bytesOf(claims), key, seed);
}

/** Where usual claims are encoded, each over the one before: new bytes for each take a tenth of a token's time. */
const usualClaims = Buffer.alloc(4_096);

/** The claims as UTF-8, good until they are asked for again. */
function bytesOf(claims: string): Uint8Array {
  // At most three bytes for each of its characters.
  if (3 * claims.length > usualClaims.length) return Buffer.from(claims);
  return usualClaims.subarray(0, usualClaims.write(claims));
}

export interface OpenAuthnTokenOptions {
  /** The PASETO secret: `hex:` and 64 hex digits. */
  readonly key: string;
  readonly now: Date;
}

/**
 * Opens a comment token by Talkyard's rules: for tests and for finding out why a login fails. It authenticates
 * nobody at the site.
 *
 * Talkyard: accepted while `now` ≤ `exp` and `now` ≥ `nbf`, with no allowance for clocks. A number as a time is read as
 * milliseconds, so Unix seconds mean January 1970.
 *
 * @throws ForumSsoError `ERR_TALKYARD_KEY_UNUSABLE`, `ERR_TALKYARD_TOKEN_LIFE` (`now` is no date),
 * `ERR_TALKYARD_TOKEN_MALFORMED`, `ERR_TALKYARD_TOKEN_INVALID` (other key, or changed),
 * `ERR_TALKYARD_TOKEN_EXPIRED` (or not valid yet), `ERR_TALKYARD_TOKEN_CLAIMS`, `ERR_EMAIL_NOT_VERIFIED`. The detail names
 * the codes that Talkyard itself answers with.
 */
export function openAuthnToken(token: string, { key, now }: OpenAuthnTokenOptions): AuthnClaims {
  const bytes = readAuthnKey(key);
  if (isRefusal(bytes)) throw errorFrom(bytes);
  const claims = openWithKey(token, bytes, now);
  if (isRefusal(claims)) throw errorFrom(claims);
  return claims;
}

function openWithKey(token: unknown, key: Uint8Array, now: Date): AuthnClaims | Refusal {
  if (isoTime(now) === undefined) return refusal('ERR_TALKYARD_TOKEN_LIFE', 'now must be a valid date.');
  if (typeof token !== 'string' || token.length > tokenLimit) {
    return malformed('TyE0SSOTKN', `It must be a text of at most ${tokenLimit} characters.`);
  }
  if (!token.startsWith(prefix)) {
    return malformed(
      'TyE4A603MSJ',
      'It must begin with "paseto:". A percent-encoded cookie ("paseto%3A") is read as it stands.',
    );
  }
  const bare = token.slice(prefix.length);
  if (!bare.startsWith('v2.local.')) {
    return malformed(
      'TyEU9KTKN4862',
      'After "paseto:" it must go on with "v2.local.": Talkyard reads no other version.',
    );
  }
  const parts = splitV2Local(bare);
  if (parts === undefined) {
    return malformed('TyEPASUNKEX', 'Its body is cut off, or no unpadded base64url.');
  }
  const plaintext = decryptV2Local(parts, key);
  if (plaintext === undefined) {
    return refusal(
      'ERR_TALKYARD_TOKEN_INVALID',
      'The token was made with another key, or changed on its way (Talkyard: TyEPASSECEX_). Compare the PASETO secret on both sides.',
    );
  }
  return readAuthnClaims(plaintext, parts.footer, now);
}

function malformed(talkyardCode: string, detail: string): Refusal {
  return refusal(
    'ERR_TALKYARD_TOKEN_MALFORMED',
    `The text is no Talkyard token (Talkyard: ${talkyardCode}). ${detail}`,
  );
}

/**
 * ISO 8601 in UTC, without a fraction when there is none; undefined when the date is none, or not of the years 1000 to
 * 9999. Put together by hand: `toISOString` would be a third of all that is not cryptography here.
 */
function isoTime(date: Date): string | undefined {
  if (!types.isDate(date)) return undefined;
  const year = date.getUTCFullYear();
  if (!(year >= 1_000 && year <= 9_999)) return undefined;
  const milliseconds = date.getUTCMilliseconds();
  const fraction = milliseconds === 0 ? 'Z' : `.${String(milliseconds).padStart(3, '0')}Z`;
  return `${year}-${twoDigits(date.getUTCMonth() + 1)}-${twoDigits(date.getUTCDate())}T${twoDigits(date.getUTCHours())}:${twoDigits(date.getUTCMinutes())}:${twoDigits(date.getUTCSeconds())}${fraction}`;
}

function twoDigits(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}
