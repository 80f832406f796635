import { createServer } from 'node:http';
import { describe, expect, test } from '@jest/globals';

import {
  Accounts,
  Browser,
  forumUrl,
  fragileStore,
  lastCode,
  locationOf,
  origin,
  requestOf,
  sam,
  site,
} from './site.js';

/** A forum's log-out API that notes who was logged out. */
async function forumApi(status = 200) {
  const calls: { url: string; key: string | undefined }[] = [];
  const server = createServer((request, response) => {
    calls.push({ url: `${request.method} ${request.url}`, key: request.headers['api-key']?.toString() });
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(status === 200 ? '{"success":"OK"}' : '{"errors":[],"error_type":"invalid_access"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  const close = () => new Promise((resolve) => server.close(resolve));
  return { url: `http://127.0.0.1:${port}`, calls, close };
}

describe('log-out at the site', () => {
  test('GET asks; POST ends this browser’s session and goes to a page of the site', async () => {
    const own = site();
    const [browser, other] = [new Browser(own), new Browser(own)];
    await browser.signInWithForum();
    await other.signInWithForum();
    const page = await browser.open('/sso/discourse-login/logout?returnTo=%2Fbye');
    expect(page).toMatchObject({
      status: 200,
      body: expect.stringContaining('name="returnTo" value="/bye"'),
    });
    expect(String(page.body)).not.toContain('everywhere');
    expect(await browser.user()).not.toBeNull();
    expect(locationOf(await browser.post('/sso/discourse-login/logout', { returnTo: '/bye' }))).toBe('/bye');
    expect(await browser.user()).toBeNull();
    expect(await other.user()).not.toBeNull();
  });

  test('a foreign page cannot log anybody out, and no return address leads away', async () => {
    const browser = new Browser(site());
    await browser.signInWithForum();
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await browser.post('/sso/discourse-login/logout', {}, foreign)).status).toBe(403);
    expect(await browser.user()).not.toBeNull();
    expect(
      locationOf(await browser.post('/sso/discourse-login/logout', { returnTo: '//evil.example' })),
    ).toBe('/');
  });

  test('everywhere is not heard where it is not offered', async () => {
    const own = site();
    const [browser, other] = [new Browser(own), new Browser(own)];
    await browser.signInWithForum();
    await other.signInWithForum();
    await browser.post('/sso/discourse-login/logout', { everywhere: 'on' });
    expect(await other.user()).not.toBeNull();
    expect(own.events.at(-1)).toMatchObject({ type: 'logout.completed', everywhere: false });
  });

  test('everywhere: all sessions here, and at the forum through its API', async () => {
    const api = await forumApi();
    const own = site({
      forumUrl: api.url,
      api: { key: 'key-of-an-admin' },
      logout: { offerEverywhere: true },
    });
    const [browser, other] = [new Browser(own), new Browser(own)];
    await browser.signInWithForum();
    await other.signInWithForum();
    expect(String((await browser.open('/sso/discourse-login/logout')).body)).toContain('name="everywhere"');
    expect(locationOf(await browser.post('/sso/discourse-login/logout', { everywhere: 'on' }))).toBe('/');
    expect(await other.user()).toBeNull();
    expect(api.calls).toEqual([{ url: 'POST /admin/users/42/log_out.json', key: 'key-of-an-admin' }]);
    expect(own.events.at(-1)).toMatchObject({ type: 'logout.completed', everywhere: true });
    await api.close();
  });

  test('everywhere, when the forum refuses: signed out here all the same, and told so', async () => {
    const api = await forumApi(403);
    const own = site({
      forumUrl: api.url,
      api: { key: 'key-of-an-admin' },
      logout: { offerEverywhere: true },
    });
    const browser = new Browser(own);
    await browser.signInWithForum();
    expect((await browser.post('/sso/discourse-login/logout', { everywhere: 'on' })).status).toBe(500);
    expect(own.events.at(-1)).toMatchObject({ code: 'ERR_DISCOURSE_KEY_REFUSED' });
    expect(JSON.stringify(own.events)).not.toContain('key-of-an-admin');
    expect(await browser.user()).toBeNull();
    await api.close();
  });

  test('forwarded: the forum ends its session in this browser, too', async () => {
    const browser = new Browser(site({ logout: { forwardToForum: true } }));
    await browser.signInWithForum();
    const page = await browser.open('/sso/discourse-login/logout');
    expect(page.headers.find(([name]) => name === 'Content-Security-Policy')?.[1]).toContain(
      `form-action 'self' ${forumUrl}`,
    );
    const location = locationOf(await browser.post('/sso/discourse-login/logout'));
    expect(location).toMatch(/^https:\/\/forum\.example\.com\/session\/sso_provider\?/);
    expect(requestOf(location)).toEqual({
      nonce: expect.any(String),
      return_sso_url: `${origin}/`,
      logout: 'true',
    });
    expect(await browser.user()).toBeNull();
  });
});

describe('log-out at the site, when something is out of order', () => {
  test('forwarded, the forum sends the person to the page that they wanted', async () => {
    const browser = new Browser(site({ logout: { forwardToForum: true } }));
    await browser.signInWithForum();
    const reply = await browser.post('/sso/discourse-login/logout', { returnTo: '/bye?x=1' });
    expect(requestOf(locationOf(reply))).toMatchObject({ return_sso_url: `${origin}/bye?x=1` });
  });

  test('a store that is gone: the browser forgets its session all the same', async () => {
    const { store, state } = fragileStore();
    const own = site({}, { store });
    const browser = new Browser(own);
    await browser.signInWithForum();
    state.broken = true;
    const reply = await browser.post('/sso/discourse-login/logout');
    expect(reply.status).toBe(503);
    expect(lastCode(own)).toBe('ERR_STORE_UNAVAILABLE');
    expect(browser.cookies().some((name) => name.endsWith('session'))).toBe(false);
  });

  test('a callback of the site that fails is a page and an event', async () => {
    const own = site(
      { logout: { offerEverywhere: true } },
      {
        endSessions: () => Promise.reject(new Error('database is down')),
      },
    );
    const browser = new Browser(own);
    await browser.signInWithForum();
    expect((await browser.post('/sso/discourse-login/logout', { everywhere: 'on' })).status).toBe(503);
    expect(lastCode(own)).toBe('ERR_SITE_CALLBACK_FAILED');
    expect(await browser.user()).toBeNull();
  });
});

describe('log-out at the forum, this browser', () => {
  test('a link to the landing page does not sign out who signed in at the site’s own form', async () => {
    const local = { id: 'local-1', email: 'a@example.com', emailVerified: true, username: 'ann' };
    const own = site(new Accounts(local).callbacks);
    const browser = new Browser(own);
    await browser.signInAs(local);
    expect(locationOf(await browser.open('/sso/discourse-login/forum-logout'))).toBe('/');
    expect(await browser.user()).toMatchObject({ id: 'local-1' });
  });

  test('there is no landing page for WordPress, which cannot be asked', () => {
    const own = site({ flavour: 'wordpress', forumUrl: 'https://blog.example.com' });
    expect(own.sso.owns('/sso/discourse-login/logout')).toBe(true);
    expect(own.sso.owns('/sso/discourse-login/forum-logout')).toBe(false);
  });

  test('the landing page asks the forum first, and ends the session only when nobody is signed in there', async () => {
    const own = site();
    const [browser, other] = [new Browser(own), new Browser(own)];
    await browser.signInWithForum();
    await other.signInWithForum();
    const request = requestOf(locationOf(await browser.open('/sso/discourse-login/forum-logout')));
    expect(request).toMatchObject({ prompt: 'none' });
    expect(await browser.user()).not.toBeNull();
    expect(locationOf(await browser.arrive(request, { failed: 'true' }))).toBe('/');
    expect(await browser.user()).toBeNull();
    expect(await other.user()).not.toBeNull();
  });

  test('an attacker’s link to it changes nothing while the person is signed in at the forum', async () => {
    const own = site();
    const browser = new Browser(own);
    await browser.signInWithForum();
    const request = requestOf(locationOf(await browser.open('/sso/discourse-login/forum-logout')));
    await browser.arrive(request, sam);
    expect(await browser.user()).toMatchObject({ username: 'sam' });
    expect(own.events.filter(({ type }) => type === 'login.completed')).toHaveLength(1);
  });

  test('without a session it leads home', async () => {
    expect(locationOf(await new Browser(site()).open('/sso/discourse-login/forum-logout'))).toBe('/');
  });
});

test('what contradicts itself is refused at the start', () => {
  const problems = (options: Parameters<typeof site>[0]) => {
    try {
      site(options);
    } catch (error) {
      return String(error);
    }
    throw new Error('it started');
  };
  expect(problems({ logout: { offerEverywhere: true, forwardToForum: true } })).toContain('needs api');
  expect(problems({ logout: { followForum: true } })).toContain('needs webhook');
  expect(problems({ linkBy: ['email'] })).toContain('forumConfirmsEmails');
  expect(problems({ groupMap: { a: ['b'] } })).toContain('updateSiteUser');
  expect(problems({ findSiteUser: async () => null })).toContain('createSiteUser');
  expect(problems({ flavour: 'wordpress', seamlessLogin: true })).toContain('WordPress');
  expect(problems({ webhook: { secret: 'short' } })).toContain('DISCOURSE_WEBHOOK_SECRET');
  expect(problems({ webhook: { secret: 'long enough, it seems', allowedIps: ['forum'] } })).toContain(
    '"forum"',
  );
  expect(problems({ api: { key: 'two words' } })).toContain('DISCOURSE_ADMIN_API_KEY');
  expect(problems({ secret: 'short' })).toContain('DISCOURSE_LOGIN_SECRET');
  expect(problems({ webhook: { secret: 'long enough, it seems', createAccounts: true } })).toContain(
    'webhook.createAccounts needs',
  );
  expect(problems({ flavour: 'wordpress', api: { key: 'key' } })).toContain('api and webhook');
});
