import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';

import { type DiscourseOptions, discourse } from '../../src/discourse/index.js';
import type { ForumSsoEvent } from '../../src/events/event.js';
import { createForumSso, type ForumSso } from '../../src/forum-sso.js';
import type { ForumSsoOptions } from '../../src/options/forum-sso-options.js';
import type { SiteUser } from '../../src/site-user.js';

export const secret = randomBytes(16).toString('hex');
export const keys = randomBytes(32).toString('base64');

export interface Account {
  readonly id: number;
  name: string;
  suspended: boolean;
  anonymous: boolean;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/**
 * A forum of few words, by hand: a push makes an account or brings an anonymized one back to life, as the real one does
 * when its id is free again.
 */
export class Forum {
  readonly accounts = new Map<string, Account>();
  readonly lines: string[] = [];
  /** Stands between the coming of a request and its being carried out. */
  hold: ((line: string) => Promise<Answer | null>) | null = null;
  url = '';
  readonly #server: Server;
  #lastId = 0;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const line = `${request.method} ${request.url}`;
      this.lines.push(line);
      const answer = (await this.hold?.(line)) ?? this.#answer(line, body);
      response.writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers });
      response.end(JSON.stringify(answer.body ?? {}));
    });
  }

  static async start(): Promise<Forum> {
    const forum = new Forum();
    await new Promise<void>((resolve) => forum.#server.listen(0, '127.0.0.1', resolve));
    const address = forum.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    forum.url = `http://127.0.0.1:${address.port}`;
    return forum;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** How often something was asked for. */
  count(pattern: RegExp): number {
    return this.lines.filter((line) => pattern.test(line)).length;
  }

  #answer(line: string, body: string): Answer {
    if (line === 'POST /admin/users/sync_sso.json') return this.#sync(body);
    const [, external] = /^GET \/u\/by-external\/(.+)\.json$/.exec(line) ?? [];
    if (external !== undefined) {
      const account = this.accounts.get(decodeURIComponent(external));
      return account === undefined
        ? { status: 404, body: { error_type: 'not_found' } }
        : { status: 200, body: { user: { id: account.id, username: 'x' } } };
    }
    const [, id, verb] = /^(?:PUT|POST) \/admin\/users\/(\d+)\/(\w+)\.json$/.exec(line) ?? [];
    const found = [...this.accounts].find(([, account]) => account.id === Number(id));
    if (found === undefined) return { status: 404, body: { error_type: 'not_found' } };
    const [externalId, account] = found;
    if (verb === 'suspend') account.suspended = true;
    if (verb === 'unsuspend') account.suspended = false;
    if (verb === 'anonymize') {
      account.anonymous = true;
      this.accounts.delete(externalId);
    }
    return { status: 200, body: { success: 'OK' } };
  }

  #sync(body: string): Answer {
    const { sso = '' } = Object.fromEntries(new URLSearchParams(body));
    const fields = new URLSearchParams(Buffer.from(sso, 'base64').toString());
    const externalId = fields.get('external_id') ?? '';
    const account = this.accounts.get(externalId) ?? {
      ...{ id: ++this.#lastId, name: '', suspended: false, anonymous: false },
    };
    account.name = fields.get('name') ?? account.name;
    this.accounts.set(externalId, account);
    return { status: 200, body: { id: account.id, username: 'x', active: true } };
  }
}

export const alice: SiteUser = {
  id: 'u1',
  email: 'alice@example.com',
  emailVerified: true,
  username: 'alice',
  name: 'Alice',
};

export interface Site {
  readonly sso: ForumSso;
  readonly events: ForumSsoEvent[];
  /** What `findUser` finds. */
  readonly users: Map<string, SiteUser>;
}

/** A site with one forum. */
export function siteOf(
  forum: Forum,
  options: Partial<ForumSsoOptions> = {},
  connector: Partial<DiscourseOptions> = {},
): Site {
  const events: ForumSsoEvent[] = [];
  const users = new Map([[alice.id, alice]]);
  const sso = createForumSso({
    baseUrl: 'https://site.example.com/sso',
    keys,
    connectors: [
      discourse({
        forumUrl: forum.url,
        secret,
        api: { key: 'the-admin-key', callsPerMinute: 6_000 },
        ...connector,
      }),
    ],
    findUser: async (id) => users.get(id) ?? null,
    events: (event) => events.push(event),
    ...options,
  });
  return { sso, events, users };
}

/** Waits until something is so. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  seconds = 8,
): Promise<void> {
  const end = performance.now() + seconds * 1_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`Still not so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until no job waits or runs. */
export async function untilIdle({ sso }: Pick<Site, 'sso'>): Promise<void> {
  await until('nothing waits', async () =>
    (await sso.queue.metrics()).every(({ waiting, running }) => waiting === 0 && running === 0),
  );
}

/** A wait that somebody else ends. */
export function gate(): { readonly passed: Promise<void>; open(): void } {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
}
