import { createHash, randomBytes } from 'node:crypto';

import { type ApiScope, isApiScope, scopeAllows } from './api-scopes.js';

/** A key for the API, as it is made. */
export interface NewApiKey {
  /** The key itself; made up when left out: 64 hex digits. */
  readonly key?: string;
  readonly description?: string;
  /** The user that the key acts as; left out, the caller names any user with each call. */
  readonly username?: string;
  /** What the key may do; left out, everything that its user may. */
  readonly scopes?: readonly ApiScope[];
  /** The only addresses that may use it. */
  readonly allowedIps?: readonly string[];
}

/** A key for the API. */
export interface ApiKey {
  readonly id: number;
  readonly key: string;
  readonly description: string;
  /** Null: the caller names the user. */
  readonly username: string | null;
  /** Null: everything. */
  readonly scopes: readonly ApiScope[] | null;
  /** Null: from anywhere. */
  readonly allowedIps: readonly string[] | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

type StoredKey = { -readonly [Name in keyof ApiKey]: ApiKey[Name] };

/** The forum's API keys. */
export class ApiKeys {
  readonly #keys = new Map<string, StoredKey>();
  readonly #now: () => Date;
  #lastId = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  list(): readonly ApiKey[] {
    return [...this.#keys.values()].map((key) => ({ ...key }));
  }

  /** @throws TypeError when the key is empty, holds blanks or exists already, or a scope is unknown */
  create(given: NewApiKey): ApiKey {
    const key = given.key ?? randomBytes(32).toString('hex');
    if (!/^[\x21-\x7e]+$/.test(key)) throw new TypeError('An API key is not empty and holds no blanks.');
    if (this.#keys.has(digest(key))) throw new TypeError('There is such an API key already.');
    const unknown = given.scopes?.find((scope) => !isApiScope(scope));
    if (unknown !== undefined) throw new TypeError(`The emulator knows no API scope "${unknown}".`);
    this.#lastId++;
    const stored: StoredKey = {
      id: this.#lastId,
      key,
      description: given.description ?? '',
      username: given.username ?? null,
      scopes: given.scopes ?? null,
      allowedIps: given.allowedIps ?? null,
      createdAt: this.#now(),
      lastUsedAt: null,
    };
    this.#keys.set(digest(key), stored);
    return { ...stored };
  }

  /** Takes a key back: whether there was one of that number. */
  revoke(id: number): boolean {
    for (const [hash, key] of this.#keys) if (key.id === id) return this.#keys.delete(hash);
    return false;
  }

  /** The key, if it may be used for this action from this address. */
  find(
    key: string,
    use: { readonly action: string; readonly method: string; readonly ip: string },
  ): ApiKey | null {
    const found = this.#keys.get(digest(key));
    if (found === undefined) return null;
    const isAllowed =
      (found.allowedIps === null || found.allowedIps.includes(use.ip)) &&
      (found.scopes === null || found.scopes.some((scope) => scopeAllows(scope, use)));
    return isAllowed ? { ...found } : null;
  }

  /** Remembers that the key was used. */
  touch(id: number): void {
    for (const key of this.#keys.values()) if (key.id === id) key.lastUsedAt = this.#now();
  }
}

/** Keys are found by their digest, so that looking one up takes the same time for every wrong key. */
function digest(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
