import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

/** A secret, as configured or prepared. */
export type SigningKey = KeyObject | string;

const lowerCaseHex = /^[0-9a-f]{64}$/;

/** The two signatures that are being compared. They are made once: nothing else runs until a comparison is over. */
const received = Buffer.alloc(64);
const expected = Buffer.alloc(64);

/** HMAC-SHA256 of a text (as UTF-8) or of bytes, in lower-case hex. */
export function signatureOf(content: string | Uint8Array, key: SigningKey): string {
  return createHmac('sha256', key).update(content).digest('hex');
}

/**
 * Finds the key that made a signature, comparing in constant time. Only 64 lower-case hex digits can match.
 * @returns the key's index, or -1
 */
export function findSigningKey(
  content: string | Uint8Array,
  signature: string,
  keys: readonly SigningKey[],
): number {
  // Before any bytes are compared: latin1 folds "š" and "a" into one byte.
  if (!lowerCaseHex.test(signature)) return -1;
  received.write(signature, 'latin1');
  for (const [index, key] of keys.entries()) {
    expected.write(signatureOf(content, key), 'latin1');
    if (timingSafeEqual(expected, received)) return index;
  }
  return -1;
}
