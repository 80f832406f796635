import { isRefusal, type Refusal, refusal } from '../errors.js';
import { isRecord, parseJson } from '../json.js';
import { talkyardEmail } from './email.js';

/** What a comment token says. */
export interface AuthnClaims {
  /** The person. The address is verified: a token that does not say so is refused. */
  readonly user: AuthnTokenUser;
  /** Absent when the token has none; Talkyard takes such tokens today, and plans not to. */
  readonly expiresAt?: Date;
  readonly notBefore?: Date;
  readonly issuedAt?: Date;
  /** The token's footer, authenticated but not secret; absent when empty. Talkyard makes no use of it. */
  readonly footer?: string;
}

/** The person of a comment token, as Talkyard reads them: names without blanks at the ends, blank ones absent. */
export interface AuthnTokenUser {
  readonly ssoId: string;
  readonly extId?: string;
  readonly username?: string;
  readonly fullName?: string;
  readonly primaryEmailAddress: string;
}

/** Reads the decrypted claims by Talkyard's rules, times first. */
export function readAuthnClaims(plaintext: Uint8Array, footer: Uint8Array, now: Date): AuthnClaims | Refusal {
  const claims = parseJson(plaintext);
  if (!isRecord(claims)) return unreadable('The content is no JSON object.');
  const expiresAt = readTime(claims.exp);
  const notBefore = readTime(claims.nbf);
  const issuedAt = readTime(claims.iat);
  if (expiresAt === null || notBefore === null || issuedAt === null) {
    return unreadable('A time must be an ISO 8601 date-time with an offset, such as 2026-03-01T13:00:00Z.');
  }
  if (expiresAt !== undefined && now.getTime() > expiresAt.getTime()) {
    return outOfTime('The token has expired. (A number as "exp" is read as milliseconds.)');
  }
  if (notBefore !== undefined && now.getTime() < notBefore.getTime()) {
    return outOfTime('The token is not valid yet: leave "nbf" out, or set the clocks right.');
  }
  const user = readUser(claims);
  if (isRefusal(user)) return user;
  return {
    user,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(issuedAt === undefined ? {} : { issuedAt }),
    ...(footer.length === 0 ? {} : { footer: Buffer.from(footer).toString('utf8') }),
  };
}

function readUser(claims: Record<string, unknown>): AuthnTokenUser | Refusal {
  const data = readMap(claims, 'data', 'data');
  if (isRefusal(data)) return data;
  const user = readMap(data, 'user', 'data.user');
  if (isRefusal(user)) return user;
  const ssoId = readText(user, 'ssoId');
  const email = readText(user, 'primaryEmailAddress');
  const extId = readText(user, 'extId');
  const username = readText(user, 'username');
  const fullName = readText(user, 'fullName');
  for (const text of [ssoId, email, extId, username, fullName]) if (isRefusal(text)) return text;
  if (typeof ssoId !== 'string') return wrongClaim('TyEPARMAP0ST_', 'data.user.ssoId is missing.');
  if (ssoId === '') return wrongClaim('TyE5603MRE245', 'data.user.ssoId is empty.');
  if (ssoId !== ssoId.trim()) {
    return refusal(
      'ERR_TALKYARD_TOKEN_CLAIMS',
      'data.user.ssoId has blanks at its ends (Talkyard: TyE502WKDTTSR2, TyESSOBLNKS).',
    );
  }
  if (typeof email !== 'string')
    return wrongClaim('TyEPARMAP0ST_', 'data.user.primaryEmailAddress is missing.');
  const verified = user.isEmailAddressVerified ?? false;
  if (typeof verified !== 'boolean') {
    return wrongClaim('TyE5WM3GM6A2', 'data.user.isEmailAddressVerified is neither true nor false.');
  }
  const address = talkyardEmail(email.trim());
  if (typeof address !== 'string')
    return wrongClaim('TyE4MS6W2RI', 'data.user.primaryEmailAddress cannot be used.');
  if (address !== email.trim()) {
    return wrongClaim('a server error', 'data.user.primaryEmailAddress must be in lower case.');
  }
  if (!verified) {
    return refusal(
      'ERR_EMAIL_NOT_VERIFIED',
      'data.user.isEmailAddressVerified is not true (Talkyard: TyESSOEMLUNVERF).',
    );
  }
  if (typeof extId === 'string' && extId.length > 128) {
    return wrongClaim('TyE402TKUHR24, TyEEXTIDLNG', 'data.user.extId is longer than 128 characters.');
  }
  return {
    ssoId,
    ...(typeof extId === 'string' && extId.trim() !== '' ? { extId } : {}),
    ...(typeof username === 'string' && username.trim() !== '' ? { username: username.trim() } : {}),
    ...(typeof fullName === 'string' && fullName.trim() !== '' ? { fullName: fullName.trim() } : {}),
    primaryEmailAddress: address,
  };
}

function readMap(
  parent: Record<string, unknown>,
  name: string,
  path: string,
): Record<string, unknown> | Refusal {
  const value = parent[name];
  if (value === undefined || value === null) return wrongClaim('TyEPARMAP0MAP_', `${path} is missing.`);
  return isRecord(value) ? value : wrongClaim('TyE603MATE24', `${path} is no JSON object.`);
}

function readText(user: Record<string, unknown>, name: string): string | undefined | Refusal {
  const value = user[name] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  return wrongClaim('TyE740MGE3M', `data.user.${name} is no text.`);
}

/** A time; undefined when absent, null when it cannot be read. */
function readTime(value: unknown): Date | undefined | null {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && !isOffsetDateTime(value)) return null;
  const date = typeof value === 'number' || typeof value === 'string' ? new Date(upperCase(value)) : null;
  return date === null || Number.isNaN(date.getTime()) ? null : date;
}

const offsetDateTime =
  /^(\d{4})-(0[1-9]|1[0-2])-(\d\d)T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:0\d|1[0-8]):[0-5]\d)$/i;

function isOffsetDateTime(text: string): boolean {
  const [, year, month, day] = offsetDateTime.exec(text) ?? [];
  // JavaScript would roll February 30 over into March.
  return (
    day !== undefined &&
    Number(day) >= 1 &&
    Number(day) <= new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  );
}

function upperCase(value: string | number): string | number {
  return typeof value === 'string' ? value.toUpperCase() : value;
}

function unreadable(detail: string): Refusal {
  return refusal(
    'ERR_TALKYARD_TOKEN_MALFORMED',
    `The token cannot be read (Talkyard: TyEPASUNKEX). ${detail}`,
  );
}

function outOfTime(detail: string): Refusal {
  return refusal('ERR_TALKYARD_TOKEN_EXPIRED', `${detail} (Talkyard: TyEPASUNKEX)`);
}

function wrongClaim(talkyardCode: string, detail: string): Refusal {
  return refusal('ERR_TALKYARD_TOKEN_CLAIMS', `${detail} (Talkyard: TyEPASCLAIMS_, ${talkyardCode})`);
}
