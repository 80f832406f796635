import { createSessions, type ServerAddress, type Sessions } from '../../server/index.js';
import { sanitizeKey } from '../php/sanitize.js';
import { BlogAccounts, type SeedBlogAccount } from './accounts.js';
import { BlogNonces } from './nonces.js';
import type { BlogOptions } from './options.js';

export interface BlogSession {
  accountId: number | null;
}

/** A webhook that came, and what was answered. */
export interface BlogWebhookRecord {
  readonly at: Date;
  readonly event: string;
  readonly body: string;
  readonly success: boolean;
  readonly message: string;
}

export interface BlogLogEntry {
  readonly at: Date;
  readonly what: string;
}

export interface BlogParts {
  readonly options: BlogOptions;
  readonly accounts: readonly SeedBlogAccount[];
  readonly address: ServerAddress;
  readonly fetch: typeof fetch;
  readonly now: () => Date;
}

const keptRecords = 200;
/** How long the plugin waits for the forum; a login waits as long. */
const timeoutMs = 30_000;

/** A blog and all that it remembers. */
export class Blog {
  readonly options: BlogOptions;
  readonly accounts: BlogAccounts;
  readonly nonces: BlogNonces;
  readonly address: ServerAddress;
  readonly sessions: Sessions<BlogSession>;
  readonly webhooks: BlogWebhookRecord[] = [];
  readonly log: BlogLogEntry[] = [];
  readonly #fetch: typeof fetch;
  readonly #now: () => Date;

  constructor({ options, accounts, address, fetch, now }: BlogParts) {
    this.options = options;
    this.accounts = new BlogAccounts(accounts);
    this.nonces = new BlogNonces(now);
    this.address = address;
    this.sessions = createSessions<BlogSession>({
      name: 'wordpress_logged_in',
      address,
      create: () => ({ accountId: null }),
      now,
    });
    this.#fetch = fetch;
    this.#now = now;
  }

  /**
   * Calls the forum's API as the plugin does.
   * @returns the body of an answer with status 200; null for every other, and without a key
   */
  async callForum(method: 'GET' | 'POST', path: string, body?: unknown): Promise<string | null> {
    const { url, 'api-key': key, 'publish-username': username } = this.options;
    if (key === '') return null;
    try {
      const answer = await this.#fetch(url + path, {
        method,
        headers: {
          'Api-Key': sanitizeKey(key),
          'Api-Username': username,
          Accept: 'application/json',
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      this.note(`${method} ${path} was answered with ${answer.status}.`);
      const text = await answer.text();
      return answer.status === 200 ? text : null;
    } catch {
      this.note(`${method} ${path} was not answered.`);
      return null;
    }
  }

  noteWebhook(record: Omit<BlogWebhookRecord, 'at'>): void {
    this.webhooks.push({ at: this.#now(), ...record });
    if (this.webhooks.length > keptRecords) this.webhooks.shift();
  }

  note(what: string): void {
    this.log.push({ at: this.#now(), what });
    if (this.log.length > keptRecords) this.log.shift();
  }
}
