import { describe, expect, test } from '@jest/globals';

import { discourseLogin } from '../../../src/discourse/index.js';
import {
  Accounts,
  Browser,
  forumUrl,
  fragileStore,
  lastCode,
  locationOf,
  requestOf,
  sam,
  secret,
  site,
} from './site.js';

async function probed(browser: Browser, url = '/page?x=1') {
  const first = await browser.visit(url);
  expect(first.reply?.status).toBe(302);
  const again = locationOf(first.reply ?? { status: 0, headers: [] });
  const second = await browser.visit(again);
  return { again, second, request: second.reply === null ? null : requestOf(locationOf(second.reply)) };
}

describe('seamless login', () => {
  test('a first visit goes around for the cookie, then asks the forum without a page, and comes back signed in', async () => {
    const own = site({ seamlessLogin: true });
    const browser = new Browser(own);
    const { again, request } = await probed(browser);
    expect(again).toBe('/page?x=1&fsso-cookie-test=1');
    expect(request).toMatchObject({ prompt: 'none' });
    expect(locationOf(await browser.arrive(request ?? {}))).toBe('/page?x=1');
    expect(await browser.user()).toMatchObject({ username: 'sam' });
    expect(own.events).toMatchObject([{ type: 'login.completed', silent: true }]);
  });

  test('nobody at the forum: back to the page, silently, and never again', async () => {
    const own = site({ seamlessLogin: true });
    const browser = new Browser(own);
    const { request } = await probed(browser);
    expect(locationOf(await browser.arrive(request ?? {}, { failed: 'true' }))).toBe('/page?x=1');
    for (const url of ['/page', '/other', '/page?fsso-cookie-test=1'])
      expect((await browser.visit(url)).reply).toBeNull();
    expect(own.events).toEqual([]);
  });

  test('a failed answer that brings a person all the same signs nobody in', async () => {
    const browser = new Browser(site({ seamlessLogin: true }));
    const { request } = await probed(browser);
    await browser.arrive(request ?? {}, { ...sam, failed: 'true' });
    expect(await browser.user()).toBeNull();
  });

  test('an attempt that breaks off at the forum leads to no loop', async () => {
    const browser = new Browser(site({ seamlessLogin: true }));
    await probed(browser);
    expect((await browser.visit('/page')).reply).toBeNull();
  });

  test('a client without cookies is redirected once, and never to the forum', async () => {
    const own = site({ seamlessLogin: true });
    const first = await new Browser(own).visit('/page');
    const location = locationOf(first.reply ?? { status: 0, headers: [] });
    expect(location).toBe('/page?fsso-cookie-test=1');
    expect((await new Browser(own).visit(location)).reply).toBeNull();
  });

  test.each([
    ['a form', { method: 'POST' }],
    ['HEAD', { method: 'HEAD' }],
    ['a script', { headers: { 'sec-fetch-dest': 'empty' } }],
    ['a frame', { headers: { 'sec-fetch-dest': 'iframe' } }],
    ['an image', { headers: { 'sec-fetch-dest': 'image' } }],
    ['a look-ahead', { headers: { 'sec-purpose': 'prefetch' } }],
    ['a look-ahead of an older browser', { headers: { purpose: 'prefetch' } }],
    [
      'a script that says nothing of itself',
      { headers: { 'sec-fetch-dest': undefined, accept: 'application/json' } },
    ],
  ])('%s is left alone', async (_, details) => {
    expect((await new Browser(site({ seamlessLogin: true })).visit('/page', details)).reply).toBeNull();
  });

  test('the sign-in page, our own addresses and addresses that lead away are left alone', async () => {
    for (const url of ['/login', '/login?returnTo=%2F', '/sso/discourse-login/start', '//evil.example/']) {
      expect((await new Browser(site({ seamlessLogin: true })).visit(url)).reply).toBeNull();
    }
  });

  test('who is not let in at the site sees the page that they opened, and the operator hears why', async () => {
    const accounts = new Accounts();
    const own = site({ ...accounts.callbacks, createSiteUser: async () => null, seamlessLogin: true });
    const browser = new Browser(own);
    const { request } = await probed(browser);
    expect(locationOf(await browser.arrive(request ?? {}))).toBe('/page?x=1');
    expect(lastCode(own)).toBe('ERR_LOGIN_NO_ACCOUNT');
    expect((await browser.visit('/page')).reply).toBeNull();
    expect(browser.cookies().filter((name) => name.includes('attempt'))).toEqual([]);
  });

  test('a store that is gone costs the silent login, not the page', async () => {
    const { store, state } = fragileStore();
    const own = site({ seamlessLogin: true }, { store });
    const browser = new Browser(own);
    const { request } = await probed(browser);
    state.broken = true;
    expect(locationOf(await browser.arrive(request ?? {}))).toBe('/page?x=1');
    expect(lastCode(own)).toBe('ERR_STORE_UNAVAILABLE');
    expect((await browser.visit('/page')).reply).toBeNull();
  });

  test('a second factor that is insisted on cannot be had without a page', () => {
    for (const silent of [{ seamlessLogin: true }, { autoRelogin: true }]) {
      expect(() => site({ ...silent, requireTwoFactor: true })).toThrow('requireTwoFactor');
    }
  });

  test('is off by default', async () => {
    expect((await new Browser(site()).visit('/page')).reply).toBeNull();
  });

  test('does nothing for a session that has ended, and nothing once it was switched off', async () => {
    const clock = { now: new Date() };
    const browser = new Browser(site({ seamlessLogin: true }, {}, clock));
    await browser.signInWithForum();
    clock.now = new Date(clock.now.getTime() + 2 * 86_400_000);
    expect((await browser.visit('/page')).reply).toBeNull();

    const half = new Browser(site({ autoRelogin: true }));
    half.setCookie('__Host-fsso-browser-discourse-login=test; Path=/; Secure');
    expect((await half.visit('/page?fsso-cookie-test=1')).reply).toBeNull();
  });

  test('a person who signed out stays signed out until they sign in themselves', async () => {
    const clock = { now: new Date() };
    const browser = new Browser(site({ seamlessLogin: true, autoRelogin: true }, {}, clock));
    await browser.signInWithForum();
    await browser.post('/sso/discourse-login/logout');
    expect((await browser.visit('/page')).reply).toBeNull();
    await browser.signInWithForum();
    clock.now = new Date(clock.now.getTime() + 2 * 86_400_000);
    expect((await browser.visit('/page')).reply).not.toBeNull();
  });
});

