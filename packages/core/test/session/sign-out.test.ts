import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';

import type { Connector } from '../../src/connector.js';
import { coral } from '../../src/coral/index.js';
import {
  type DiscourseLoginOptions,
  discourseConnectProvider,
  discourseLogin,
} from '../../src/discourse/index.js';
import { errorFrom, refusal } from '../../src/errors.js';
import { fruum } from '../../src/fruum/index.js';
import type { SsoReply } from '../../src/http/reply.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { talkyard } from '../../src/talkyard/index.js';
import {
  Browser,
  forumUrl,
  fragileStore,
  lastCode,
  locationOf,
  secret,
  signed,
  site,
} from '../discourse/login/site.js';

const clientSecret = randomBytes(16).toString('hex');
const webhookSecret = randomBytes(16).toString('hex');

/** The other ways in which a sign-out can begin, beside the log-out of `discourseLogin` itself. */
const others: readonly Connector[] = [
  talkyard({ serverUrl: 'https://talk.example.com', apiSecret: randomBytes(16).toString('hex') }),
  coral({
    coralUrl: 'https://comments.example.com',
    secret: `ssosec_${randomBytes(32).toString('hex')}`,
    kid: '0123456789abcdef',
  }),
  discourseConnectProvider({
    clients: [{ domain: 'wiki.example.com', secret: clientSecret }],
    numberOf: () => 1,
    siteUserOf: () => null,
  }),
];

const logOutOfClient = (): string =>
  `/session/sso_provider?${signed({ nonce: 'n', return_sso_url: 'https://wiki.example.com/out', logout: 'true' }, clientSecret)}`;

/** Every way to sign out on purpose in this browser. */
const signOuts: Readonly<Record<string, (browser: Browser) => Promise<unknown>>> = {
  'the log-out of discourseLogin': (browser) => browser.post('/sso/discourse-login/logout'),
  'the landing page after a log-out at the forum': async (browser) => {
    const away = locationOf(await browser.open('/sso/discourse-login/forum-logout'));
    const sso = new URL(away).searchParams.get('sso') ?? '';
    const request = Object.fromEntries(new URLSearchParams(Buffer.from(sso, 'base64').toString()));
    return browser.arrive(request, { failed: 'true' });
  },
  'the page after a log-out of Talkyard': (browser) => browser.post('/sso/talkyard/sign-out'),
  "the sign-out of Coral's comments": (browser) => browser.post('/sso/coral/sign-out'),
  'a client that forwards its log-out': (browser) => browser.open(logOutOfClient()),
  'a page of the site': async (browser) => {
    const visit = await browser.visit('/account', { headers: { 'sec-fetch-dest': 'empty' } });
    for (const [name, value] of await visit.signOut()) if (name === 'Set-Cookie') browser.setCookie(value);
  },
};

const withForum = (options: Partial<DiscourseLoginOptions> = {}): Connector =>
  discourseLogin({ forumUrl, secret, ...options });

describe.each(Object.entries(signOuts))('%s', (_, signOut) => {
  test('is respected by silent logins', async () => {
    const silent = withForum({ seamlessLogin: true, autoRelogin: true });
    const browser = new Browser(site({}, { connectors: [silent, ...others] }));
    await browser.signInWithForum();
    await signOut(browser);
    expect(await browser.user()).toBeNull();
    expect((await browser.visit('/page')).reply).toBeNull();
  });

  test('makes void what pages with Fruum were handed', async () => {
    const clock = { now: new Date() };
    const forum = fruum({
      forumId: 'help',
      secret: randomBytes(32).toString('hex'),
      findUser: async (id) => ({ id, email: 'sam@example.com', emailVerified: true, username: 'sam' }),
    });
    const own = site({}, { connectors: [withForum(), ...others, forum] }, clock);
    const takes = async (payload: unknown): Promise<boolean> => {
      const reply = await own.sso.handle({
        method: 'POST',
        url: '/sso/fruum/auth',
        headers: {},
        ip: undefined,
        body: async () => Buffer.from(JSON.stringify(payload)),
      });
      return reply?.body !== '{}';
    };
    const browser = new Browser(own);
    await browser.signInWithForum();
    const handed = await forum.userPayload(await browser.user());
    const bystanders = await forum.userPayload({ id: 'somebody-else' });
    expect([await takes(handed), await takes(bystanders)]).toEqual([true, true]);
    clock.now = new Date(clock.now.getTime() + 5_000);
    await signOut(browser);
    expect([await takes(handed), await takes(bystanders)]).toEqual([false, true]);
    await browser.signInWithForum();
    expect(await takes(await forum.userPayload(await browser.user()))).toBe(true);
  });
});

