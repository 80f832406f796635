import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

import { type Refusal, refusal } from '../errors.js';

/** Shortest key, in bytes. */
const minimumBytes = 32;

/**
 * The site's own keys (`FORUM_SSO_KEYS`), newest first. No key is used as it stands: each purpose, connector and
 * site has a sub-key of its own (HKDF-SHA256, RFC 5869), so what was sealed for one cannot be opened for another.
 */
export interface KeyRing {
  /**
   * Sub-keys of 32 bytes, one for each key of the ring, the newest first.
   * @param purpose what they are for, e.g. `session`
   * @param owner the connector's name; the empty string for what belongs to the whole site
   */
  subKeys(purpose: string, owner?: string): readonly [SubKey, ...SubKey[]];
}

export interface SubKey {
  /** Tells the keys of a ring apart; 16 hex characters that say nothing about the key. */
  readonly id: string;
  readonly key: KeyObject;
}

/**
 * Reads the keys: each 32 random bytes or more, in hex or base64.
 * @param texts newest first
 * @param origin the site's origin: part of every sub-key
 */
export function readKeyRing(texts: readonly string[], origin: string): KeyRing | Refusal {
  const roots: Buffer[] = [];
  for (const [index, text] of texts.entries()) {
    const bytes = decodeKey(text);
    if (bytes === undefined || bytes.length < minimumBytes || new Set(bytes).size < 8) {
      return refusal(
        'ERR_OPTIONS_INVALID',
        `keys[${index}] (FORUM_SSO_KEYS) must be at least ${minimumBytes} random bytes in hex or base64: make one with "openssl rand -base64 32".`,
      );
    }
    roots.push(bytes);
  }
  if (new Set(roots.map((root) => root.toString('hex'))).size !== roots.length) {
    return refusal('ERR_OPTIONS_INVALID', 'keys (FORUM_SSO_KEYS) holds the same key twice.');
  }
  const [newest, ...older] = roots;
  if (newest === undefined) {
    return refusal('ERR_OPTIONS_INVALID', 'keys (FORUM_SSO_KEYS) must hold at least one key.');
  }
  return {
    subKeys: (purpose, owner = '') => {
      const info = `forum-sso/1|${purpose}|${owner}|${origin}`;
      return [subKey(newest, info), ...older.map((root) => subKey(root, info))];
    },
  };
}

/**
 * A pseudonym for logs: the same person has the same one, and nobody without the key finds the person.
 * @returns 16 hex characters
 */
export function pseudonym(subKey: SubKey, userId: string): string {
  return createHmac('sha256', subKey.key).update(userId).digest('hex').slice(0, 16);
}

function subKey(root: Buffer, info: string): SubKey {
  return {
    id: Buffer.from(hkdfSync('sha256', root, '', `${info}|id`, 8)).toString('hex'),
    key: createSecretKey(Buffer.from(hkdfSync('sha256', root, '', info, 32))),
  };
}

function decodeKey(text: string): Buffer | undefined {
  if (/^(?:[0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return Buffer.from(text, 'base64');
  return undefined;
}
