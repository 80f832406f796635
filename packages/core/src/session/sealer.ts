import { webcrypto } from 'node:crypto';

import { CompactEncrypt, compactDecrypt } from 'jose';

import { isRecord, parseJson } from '../json.js';
import type { SubKey } from '../keys/key-ring.js';

/** Longest sealed text that is opened, in characters: more cannot come in a cookie. */
const sealedLimit = 4_096;

/**
 * Seals claims for ourselves: nobody else can read or change them (JWE, `dir` with `A256GCM`, RFC 7516). The sub-keys
 * belong to one purpose, and the purpose and the expiry stand inside as well.
 */
export interface Sealer {
  /** @returns the sealed text, safe as a cookie value */
  seal(claims: Readonly<Record<string, unknown>>, expiresAt: Date): Promise<string>;
  /** @returns the claims, or null for anything that is not ours, is damaged or has expired */
  open(sealed: string, now: Date): Promise<Readonly<Record<string, unknown>> | null>;
}

export function createSealer(purpose: string, subKeys: readonly [SubKey, ...SubKey[]]): Sealer {
  const [newest] = subKeys;
  const byId = new Map(subKeys.map((subKey) => [subKey.id, importedOnce(subKey)]));
  const newestKey = byId.get(newest.id) ?? importedOnce(newest);
  const encoder = new TextEncoder();
  return {
    async seal(claims, expiresAt) {
      const content = { purpose, claims, exp: Math.floor(expiresAt.getTime() / 1_000) };
      return new CompactEncrypt(encoder.encode(JSON.stringify(content)))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: newest.id })
        .encrypt(await newestKey());
    },
    async open(sealed, now) {
      if (sealed.length > sealedLimit) return null;
      let content: unknown;
      try {
        const { plaintext } = await compactDecrypt(
          sealed,
          ({ kid }) => {
            const key = byId.get(kid ?? '');
            if (key === undefined) throw new Error('sealed with another key');
            return key();
          },
          { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] },
        );
        content = parseJson(plaintext);
      } catch {
        return null;
      }
      if (!isRecord(content) || content.purpose !== purpose || !isRecord(content.claims)) return null;
      const expiry = content.exp;
      return typeof expiry === 'number' && expiry * 1_000 > now.getTime() ? content.claims : null;
    },
  };
}

/** The key in the form that `jose` works with. Made at the first use, and only then: it would make it each time. */
function importedOnce({ key }: SubKey): () => Promise<webcrypto.CryptoKey> {
  let imported: Promise<webcrypto.CryptoKey> | undefined;
  return () => {
    imported ??= webcrypto.subtle.importKey('raw', key.export(), 'AES-GCM', false, ['encrypt', 'decrypt']);
    return imported;
  };
}