/** Notes of whom it is told. */
function listener(told: (string | null)[], fail: () => boolean = () => false): Connector {
  return {
    kind: 'listener',
    name: 'listener',
    setUp: () => ({
      routes: [],
      async signedOut(siteUserId) {
        if (fail()) throw errorFrom(refusal('ERR_STORE_UNAVAILABLE', 'The list is gone.'));
        told.push(siteUserId);
        return [['Set-Cookie', 'told=1; Path=/']];
      },
    }),
  };
}

describe('connectors', () => {
  const person = 'discourse-login:42';

  test('are told of the end of all sessions, too: by webhook, and by a log-out everywhere', async () => {
    const told: (string | null)[] = [];
    const connectors = [
      withForum({ webhook: { secret: webhookSecret }, logout: { followForum: true, offerEverywhere: true } }),
      listener(told),
    ];
    const own = site({}, { connectors });
    const browser = new Browser(own);
    await browser.signInWithForum();
    const body = Buffer.from('{"user":{"id":42,"username":"sam"}}');
    const reply = await own.sso.handle({
      method: 'POST',
      url: '/sso/discourse-login/webhook',
      headers: {
        'x-discourse-event-type': 'user',
        'x-discourse-event': 'user_logged_out',
        'x-discourse-event-signature': `sha256=${createHmac('sha256', webhookSecret).update(body).digest('hex')}`,
      },
      ip: undefined,
      body: async () => body,
    });
    expect(reply).toMatchObject({ status: 200, body: 'handled' });
    expect(told).toEqual([person]);
    await browser.signInWithForum();
    await browser.post('/sso/discourse-login/logout', { everywhere: 'on' });
    expect(told).toEqual([person, person, person]);
  });

  test('are told when nobody is known to be signed in; what they say goes on the answer', async () => {
    const told: (string | null)[] = [];
    const browser = new Browser(site({}, { connectors: [withForum(), listener(told)] }));
    const reply = await browser.post('/sso/discourse-login/logout');
    expect(told).toEqual([null]);
    expect(reply.headers).toContainEqual(['Set-Cookie', 'told=1; Path=/']);
  });

  test('that fail keep no session alive, and no other connector from hearing of it', async () => {
    const told: (string | null)[] = [];
    const silent = withForum({ autoRelogin: true });
    const failing = { ...listener([], () => true), name: 'failing' };
    const own = site({}, { connectors: [silent, failing, listener(told)] });
    const browser = new Browser(own);
    await browser.signInWithForum();
    expect((await browser.post('/sso/discourse-login/logout')).status).toBe(503);
    expect(lastCode(own)).toBe('ERR_STORE_UNAVAILABLE');
    expect(told).toEqual([person]);
    expect(await browser.user()).toBeNull();
    expect((await browser.visit('/page')).reply).toBeNull();
  });

  test('that fail on a page of the site leave the person signed in, who can try again', async () => {
    let broken = true;
    const own = site({}, { connectors: [withForum(), listener([], () => broken)] });
    const browser = new Browser(own);
    await browser.signInWithForum();
    const visit = await browser.visit('/account');
    await expect(visit.signOut()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    expect(await browser.user()).not.toBeNull();
    broken = false;
    await visit.signOut();
    expect(await browser.user()).toBeNull();
  });

  test('hear of the person who signed in last in the same request', async () => {
    const told: (string | null)[] = [];
    const own = site({}, { connectors: [listener(told)] });
    const visit = await new Browser(own).visit('/page');
    await visit.signIn({ id: 'ann', email: 'ann@example.com', emailVerified: true });
    await visit.signOut();
    await visit.signOut();
    expect(told).toEqual(['ann', null]);
  });
});

test('with a store that is gone the log-out is remembered in the browser: nobody is signed in again by the way', async () => {
  const { store, state } = fragileStore();
  const own = site({ autoRelogin: true, seamlessLogin: true }, { store: { ...memoryStore(), ...store } });
  const browser = new Browser(own);
  await browser.signInWithForum();
  state.broken = true;
  const reply: SsoReply = await browser.post('/sso/discourse-login/logout');
  expect(reply.status).toBe(503);
  state.broken = false;
  expect((await browser.visit('/page')).reply).toBeNull();
  expect(await browser.user()).toBeNull();
});
