import { createSessions, type ServerAddress, type Sessions } from '../../server/index.js';
import { type SeedWikiAccount, WikiAccounts } from './accounts.js';
import type { WikiConfig } from './config.js';

/** What the wiki keeps for a browser. */
export interface WikiSession {
  /** Who is logged in. */
  accountId: number | null;
  /** A login on its way. */
  login: StartedLogin | null;
}

/** A login that was begun in this browser. */
export interface StartedLogin {
  /** Set once the browser was sent to the forum. */
  nonce: string | null;
  /** How the wiki asks: quietly at a first visit, noisily after a session ran out, or because somebody wants to log in. */
  probe: 'quiet' | 'noisy' | null;
  readonly returnTo: string;
  readonly returnToQuery: string;
}

/** A webhook that came, and what was answered. */
export interface WikiWebhookRecord {
  readonly at: Date;
  readonly type: string;
  readonly event: string;
  readonly eventId: string;
  readonly body: string;
  readonly status: number;
  readonly answer: string;
}

/** A login that failed, or a call of the forum's API. */
export interface WikiLogEntry {
  readonly at: Date;
  readonly what: string;
}

export interface WikiParts {
  readonly config: WikiConfig;
  readonly accounts: readonly SeedWikiAccount[];
  readonly autoCreateAccounts: boolean;
  readonly sessionSeconds: number;
  readonly address: ServerAddress;
  readonly fetch: typeof fetch;
  readonly now: () => Date;
}

const keptRecords = 200;

/** A wiki and all that it remembers. */
export class Wiki {
  readonly config: WikiConfig;
  readonly accounts: WikiAccounts;
  readonly address: ServerAddress;
  readonly fetch: typeof fetch;
  readonly now: () => Date;
  readonly webhooks: WikiWebhookRecord[] = [];
  readonly log: WikiLogEntry[] = [];
  #sessions: Sessions<WikiSession>;
  readonly #makeSessions: () => Sessions<WikiSession>;

  constructor({ config, accounts, autoCreateAccounts, sessionSeconds, address, fetch, now }: WikiParts) {
    this.config = config;
    this.accounts = new WikiAccounts(config, accounts, autoCreateAccounts);
    this.address = address;
    this.fetch = fetch;
    this.now = now;
    this.#makeSessions = () =>
      createSessions<WikiSession>({
        name: 'wiki_session',
        address,
        create: () => ({ accountId: null, login: null }),
        lifetimeSeconds: sessionSeconds,
        now,
      });
    this.#sessions = this.#makeSessions();
  }

  get sessions(): Sessions<WikiSession> {
    return this.#sessions;
  }

  /** Lets all sessions run out, as time does. Cookies of the wiki stay. */
  expireSessions(): void {
    this.#sessions = this.#makeSessions();
  }

  /** Address of a page, in which a blank is an underscore. */
  urlOf(title: string, more = ''): string {
    return `${this.address.origin}/index.php?title=${encodeURIComponent(title.replaceAll(' ', '_')).replaceAll('%3A', ':')}${more === '' ? '' : `&${more}`}`;
  }

  noteWebhook(record: Omit<WikiWebhookRecord, 'at'>): void {
    this.webhooks.push({ at: this.now(), ...record });
    if (this.webhooks.length > keptRecords) this.webhooks.shift();
  }

  note(what: string): void {
    this.log.push({ at: this.now(), what });
    if (this.log.length > keptRecords) this.log.shift();
  }
}
