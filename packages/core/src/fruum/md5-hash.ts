import { createHash, timingSafeEqual } from 'node:crypto';

/** True for a text that can be an MD5 in hex, as old pages have it. */
export function isMd5Hash(hash: string): boolean {
  return /^[0-9a-f]{32}$/.test(hash);
}

/**
 * Whether an old page's hash is the MD5 of the person's e-mail address. Anyone who knows the address can make it, and
 * it never ends: for the time of a move only.
 */
export function matchesMd5Hash(email: string, hash: string): boolean {
  const expected = createHash('md5').update(email).digest();
  return isMd5Hash(hash) && timingSafeEqual(expected, Buffer.from(hash, 'hex'));
}
