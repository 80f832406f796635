import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, expect, test } from '@jest/globals';
import { CookieJar } from 'tough-cookie';

/** The second opinion: it shares no code with what is tested. */
import { type DiscourseEmulator, startDiscourseEmulator } from '../../../../emulators/src/discourse/index.js';
import { type DiscourseLoginOptions, discourseLogin } from '../../../src/discourse/index.js';
import type { ForumSsoEvent } from '../../../src/events/event.js';
import { createForumSso, type ForumSso } from '../../../src/forum-sso.js';
import { answerRequest, nodeRequest } from '../../../src/node.js';
import { memoryStore } from '../../../src/store/memory-store.js';
import { Accounts } from './site.js';

const secret = randomBytes(16).toString('hex');
const webhookSecret = randomBytes(16).toString('hex');
const apiKey = randomBytes(32).toString('hex');

const running: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

/** A site and a forum on real ports, with the webhook between them. */
async function world({ withApi }: { readonly withApi: boolean }) {
  let listener: RequestListener = (_, response) => response.writeHead(503).end();
  const server: Server = createServer((message, response) => listener(message, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push({ close: () => server.close().closeAllConnections() });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const origin = `http://localhost:${address.port}`;

  const forum = await startDiscourseEmulator({
    port: 0,
    settings: {
      enable_discourse_connect_provider: true,
      discourse_connect_provider_secrets: `localhost|${secret}`,
      log_out_strict: true,
    },
    groups: ['makers'],
    users: [{ username: 'sam', email: 'sam@example.com', name: 'Sam' }],
    apiKeys: [{ key: apiKey }],
    webhooks: [
      { url: `http://127.0.0.1:${address.port}/sso/discourse-login/webhook`, secret: webhookSecret },
    ],
  });
  running.push(forum);

  const accounts = new Accounts();
  const events: ForumSsoEvent[] = [];
  const store = memoryStore();
  const options: DiscourseLoginOptions = {
    forumUrl: forum.origin,
    secret,
    ...accounts.callbacks,
    groupMap: { workshop: ['makers'], staff: ['@ADMIN@'] },
    webhook: { secret: webhookSecret },
    logout: { followForum: true },
    ...(withApi ? { api: { key: apiKey } } : {}),
  };
  const sso: ForumSso = createForumSso({
    baseUrl: `${origin}/sso`,
    keys: randomBytes(32).toString('hex'),
    connectors: [discourseLogin(options)],
    store,
    events: (event) => events.push(event),
  });
  listener = (message, response) => {
    answerRequest(sso, nodeRequest(message, message.url ?? ''), response, undefined).catch(() =>
      response.destroy(),
    );
  };
  return { forum, sso, store, accounts, events, origin };
}

type World = Awaited<ReturnType<typeof world>>;

/** A browser in which somebody is logged in at the forum. */
class Browser {
  readonly #jar = new CookieJar();
  constructor(readonly world: World) {}

  async #get(url: string, cookie: string): Promise<Response> {
    const response = await fetch(url.replace('//localhost:', '//127.0.0.1:'), {
      redirect: 'manual',
      headers: { cookie, accept: 'text/html' },
    });
    await response.arrayBuffer();
    return response;
  }

  /** Clicks "Sign in with the forum" and follows all redirects. @returns where it ends */
  async signIn(username: string): Promise<string | null> {
    const { origin, forum } = this.world;
    const own = async (url: string): Promise<string> => {
      const response = await this.#get(url, await this.#jar.getCookieString(url));
      for (const line of response.headers.getSetCookie()) await this.#jar.setCookie(line, url);
      return response.headers.get('location') ?? `status ${response.status}`;
    };
    const away = await own(`${origin}/sso/discourse-login/start?returnTo=/account`);
    const back = await this.#get(away, await forum.logInAs(username));
    return own(back.headers.get('location') ?? '');
  }

  async user() {
    const { sso, origin } = this.world;
    const cookie = await this.#jar.getCookieString(origin);
    const request = { method: 'GET', url: '/page', headers: { cookie }, ip: undefined };
    return (await sso.visit({ ...request, body: async () => new Uint8Array() })).user;
  }
}

const settled = ({ forum }: { readonly forum: DiscourseEmulator }) => forum.webhooks.settled();

test.each([true, false])('an account’s life at a forum, with its API: %s', async (withApi) => {
  const all = await world({ withApi });
  const { forum, accounts, store } = all;
  const browser = new Browser(all);
  expect(await browser.signIn('sam')).toBe('/account');
  await settled(all);
  const linked = await store.links?.findBySiteUser('discourse-login', 'new-1');
  expect(await browser.user()).toMatchObject({ id: 'new-1', username: 'sam', groups: [] });

  // Groups and staff rights: without the API nothing tells that they changed, until something else happens.
  forum.addToGroup('sam', 'makers');
  forum.setStaff('sam', { admin: true });
  await settled(all);
  if (withApi) expect(accounts.users.get('new-1')?.groups).toContain('workshop');
  await browser.signIn('sam');
  expect(accounts.users.get('new-1')?.groups).toEqual(['workshop', 'staff']);
  forum.removeFromGroup('sam', 'makers');
  forum.setStaff('sam', { admin: false });
  forum.updateProfile('sam', { timezone: 'Europe/Rome' });
  await settled(all);
  expect(accounts.users.get('new-1')?.groups).toEqual([]);

  // Name and address: the webhook brings them, and what is told is what the forum has now.
  forum.changeUsername('sam', 'samuel');
  forum.changeEmail('samuel', 'samuel@example.com');
  await settled(all);
  await browser.signIn('samuel');
  const told = accounts.changes.map(({ forumUser }) => forumUser);
  if (withApi) expect(told.map(({ email }) => email)).toContain('samuel@example.com');
  for (const { email } of told) expect(['sam@example.com', 'samuel@example.com', undefined]).toContain(email);
  expect(told.at(-1)).toMatchObject({ username: 'samuel', email: 'samuel@example.com' });
  expect(await store.links?.findBySiteUser('discourse-login', 'new-1')).toBe(linked);
  expect(accounts.created).toBe(1);

  // The session here ends with a log-out there, and with a suspension.
  expect(await browser.user()).not.toBeNull();
  forum.logOut('samuel');
  await settled(all);
  expect(await browser.user()).toBeNull();
  await browser.signIn('samuel');
  forum.suspend('samuel', new Date('2130-01-01'), 'spam');
  await settled(all);
  expect(await browser.user()).toBeNull();
  forum.unsuspend('samuel');

  // Anonymized: the link stays, and the site hears of it.
  await browser.signIn('samuel');
  const name = forum.anonymize('samuel');
  await settled(all);
  expect(await store.links?.findBySiteUser('discourse-login', 'new-1')).toBe(linked);
  if (withApi) expect(accounts.changes.at(-1)?.forumUser).toMatchObject({ username: name, name: '' });

  // Destroyed: all sessions end; with the API the link is gone for good.
  const other = new Browser(all);
  await other.signIn(name);
  forum.remove(name);
  await settled(all);
  expect(await other.user()).toBeNull();
  expect(await store.links?.isRetired('discourse-login', linked ?? '')).toBe(withApi);
  expect(all.events.filter(({ type }) => type === 'request.refused')).toEqual([]);
});
