import { type Refusal, refusal } from '../errors.js';

/**
 * Reads the key of the comment tokens as Talkyard's admin page makes it: `hex:` and 64 hex digits, 32 bytes.
 *
 * Talkyard: a `base64:` value can be saved there, too, but every login with it fails; so it is refused here.
 *
 * @returns the key's bytes, or a refusal `ERR_TALKYARD_KEY_UNUSABLE` that says what to do and never shows the key
 */
export function readAuthnKey(key: unknown): Uint8Array | Refusal {
  if (last !== undefined && key === last.text) return last.bytes;
  if (typeof key !== 'string' || !hexKey.test(key)) {
    return refusal('ERR_TALKYARD_KEY_UNUSABLE', whatToDo(key));
  }
  last = { text: key, bytes: Buffer.from(key.slice(4), 'hex') };
  return last.bytes;
}

/** The key that was read last: a site has one, and reading it again for each token would be felt. */
let last: { readonly text: string; readonly bytes: Uint8Array } | undefined;

const hexKey = /^hex:[0-9a-fA-F]{64}$/;

function whatToDo(key: unknown): string {
  if (typeof key !== 'string' || key === '') {
    return 'The PASETO secret is missing. Generate one in Talkyard (Admin, Settings, Login, Single Sign-On) and use the same text here: "hex:" and 64 hex digits.';
  }
  if (key.startsWith('base64:')) {
    return 'Talkyard can save a "base64:" PASETO secret, but cannot log anybody in with it. Generate a "hex:" one in Talkyard and use the same text on both sides.';
  }
  if (!key.startsWith('hex:')) {
    return 'The PASETO secret must begin with "hex:", exactly as Talkyard shows it, followed by 64 hex digits.';
  }
  return `The PASETO secret must have 64 hex digits (32 bytes) after "hex:"; it has ${key.length - 4} characters, or some that are no hex digits. Copy it from Talkyard once more.`;
}
