import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

import { errorFrom, isRefusal, type Refusal, refusal } from '../errors.js';
import { prepareSecrets, type SecretOption, type SecretRing, secretKinds } from '../secrets.js';

/** Farthest expiry that is accepted, in seconds from now. */
export const hashLifeLimit = 86_400;

/** The option that holds the secret, for messages. It stands in no setting of Fruum: the site alone knows it. */
export const secretSetting = 'secret (FRUUM_SECRET)';

export interface SignUserHashOptions {
  /** At least 32 random bytes, for this one forum; of several, the first signs. */
  readonly secret: SecretOption;
  /** Fruum's id of the forum (its `app_id`): a hash for one forum is worth nothing at another. */
  readonly forumId: string;
  /** End of the hash's life; fractions of a second are cut off. More than 24 hours ahead is never accepted. */
  readonly expiresAt: Date;
}

/** A hash that has verified. */
export interface VerifiedHash {
  /** End of its life, in seconds since 1970. */
  readonly expiry: number;
  /** Which of the keys made it: 0 is the current one. */
  readonly keyPosition: number;
}

/**
 * Makes the `hash` that stands beside `id` in `fruumSettings.user`: `1.<expiry in seconds>.<HMAC-SHA256, base64url>`.
 * Fruum itself defines nothing here, it only carries the text to the auth endpoint. The MAC covers purpose and version,
 * forum, user and expiry, each with its length in front.
 *
 * @param userId the person's id at the site, 1 to 255 characters
 * @throws ForumSsoError `ERR_FRUUM_SECRET_UNUSABLE`, `ERR_FRUUM_VALUE_UNUSABLE`
 */
export function signUserHash(userId: string, { secret, forumId, expiresAt }: SignUserHashOptions): string {
  // The first secret signs, whatever the time: a date of the past leaves none of them out.
  const ring = readUserHashSecrets(secret, new Date(0));
  const key = isRefusal(ring) ? undefined : ring.keysAt(new Date(0))[0];
  if (isRefusal(ring)) throw errorFrom(ring);
  if (key === undefined) throw errorFrom(refusal('ERR_FRUUM_SECRET_UNUSABLE', `${secretSetting} is empty.`));
  const hash = makeUserHash(userId, { key, forumId, expiresAt });
  if (isRefusal(hash)) throw errorFrom(hash);
  return hash;
}

/** Like {@link signUserHash}, with a key that is ready for use; a refusal instead of an error. */
export function makeUserHash(
  userId: string,
  {
    key,
    forumId,
    expiresAt,
  }: { readonly key: KeyObject; readonly forumId: string; readonly expiresAt: Date },
): string | Refusal {
  if (!isUsableId(userId)) {
    return refusal(
      'ERR_FRUUM_VALUE_UNUSABLE',
      'A user id for Fruum is a text of 1 to 255 characters without control characters.',
    );
  }
  if (!isUsableId(forumId)) {
    return refusal(
      'ERR_FRUUM_VALUE_UNUSABLE',
      'forumId must be the id that the forum has in Fruum (--add-app <id>).',
    );
  }
  const expiry = expiresAt instanceof Date ? Math.floor(expiresAt.getTime() / 1_000) : Number.NaN;
  if (!(expiry > 0)) {
    return refusal('ERR_FRUUM_VALUE_UNUSABLE', 'expiresAt must be a valid date after 1970.');
  }
  return `1.${expiry}.${mac(key, forumId, userId, String(expiry))}`;
}

/**
 * Verifies a hash: shape, then MAC in constant time with every key, then expiry (not over, and at most 24 hours
 * ahead). Says nothing about whether the account still exists, and is no credential for anything but Fruum.
 */
export function verifyUserHash(
  userId: string,
  hash: string,
  {
    keys,
    forumId,
    now,
  }: { readonly keys: readonly KeyObject[]; readonly forumId: string; readonly now: Date },
): VerifiedHash | Refusal {
  const parts = /^1\.([1-9]\d{0,11})\.([\w-]{43})$/.exec(hash);
  const [, expiryText = '', signature = ''] = parts ?? [];
  if (parts === null) {
    return refusal('ERR_FRUUM_HASH_INVALID', 'The hash does not have the form of one of ours.');
  }
  const given = Buffer.from(signature, 'latin1');
  let keyPosition = -1;
  for (const [position, key] of keys.entries()) {
    const expected = Buffer.from(mac(key, forumId, userId, expiryText), 'latin1');
    if (timingSafeEqual(expected, given) && keyPosition === -1) keyPosition = position;
  }
  if (keyPosition === -1) {
    return refusal(
      'ERR_FRUUM_HASH_INVALID',
      'The hash was not made for this user and forum with one of the secrets (FRUUM_SECRET, FRUUM_FORUM_ID).',
    );
  }
  const expiry = Number(expiryText);
  const secondsLeft = expiry - now.getTime() / 1_000;
  if (!(secondsLeft > 0)) {
    return refusal('ERR_FRUUM_HASH_EXPIRED', 'The hash is over: the page was open longer than it lives.');
  }
  if (secondsLeft > hashLifeLimit) {
    return refusal(
      'ERR_FRUUM_HASH_TOO_LONG_LIVED',
      'The hash expires more than 24 hours from now: whoever signs it must give it a shorter life.',
    );
  }
  return { expiry, keyPosition };
}

/** Reads the secrets of a forum: one to three, each of 32 bytes or more. */
export function readUserHashSecrets(secret: unknown, now: Date): SecretRing | Refusal {
  const { ring, problems } = prepareSecrets(secret, secretSetting, secretKinds.fruum, now);
  return ring ?? refusal('ERR_FRUUM_SECRET_UNUSABLE', problems.join(' '));
}

/**
 * True for ids that a MAC can stand for: bounded, no control characters, and no half of a surrogate pair, since all of
 * those have the same bytes in UTF-8.
 */
export function isUsableId(id: unknown): id is string {
  return typeof id === 'string' && id.length >= 1 && id.length <= 255 && !/\p{Cc}|\p{Surrogate}/u.test(id);
}

function mac(key: KeyObject, forumId: string, userId: string, expiry: string): string {
  const framed = ['forum-sso/fruum/user-hash/1', forumId, userId, expiry]
    .map((part) => `${Buffer.byteLength(part)}:${part}`)
    .join('');
  return createHmac('sha256', key).update(framed).digest('base64url');
}
