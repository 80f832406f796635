import { createHmac, type KeyObject } from 'node:crypto';

import type { SiteUser } from '@forum-sso/core';

import type { ContentDigest, UserDigest } from './sent-table.js';

/** One of the site's keys, as derived for the journal of one connector. */
export interface JournalKey {
  /** Says nothing about the key. */
  readonly id: string;
  readonly key: KeyObject;
}

/**
 * Digests for the journal, keyed so that nobody without the site's key can tell whom or what they are about, nor try
 * out guesses.
 */
export class Digests {
  readonly keyId: string;
  readonly #key: KeyObject;

  constructor({ id, key }: JournalKey) {
    this.keyId = id;
    this.#key = key;
  }

  /** Which community, by its connector and address: 32 hex digits. */
  target(kind: string, connector: string, address: string): string {
    return this.#digest(JSON.stringify(['target', kind, connector, address])).slice(0, 32);
  }

  user(id: string): UserDigest {
    return this.#digest(`user\n${id}`).slice(0, 15);
  }

  content(user: SiteUser): ContentDigest {
    const digest = this.#digest(`content\n${JSON.stringify(user)}`);
    // The table keeps 47 bits.
    return (Number.parseInt(digest[0] ?? '0', 16) & 7).toString(16) + digest.slice(1, 12);
  }

  #digest(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('hex');
  }
}