describe('automatic re-login', () => {
  test('asks the forum once when the session has ended by itself', async () => {
    const clock = { now: new Date() };
    const browser = new Browser(site({ autoRelogin: true }, {}, clock));
    expect((await browser.visit('/page')).reply).toBeNull();
    await browser.signInWithForum();
    clock.now = new Date(clock.now.getTime() + 2 * 86_400_000);
    const visit = await browser.visit('/page?y=2');
    const request = requestOf(locationOf(visit.reply ?? { status: 0, headers: [] }));
    expect(request).toMatchObject({ prompt: 'none' });
    expect((await browser.visit('/page')).reply).toBeNull();
    expect(locationOf(await browser.arrive(request))).toBe('/page?y=2');
    expect(await browser.user()).not.toBeNull();
  });

  test('a forum that knows nobody any more leaves the person on the page, and is not asked again', async () => {
    const clock = { now: new Date() };
    const own = site({ autoRelogin: true }, {}, clock);
    const browser = new Browser(own);
    await browser.signInWithForum();
    clock.now = new Date(clock.now.getTime() + 2 * 86_400_000);
    const visit = await browser.visit('/page?y=2');
    const request = requestOf(locationOf(visit.reply ?? { status: 0, headers: [] }));
    expect(locationOf(await browser.arrive(request, { failed: 'true' }))).toBe('/page?y=2');
    expect((await browser.visit('/page')).reply).toBeNull();
    expect(own.events.map(({ type }) => type)).toEqual(['login.completed']);
  });
});

describe('a log-out on purpose', () => {
  const outOnPage = async (browser: Browser) => {
    const visit = await browser.visit('/account', { headers: { 'sec-fetch-dest': 'empty' } });
    for (const [name, value] of await visit.signOut()) if (name === 'Set-Cookie') browser.setCookie(value);
  };

  test('on a page of the site’s own is respected', async () => {
    const browser = new Browser(site({ seamlessLogin: true, autoRelogin: true }));
    await browser.signInWithForum();
    await outOnPage(browser);
    expect((await browser.visit('/page')).reply).toBeNull();
  });

  test('is respected by every forum with which people sign in', async () => {
    const silent = { seamlessLogin: true, autoRelogin: true };
    const own = site(
      {},
      {
        connectors: [
          discourseLogin({ forumUrl, secret, ...silent }),
          discourseLogin({
            name: 'second',
            forumUrl: 'https://second.example.com',
            secret: 'the second secret of them',
            ...silent,
          }),
        ],
      },
    );
    for (const logout of [
      (browser: Browser) => browser.post('/sso/second/logout'),
      (browser: Browser) => browser.post('/sso/discourse-login/logout'),
      outOnPage,
    ]) {
      const browser = new Browser(own);
      await browser.signInWithForum();
      await logout(browser);
      expect((await browser.visit('/page')).reply).toBeNull();
    }
  });
});
