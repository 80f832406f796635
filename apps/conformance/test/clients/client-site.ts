import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  createForumSso,
  type ForumSso,
  type ForumSsoEvent,
  type SiteUser,
  storeQueue,
} from '@forum-sso/core';
import { type DiscourseConnectProviderOptions, discourseConnectProvider } from '@forum-sso/core/discourse';
import { answerRequest, nodeRequest, openPage } from '@forum-sso/core/node';
import { type OpenSqlStore, sqliteStore } from '@forum-sso/sql';
import { type BrowserClient, listenOnFreePort, type WireReply } from '@forum-sso/testkit';

export const secret = randomBytes(16).toString('hex');
export const webhookSecret = randomBytes(16).toString('hex');
export const apiKey = randomBytes(16).toString('hex');

export const people = {
  alice: {
    id: 'a-uuid-of-alice',
    username: 'alice_b',
    name: 'Alice ~~~ B.',
    email: 'alice@example.com',
    emailVerified: true,
    admin: true,
    groups: ['editors', 'choir'],
  },
  bob: { id: 'bob', username: 'bob', email: 'bob@example.com', emailVerified: true, groups: ['choir'] },
  carol: { id: 'carol', username: 'carol', email: 'carol@example.com', emailVerified: false },
  dave: { id: 'dave', username: 'dave', email: 'dave@example.com', emailVerified: true, suspended: true },
} as const satisfies Record<string, SiteUser>;

export type PersonName = keyof typeof people;

/** A running site that clients log in with: its own sign-in, and a database in a file. */
export class ClientSite {
  readonly origin: string;
  readonly sso: ForumSso;
  readonly events: readonly ForumSsoEvent[];
  /** The site's accounts; to be changed by tests. */
  readonly users: Map<string, SiteUser>;
  readonly #close: () => Promise<void>;

  private constructor(
    parts: Pick<ClientSite, 'origin' | 'sso' | 'events' | 'users'>,
    close: () => Promise<void>,
  ) {
    this.origin = parts.origin;
    this.sso = parts.sso;
    this.events = parts.events;
    this.users = parts.users;
    this.#close = close;
  }

  /**
   * @param configure starts the client, which has to know where the site is, and says what the connector is to know of it
   * @param file the database; left out: one of its own, which is thrown away
   */
  static async start(
    configure: (origin: string) => Promise<Partial<DiscourseConnectProviderOptions>>,
    file?: string,
  ): Promise<ClientSite> {
    const folder = mkdtempSync(join(tmpdir(), 'clients-'));
    const users = new Map<string, SiteUser>(Object.values(people).map((person) => [person.id, person]));
    const events: ForumSsoEvent[] = [];
    const opened: { sso: ForumSso; store: OpenSqlStore }[] = [];
    const server = await listenOnFreePort(async (origin) => {
      const options = await configure(origin);
      const store = await sqliteStore({ path: file ?? join(folder, 'site.db') });
      const sso = createForumSso({
        baseUrl: `${origin}/sso`,
        keys: randomBytes(32).toString('hex'),
        store,
        findUser: async (id) => users.get(id) ?? null,
        events: (event) => events.push(event),
        queue: storeQueue({
          retry: { attempts: 5, firstSeconds: 0.05, longestSeconds: 0.05 },
          pollSeconds: 0.2,
        }),
        connectors: [discourseConnectProvider({ clients: `127.0.0.1|${secret}`, apiKey, ...options })],
      });
      opened.push({ sso, store });
      return (message, response) => {
        answer(sso, users, message, response).catch((error: unknown) => {
          console.error(error);
          response.writeHead(500).end();
        });
      };
    });
    const [site] = opened;
    if (site === undefined) throw new Error('The site was not set up.');
    return new ClientSite({ origin: server.origin, sso: site.sso, events, users }, async () => {
      await server.close();
      await site.sso.close();
      await site.store.close();
      rmSync(folder, { recursive: true });
    });
  }

  /** Signs a person in at the site itself. */
  signIn(browser: BrowserClient, name: PersonName, next = '/'): Promise<WireReply> {
    const target = `${this.origin}/login?next=${encodeURIComponent(next)}`;
    return browser.submit(target, { user: people[name].id }, { from: this.origin });
  }

  signOut(browser: BrowserClient): Promise<WireReply> {
    return browser.submit(`${this.origin}/logout`, {}, { from: this.origin });
  }

  /** The user name of who is signed in at the site; the empty text for nobody. */
  async whoIs(browser: BrowserClient): Promise<string> {
    return (await browser.open(`${this.origin}/`)).text;
  }

  /** Changes a person and lets all clients know. */
  async change(name: PersonName, changes: Partial<SiteUser>): Promise<void> {
    const { id } = people[name];
    this.users.set(id, { ...(this.users.get(id) ?? people[name]), ...changes });
    await this.sso.push(id);
  }

  close(): Promise<void> {
    return this.#close();
  }
}

async function answer(
  sso: ForumSso,
  users: ReadonlyMap<string, SiteUser>,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const request = nodeRequest(message, message.url ?? '');
  if (await answerRequest(sso, request, response, undefined)) return;
  const forum = await openPage(sso, request, response, undefined);
  if (forum === null) return;
  const { pathname, searchParams } = new URL(message.url ?? '', 'http://site');
  if (message.method === 'POST' && pathname === '/login') {
    const form = new URLSearchParams(Buffer.from(await request.body(1_000)).toString());
    const user = users.get(form.get('user') ?? '');
    if (user !== undefined) await forum.signIn(user);
    response.writeHead(303, { Location: searchParams.get('next') ?? '/' }).end();
  } else if (message.method === 'POST' && pathname === '/logout') {
    await forum.signOut();
    response.writeHead(303, { Location: '/' }).end();
  } else response.end(forum.user?.username ?? '');
}

/** Follows redirects until there is a page. */
export async function toPage(browser: BrowserClient, reply: WireReply): Promise<WireReply> {
  let last = reply;
  for (let i = 0; i < 12 && last.header('location') !== undefined; i++) last = await browser.follow(last);
  return last;
}

/** Opens an address and follows where it leads; whoever is asked to sign in does so. */
export async function visit(
  site: ClientSite,
  browser: BrowserClient,
  url: string,
  signInAs?: PersonName,
): Promise<WireReply> {
  const page = await toPage(browser, await browser.open(url));
  const { origin, pathname, searchParams } = new URL(page.url);
  if (signInAs === undefined || origin !== site.origin || pathname !== '/login') return page;
  return toPage(browser, await site.signIn(browser, signInAs, searchParams.get('returnTo') ?? '/'));
}

/** Waits until something is so; what is done in the background has no other end to wait for. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`It never came to this: ${what}`);
}
