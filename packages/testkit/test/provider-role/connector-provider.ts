import { randomBytes } from 'node:crypto';

import { createForumSso, memoryStore, type SiteSession, type SiteUser, type SsoReply } from '@forum-sso/core';
import { discourseConnectProvider } from '@forum-sso/core/discourse';
import { nodeRequest, writeReply } from '@forum-sso/core/node';
import type { ProviderPerson, ProviderSetUp, RunningProvider } from '../../src/provider-role/index.js';
import { type BrowserClient, listenOnFreePort } from '../../src/provider-role/index.js';

/** Ways to spoil the site, to see that it is noticed. */
export interface Spoiler {
  /** Changes what is sent. */
  readonly reply?: (reply: SsoReply, target: string) => SsoReply;
  readonly signOut?: (end: () => void, endAll: () => void) => void;
  readonly person?: (user: SiteUser) => SiteUser;
}

interface Session {
  user: SiteUser | null;
  confirmed: boolean;
}

const cookieName = 'site-session';

/** A site whose sign-in is that of a test: `discourseConnectProvider` behind Node's own server. */
export async function startConnector(
  { lines, people, enabled = true }: ProviderSetUp,
  spoiler: Spoiler = {},
): Promise<RunningProvider> {
  if (!enabled) return startNothing();
  const sessions = new Map<string, Session>();
  const suspended = new Set<string>();
  const events: unknown[] = [];
  const { person: spoilPerson = (user) => user, reply: spoilReply = (reply) => reply } = spoiler;
  const users = new Map(people.map((person) => [person.username, spoilPerson(siteUser(person))]));

  const sso = createForumSso({
    baseUrl: 'http://localhost/sso',
    keys: randomBytes(32).toString('hex'),
    store: memoryStore(),
    events: (event) => events.push(event),
    connectors: [
      discourseConnectProvider({
        clients: lines,
        allowBroadWildcard: true,
        numberOf: ({ id }) => Number(id),
        siteUserOf: String,
        twoFactor: ({ username }, returnPath) => {
          if (people.find((person) => person.username === username)?.secondFactor !== true) return 'none';
          const confirmed = [...sessions.values()].some(
            (one) => one.user?.username === username && one.confirmed,
          );
          return confirmed ? 'confirmed' : { path: `/second-factor?next=${encodeURIComponent(returnPath)}` };
        },
      }),
    ],
  });
  const sessionOf = (id: string): SiteSession => ({
    currentUser: async () => {
      const user = sessions.get(id)?.user ?? null;
      return user === null ? null : { ...user, suspended: suspended.has(user.username ?? '') };
    },
    signIn: async () => {},
    signOut: async () => {
      const end = (): void => void sessions.delete(id);
      if (spoiler.signOut === undefined) end();
      else spoiler.signOut(end, () => sessions.clear());
    },
  });
  const server = await listenOnFreePort(() => async (message, response) => {
    const target = message.url ?? '';
    const id = new RegExp(`(?:^|; )${cookieName}=(\\w+)`).exec(message.headers.cookie ?? '')?.[1] ?? '';
    const reply = await sso.handle(nodeRequest(message, target), sessionOf(id));
    if (reply === null) response.writeHead(404).end();
    else writeReply(response, spoilReply(reply, target));
  });
  const { origin } = server;

  async function logIn(browser: BrowserClient, username: string): Promise<void> {
    const id = randomBytes(8).toString('hex');
    sessions.set(id, { user: users.get(username) ?? null, confirmed: false });
    await browser.plant(origin, `${cookieName}=${id}; Path=/; HttpOnly; SameSite=Lax`);
  }
  const sessionIn = async (browser: BrowserClient): Promise<Session | undefined> =>
    sessions.get((await browser.cookies(origin)).get(cookieName) ?? '');

  return {
    origin,
    logIn,
    async logInOnTheWay(browser, asked, username) {
      await logIn(browser, username);
      return browser.open(origin + nextOf(asked.target, '/login', 'returnTo'), { from: asked.target });
    },
    async confirmSecondFactor(browser, asked) {
      const session = await sessionIn(browser);
      if (session !== undefined) session.confirmed = true;
      return browser.open(origin + nextOf(asked.target, '/second-factor', 'next'), { from: asked.target });
    },
    whoIs: async (browser) => (await sessionIn(browser))?.user?.username ?? null,
    suspend: async (username) => void suspended.add(username),
    log: () => JSON.stringify(events),
    close: server.close,
  };
}

/** A site that has no such connector. */
async function startNothing(): Promise<RunningProvider> {
  const { origin, close } = await listenOnFreePort(
    () => (_message, response) => response.writeHead(404).end(),
  );
  const nobody = async (): Promise<never> => {
    throw new Error('Nobody logs in here.');
  };
  return {
    ...{ origin, close, logIn: nobody, logInOnTheWay: nobody, confirmSecondFactor: nobody, suspend: nobody },
    whoIs: async () => null,
    log: () => '',
  };
}

/** Where a page of the site is to lead back to. */
function nextOf(target: string, path: string, parameter: string): string {
  const { pathname, searchParams } = new URL(target);
  if (pathname !== path) throw new Error(`It leads to ${pathname}.`);
  return searchParams.get(parameter) ?? '';
}

function siteUser({ id, secondFactor: _, ...person }: ProviderPerson): SiteUser {
  return { ...person, id: String(id), emailVerified: true };
}
