import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';

import { TalkyardError } from './talkyard-error.js';
import { asObject, checkUserInput, emailShapeFault, type UserInput } from './user-input.js';

/**
 * Opens a comment token and reads the person in it, with Talkyard's codes for everything that can be wrong with it.
 *
 * @param setting the site's PASETO secret as it was saved
 */
export function readAuthnToken(token: string, setting: string, now: Date): UserInput {
  if (setting === '')
    throw new TalkyardError(403, 'TyE3P3MSEJ4', 'No PASETO v2.local secret has been configured');
  if (!token.startsWith('paseto:'))
    throw new TalkyardError(403, 'TyE4A603MSJ', 'Not a PASETO token: no "paseto:" prefix');
  const paseto = token.slice('paseto:'.length);
  if (!paseto.startsWith('v2.local.')) {
    throw new TalkyardError(403, 'TyEU9KTKN4862', 'Only PASETO v2.local tokens are supported');
  }
  if (!setting.startsWith('hex:')) {
    throw new TalkyardError(501, 'TYE329067MSTED', 'base64 PASETO secrets are not implemented');
  }
  const claims = parseClaims(decrypt(paseto, Buffer.from(setting.slice('hex:'.length), 'hex')));
  checkTimes(claims, now);
  return readUser(claims);
}

function decrypt(paseto: string, key: Uint8Array): Uint8Array {
  const [, , bodyText = '', footerText = '', ...more] = paseto.split('.');
  const body = decodeBase64url(bodyText);
  const footer = decodeBase64url(footerText);
  if (body === undefined || footer === undefined || more.length > 0 || body.length < 24 + 16) {
    throw unknownFault('The token is malformed');
  }
  const nonce = body.subarray(0, 24);
  const pieces = [Buffer.from('v2.local.'), nonce, footer];
  const associated = Buffer.concat([
    le64(pieces.length),
    ...pieces.flatMap((piece) => [le64(piece.length), piece]),
  ]);
  try {
    return xchacha20poly1305(key, nonce, associated).decrypt(body.subarray(24));
  } catch {
    throw new TalkyardError(400, 'TyEPASSECEX_', 'The token could not be decrypted', { bare: true });
  }
}

function le64(number: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(number));
  return bytes;
}

function decodeBase64url(text: string): Buffer | undefined {
  return /^[A-Za-z0-9_-]*$/.test(text) && text.length % 4 !== 1 ? Buffer.from(text, 'base64url') : undefined;
}

function parseClaims(plaintext: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(plaintext).toString('utf8'));
  } catch {
    throw unknownFault('The token is not JSON');
  }
  const claims = asObject(value);
  if (claims === undefined) throw unknownFault('The token is not a JSON object');
  return claims;
}

function checkTimes(claims: Readonly<Record<string, unknown>>, now: Date): void {
  const expiration = readTime(claims.exp);
  const notBefore = readTime(claims.nbf);
  readTime(claims.iat);
  if (expiration !== undefined && now.getTime() > expiration) throw unknownFault('The token has expired');
  if (notBefore !== undefined && now.getTime() < notBefore) throw unknownFault('The token is not valid yet');
}

/** Milliseconds since 1970: a number as it stands, a text as ISO 8601 date-time with offset. */
function readTime(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return value;
  const parts =
    typeof value === 'string'
      ? /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|([+-])(\d\d):(\d\d))$/i.exec(
          value,
        )
      : null;
  if (parts === null) throw unknownFault('Bad date');
  const number = (at: number) => Number(parts[at] ?? 0);
  const [year, month, day, hour, minute, second] = [
    number(1),
    number(2),
    number(3),
    number(4),
    number(5),
    number(6),
  ];
  const millis = Math.floor(Number(`0.${parts[7] ?? '0'}`) * 1_000);
  const local = Date.UTC(year, month - 1, day, hour, minute, second, millis);
  const offset = (number(10) * 60 + number(11)) * (parts[9] === '-' ? -1 : 1);
  const real = new Date(local);
  const same =
    real.getUTCFullYear() === year &&
    real.getUTCMonth() === month - 1 &&
    real.getUTCDate() === day &&
    real.getUTCHours() === hour &&
    real.getUTCMinutes() === minute &&
    real.getUTCSeconds() === second;
  if (!same || Math.abs(offset) > 18 * 60 || number(11) > 59) throw unknownFault('Bad date');
  return local - offset * 60_000;
}

function readUser(claims: Readonly<Record<string, unknown>>): UserInput {
  const user = readMap(readMap(claims, 'data'), 'user');
  const ssoId = readText(user, 'ssoId') ?? missingText('ssoId');
  if (ssoId === '') throw claimsFault('TyE5603MRE245', 'The ssoId is empty');
  const email = (readText(user, 'primaryEmailAddress') ?? missingText('primaryEmailAddress')).trim();
  const verified = user.isEmailAddressVerified ?? false;
  if (typeof verified !== 'boolean')
    throw claimsFault('TyE5WM3GM6A2', 'isEmailAddressVerified is not a boolean');
  const extId = readText(user, 'extId');
  const username = readText(user, 'username')?.trim();
  const fullName = readText(user, 'fullName')?.trim();
  if (emailShapeFault(email) !== undefined) throw claimsFault('TyE4MS6W2RI', `Bad email address: ${email}`);
  if (extId !== undefined && extId.length > 128)
    throw claimsFault('TyEEXTIDLNG', 'The extId is too long [TyE402TKUHR24]');
  if (ssoId !== ssoId.trim()) {
    throw new TalkyardError(400, 'TyE502WKDTTSR2', 'The ssoId starts or ends with blanks [TyESSOBLNKS]', {
      bare: true,
    });
  }
  const input = {
    ssoId,
    extId: extId?.trim() === '' ? undefined : extId,
    email,
    emailVerified: verified,
    username: username === '' ? undefined : username,
    fullName: fullName === '' ? undefined : fullName,
    // No token can make an administrator.
    admin: false,
    moderator: false,
  };
  checkUserInput(input);
  return input;
}

function readMap(parent: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> {
  const value = parent[name];
  if (value === undefined || value === null) throw claimsFault('TyEPARMAP0MAP_', `No "${name}" map`);
  const map = asObject(value);
  if (map === undefined) throw claimsFault('TyE603MATE24', `"${name}" is not a map`);
  return map;
}

function readText(user: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = user[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw claimsFault('TyE740MGE3M', `"${name}" is not a string`);
  return value;
}

function missingText(name: string): never {
  throw claimsFault('TyEPARMAP0ST_', `No "${name}" string`);
}

function claimsFault(code: string, message: string): TalkyardError {
  return new TalkyardError(400, 'TyEPASCLAIMS_', `Bad claims: ${message} [${code}]`, { bare: true });
}

function unknownFault(message: string): TalkyardError {
  return new TalkyardError(400, 'TyEPASUNKEX', message, { bare: true });
}
