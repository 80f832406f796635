import { randomBytes } from 'node:crypto';

import { afterEach, describe, expect, test } from '@jest/globals';

import { isForumSsoError } from '../../src/errors.js';
import { createForumSso } from '../../src/forum-sso.js';
import { type TalkyardOptions, talkyard } from '../../src/talkyard/index.js';
import { ada, apiSecret, pasetoSecret, startSite, type TestSite } from './site.js';

let site: TestSite | undefined;

afterEach(async () => {
  await site?.close();
  site = undefined;
});

async function start(...args: Parameters<typeof startSite>): Promise<TestSite> {
  site = await startSite(...args);
  return site;
}

const get = (url: string, headers: Record<string, string> = {}) =>
  fetch(url, { headers, redirect: 'manual' });
const location = (response: Response) => response.headers.get('location') ?? '';

/** Follows one login from a page of Talkyard, as a browser would. */
async function logInFrom(page: string): Promise<{ readonly back: Response; readonly cookies: string }> {
  const html = await (await get(page)).text();
  const href =
    /<a class="button" href="([^"]+)" data-sso-template/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const toTalkyard = await get(href);
  expect(toTalkyard.status).toBe(302);
  const back = await get(location(toTalkyard));
  const cookies = back.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
  return { back, cookies: cookies.join('; ') };
}

describe('a login', () => {
  test('from a page of the forum and back to it', async () => {
    const { community } = await start();
    const { back, cookies } = await logInFrom(`${community.origin}/-/search?q=welcome&sort=new`);
    expect([back.status, location(back)]).toEqual([307, '/-/search?q=welcome&sort=new']);
    const page = await get(`${community.origin}/`, { cookie: cookies });
    expect(await page.text()).toContain('data-you="ada_l"');
    expect(community.members[0]).toMatchObject({
      ssoId: 'u-1001',
      email: 'ada@example.com',
      fullName: 'Ada Lovelace',
      admin: false,
    });
  });

  test('with the older placeholder, the query of the page kept whole', async () => {
    const { community, origin } = await start();
    community.changeSettings({ ssoUrl: `${origin}/sso/talkyard?returnPath=\${talkyardPathQueryEscHash}` });
    const { back } = await logInFrom(`${community.origin}/-/search?q=welcome&sort=new`);
    expect(location(back)).toBe('/-/search?q=welcome&sort=new');
    const topic = await (await get(`${community.origin}/-1/welcome`)).text();
    const reply = /href="([^"]*__dwHash__post-2)"/.exec(topic)?.[1] ?? '';
    expect(location(await get(location(await get(reply))))).toBe('/-1/welcome#post-2');
  });

  test('is neither cached nor told to the next server, and says so to the audit log', async () => {
    const { origin, events } = await start();
    const answer = await get(`${origin}/sso/talkyard`);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(location(answer)).toMatch(/\/-\/v0\/login-with-secret\?oneTimeSecret=[0-9a-z]+&thenGoTo=%2F$/);
    expect(events).toEqual([
      { type: 'login.answered', user: expect.any(String), at: expect.any(Date), connector: 'talkyard' },
    ]);
    expect(JSON.stringify(events)).not.toContain('u-1001');
  });

  test('a guest signs in first; the way back carries the request whole', async () => {
    const testSite = await start();
    testSite.user = null;
    const path = '/sso/talkyard?returnPath=/-/search?q=tea&sort=new';
    const toSignIn = new URL(location(await get(testSite.origin + path)), testSite.origin);
    expect(toSignIn.pathname).toBe('/login');
    testSite.user = ada;
    const again = await get(testSite.origin + toSignIn.searchParams.get('returnTo'));
    expect(new URL(location(again)).searchParams.get('thenGoTo')).toBe('/-/search?q=tea&sort=new');
    expect(testSite.community.members).toHaveLength(1);
  });

  test('nothing is asked of Talkyard for a way back that is not allowed', async () => {
    let calls = 0;
    const { origin } = await start(
      {},
      {
        engine: {
          fetch: () => {
            calls++;
            throw new Error('not to be called');
          },
        },
      },
    );
    for (const query of [
      'returnPath=//evil.test',
      'returnPath=/.//evil.test',
      'returnPath=%2F%2F%2Fevil.test',
      'returnPath=/%5C/../..//evil.test',
      'returnOrigin=check_if_legit!https%3A%2F%2Fevil.test&returnPath=%2F',
      'returnOrigin=http%3A%2F%2Flocalhost%3A7777&returnPath=%2F',
      'returnOrigin=check_if_legit!http%3A%2F%2Flocalhost%3A77777&returnPath=%2F',
      'returnOrigin=check_if_legit!http%3A%2F%2Flocalhost%3A7777.evil.test&returnPath=%2F',
    ]) {
      const answer = await get(`${origin}/sso/talkyard?${query}`);
      expect([query, answer.status]).toEqual([query, 400]);
      const page = await answer.text();
      expect(page).toContain('ERR_TALKYARD_RETURN_UNSAFE');
      expect(page).not.toContain('evil.test');
    }
    expect(calls).toBe(0);
  });

  test('a refused address gets the same answer whether somebody is signed in or not', async () => {
    const testSite = await start();
    testSite.user = null;
    expect((await get(`${testSite.origin}/sso/talkyard?returnPath=//evil.test`)).status).toBe(400);
  });

  test.each([
    ['suspended', { suspended: true }, 403, 'ERR_USER_SUSPENDED'],
    ['address not verified', { emailVerified: false }, 403, 'ERR_EMAIL_NOT_VERIFIED'],
    ['address with an ampersand', { email: 'a&b@example.com' }, 403, 'ERR_TALKYARD_EMAIL_UNUSABLE'],
    ['address of another account', { email: 'maja@example.com' }, 409, 'ERR_TALKYARD_EMAIL_TAKEN'],
  ])('%s: refused with a page that says so, without the address', async (_, change, status, code) => {
    const testSite = await start(
      {},
      { community: { members: [{ username: 'maja', email: 'maja@example.com', ssoId: 'm-1' }] } },
    );
    testSite.user = { ...ada, ...change };
    const answer = await get(`${testSite.origin}/sso/talkyard`);
    expect(answer.status).toBe(status);
    const page = await answer.text();
    expect(page).toContain(code);
    expect(page).not.toContain('example.com');
    expect(JSON.stringify(testSite.events)).not.toContain('example.com');
    expect(testSite.community.members).toHaveLength(1);
  });

  test('upper case in an address reaches Talkyard in lower case', async () => {
    const testSite = await start();
    testSite.user = { ...ada, email: 'Ada@Example.COM' };
    expect((await get(`${testSite.origin}/sso/talkyard`)).status).toBe(302);
    expect(testSite.community.members[0]?.email).toBe('ada@example.com');
  });

  test('ten logins a minute and person, others not affected', async () => {
    let now = new Date('2026-03-01T12:00:00Z');
    const testSite = await start({}, { engine: { now: () => now } });
    const logIn = async () => (await get(`${testSite.origin}/sso/talkyard`)).status;
    for (let i = 0; i < 10; i++) expect(await logIn()).toBe(302);
    expect(await logIn()).toBe(429);
    testSite.user = { ...ada, id: 'u-2', email: 'two@example.com' };
    expect(await logIn()).toBe(302);
    testSite.user = ada;
    now = new Date('2026-03-01T12:00:59Z');
    expect(await logIn()).toBe(429);
    now = new Date('2026-03-01T12:01:01Z');
    expect(await logIn()).toBe(302);
  });

  test('frames, images, prefetches and other methods are turned away', async () => {
    const { origin, community } = await start();
    const status = async (headers: Record<string, string>, method = 'GET') =>
      (await fetch(`${origin}/sso/talkyard`, { method, headers, redirect: 'manual' })).status;
    expect(await status({ 'sec-fetch-dest': 'iframe' })).toBe(403);
    expect(await status({ 'sec-fetch-dest': 'image' })).toBe(403);
    expect(await status({ 'sec-purpose': 'prefetch' })).toBe(503);
    expect(await status({}, 'HEAD')).toBe(405);
    expect(await status({}, 'POST')).toBe(405);
    expect(community.members).toHaveLength(0);
  });

  test.each([
    ['API off', { settings: { enableApi: false } }, 502, 'ERR_TALKYARD_API_OFF'],
    ['another secret', { apiSecrets: ['0therSecret0therSecret0'] }, 502, 'ERR_TALKYARD_API_SECRET_REFUSED'],
  ])(
    '%s at Talkyard: a page without secrets, the advice for the operator',
    async (_, community, status, code) => {
      const { origin, events } = await start({}, { community });
      const answer = await get(`${origin}/sso/talkyard`);
      expect(answer.status).toBe(status);
      expect(await answer.text()).toContain(code);
      expect(events).toMatchObject([{ type: 'request.refused', code }]);
      expect(JSON.stringify(events)).not.toContain(apiSecret);
    },
  );

  test('Talkyard away: 503', async () => {
    const testSite = await start();
    await testSite.stopCommunity();
    const answer = await get(`${testSite.origin}/sso/talkyard`);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('ERR_TALKYARD_UNAVAILABLE');
  });

  test('staff flags are sent only when the site wants that', async () => {
    const testSite = await start({ staffFlags: true, extId: ({ id }) => `ext-${id}` });
    testSite.user = { ...ada, admin: true, moderator: true };
    await get(`${testSite.origin}/sso/talkyard`);
    expect(testSite.community.members[0]).toMatchObject({
      admin: true,
      moderator: true,
      extId: 'ext-u-1001',
    });
  });

  test('a failing extId of the site lets nobody in', async () => {
    const { origin, events } = await start({
      extId: () => {
        throw new Error('database away');
      },
    });
    expect((await get(`${origin}/sso/talkyard`)).status).toBe(503);
    expect(events).toMatchObject([{ code: 'ERR_SITE_CALLBACK_FAILED' }]);
  });
});

describe('a login at embedded comments', () => {
  const query = `returnOrigin=${encodeURIComponent('check_if_legit!http://localhost:7777')}&returnPath=${encodeURIComponent('/post?p=1#comment-2')}`;

  test('leads back to the blog by way of Talkyard, which lets it', async () => {
    const { origin } = await start();
    const toTalkyard = await get(`${origin}/sso/talkyard?${query}`);
    const back = await get(location(toTalkyard));
    expect([back.status, location(back)]).toEqual([307, 'http://localhost:7777/post?p=1#comment-2']);
  });

  test('leads straight back when that is wanted, or there is no API secret', async () => {
    const { origin, community } = await start({ embeddedReturn: 'direct' });
    const answer = await get(`${origin}/sso/talkyard?${query}`);
    expect([answer.status, location(answer)]).toEqual([302, 'http://localhost:7777/post?p=1#comment-2']);
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(community.members).toHaveLength(0);
  });

  test('without an API secret the forum itself cannot be entered', async () => {
    const testSite = await startSite();
    site = testSite;
    const connector = talkyard({ serverUrl: testSite.community.origin, pasetoSecret });
    const sso = createForumSso({
      baseUrl: `${testSite.origin}/sso`,
      keys: randomBytes(32).toString('hex'),
      connectors: [connector],
    });
    const request = {
      method: 'GET',
      url: '/sso/talkyard',
      headers: {},
      ip: undefined,
      body: async () => new Uint8Array(),
    };
    const session = { currentUser: async () => ada, signIn: async () => {}, signOut: async () => {} };
    const reply = await sso.handle(request, session);
    expect(reply?.status).toBe(500);
    expect(String(reply?.body)).toContain('ERR_TALKYARD_API_SECRET_MISSING');
    const report = await sso.pushNow(ada);
    expect(report.results).toMatchObject([{ outcome: 'impossible' }]);
  });

  test('the comments of a page log the person in at Talkyard', async () => {
    const { connector, community } = await start({ pasetoSecret });
    const { html, headers } = connector.embedComments(ada, { discussionId: 'p-1' });
    expect(headers).toEqual([['Cache-Control', 'private, no-store']]);
    const token = /window\.talkyardAuthnToken="(paseto:[^"]+)"/.exec(html)?.[1];
    const answer = await fetch(`${community.origin}/-/v0/upsert-user-and-login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userAuthnToken: token }),
    });
    expect(answer.status).toBe(200);
    expect(community.members[0]).toMatchObject({
      ssoId: 'u-1001',
      username: 'ada_l',
      fullName: 'Ada Lovelace',
    });
  });

  test('tokens follow the clock of the engine', async () => {
    const now = new Date('2026-03-01T12:00:00Z');
    const { connector, community } = await start(
      { pasetoSecret, tokenSeconds: 60 },
      { engine: { now: () => now } },
    );
    const token = /talkyardAuthnToken="([^"]+)"/.exec(connector.embedComments(ada).html)?.[1];
    const answer = await fetch(`${community.origin}/-/v0/upsert-user-and-login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userAuthnToken: token }),
    });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('TyEPASUNKEX')]);
  });

  test('embedComments without a PASETO secret says what is missing', async () => {
    const { connector } = await start();
    expect(() => connector.embedComments(ada)).toThrow(/ERR_TALKYARD_KEY_UNUSABLE.*missing/);
  });
});

describe('the landing after a log-out', () => {
  const logOut = async ({ community }: TestSite, method = 'POST') =>
    fetch(`${community.origin}/-/logout?currentUrlPath=/`, { method, redirect: 'manual' });

  test('asks whether to sign out here, too, and does so on a form of this site only', async () => {
    const testSite = await start();
    const landing = location(await logOut(testSite, 'GET'));
    const page = await get(landing);
    expect(page.status).toBe(200);
    const html = await page.text();
    expect(html).toContain('still signed in');
    expect(testSite.user).not.toBeNull();
    const action = /<form method="post" action="([^"]+)"/.exec(html)?.[1] ?? '';
    const send = (headers: Record<string, string>) =>
      fetch(testSite.origin + action, { method: 'POST', headers, redirect: 'manual' });
    for (const headers of [
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      expect((await send(headers)).status).toBe(403);
      expect(testSite.user).not.toBeNull();
    }
    const done = await send({ origin: testSite.origin, 'sec-fetch-site': 'same-origin' });
    expect(await done.text()).toContain('signed out of the community and of this site');
    expect(testSite.user).toBeNull();
    expect(testSite.events).toMatchObject([{}, {}, {}, { type: 'logout.completed', everywhere: false }]);
  });

  test('a log-out by POST becomes a GET', async () => {
    const testSite = await start();
    const redirected = await logOut(testSite);
    expect(redirected.status).toBe(307);
    const landed = await fetch(location(redirected), { method: 'POST', redirect: 'manual' });
    expect([landed.status, location(landed)]).toEqual([303, `${testSite.origin}/sso/talkyard/logged-out`]);
  });

  test('ends the session by itself only when it is wanted and the browser comes from Talkyard', async () => {
    const testSite = await start({ afterLogOut: 'sign-out' });
    const landing = `${testSite.origin}/sso/talkyard/logged-out`;
    for (const referer of ['https://evil.test/', `${testSite.community.origin}.evil.test/`, 'nonsense']) {
      await get(landing, { referer });
      expect(testSite.user).not.toBeNull();
    }
    await get(landing);
    expect(testSite.user).not.toBeNull();
    await get(landing, { referer: `${testSite.community.origin}/-1/welcome`, 'sec-fetch-dest': 'image' });
    expect(testSite.user).not.toBeNull();
    await get(landing, { referer: `${testSite.community.origin}/-1/welcome` });
    expect(testSite.user).toBeNull();
  });

  test('a Referer ends nothing when the site did not ask for that', async () => {
    const testSite = await start();
    await get(`${testSite.origin}/sso/talkyard/logged-out`, { referer: `${testSite.community.origin}/` });
    expect(testSite.user).not.toBeNull();
  });
});

describe('push and check', () => {
  test('a push creates, then updates', async () => {
    const { sso, community } = await start();
    expect(await sso.pushNow(ada)).toMatchObject({
      ok: true,
      results: [{ connector: 'talkyard', outcome: 'done' }],
    });
    await sso.pushNow({ ...ada, username: 'ada_new', email: 'New@example.com', name: 'Ada King' });
    expect(community.members).toMatchObject([
      { username: 'ada_new', email: 'new@example.com', fullName: 'Ada King' },
    ]);
  });

  test('a login updates nothing: that takes a push', async () => {
    const testSite = await start();
    await get(`${testSite.origin}/sso/talkyard`);
    testSite.user = { ...ada, username: 'renamed' };
    await get(`${testSite.origin}/sso/talkyard`);
    expect(testSite.community.members[0]?.username).toBe('ada_l');
  });

  test('an unverified or suspended person is not pushed', async () => {
    const { sso, community } = await start();
    const report = await sso.pushNow({ ...ada, emailVerified: false });
    expect(report).toMatchObject({
      ok: true,
      results: [{ outcome: 'skipped', reason: expect.stringContaining('not confirmed') }],
    });
    expect(await sso.pushNow({ ...ada, suspended: true })).toMatchObject({
      results: [{ outcome: 'skipped', reason: expect.stringContaining('suspended') }],
    });
    expect(community.members).toHaveLength(0);
  });

  test('what Talkyard cannot do is said', async () => {
    const { sso } = await start();
    for (const report of [
      await sso.signOut('u-1001'),
      await sso.suspend('u-1001'),
      await sso.remove('u-1001'),
    ]) {
      expect(report).toMatchObject({
        ok: true,
        results: [{ outcome: 'impossible', reason: expect.stringMatching(/^Talkyard has no /) }],
      });
    }
  });

  test('check finds what is wrong', async () => {
    const testSite = await start();
    expect(await testSite.sso.check()).toMatchObject({ ok: true });
    testSite.community.changeSettings({ enableApi: false });
    expect(await testSite.sso.check()).toMatchObject({ results: [{ code: 'ERR_TALKYARD_API_OFF' }] });
    await testSite.stopCommunity();
    expect(await testSite.sso.check()).toMatchObject({
      results: [{ code: 'ERR_TALKYARD_UNAVAILABLE', retryAfter: 0 }],
    });
  });
});

describe('options', () => {
  const problems = (options: Partial<TalkyardOptions> | Record<string, unknown>): readonly string[] => {
    try {
      const merged: TalkyardOptions = Object.assign(
        { serverUrl: 'https://forum.example.com', apiSecret },
        options,
      );
      createForumSso({
        baseUrl: 'https://site.example.com/sso',
        keys: randomBytes(32).toString('hex'),
        connectors: [talkyard(merged)],
      });
      return [];
    } catch (error) {
      if (!isForumSsoError(error)) throw error;
      expect(error.code).toBe('ERR_OPTIONS_INVALID');
      expect(error.message).not.toContain(apiSecret);
      return error.problems;
    }
  };

  test('good ones start', () => {
    expect(problems({ pasetoSecret, allowEmbeddingFrom: ['blog.example.com'], afterLogOut: 'ask' })).toEqual(
      [],
    );
    expect(problems({ serverUrl: 'http://localhost:4002' })).toEqual([]);
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['no secret at all', { apiSecret: undefined }, /Set apiSecret \(TALKYARD_API_SECRET\)/],
    ['short API secret', { apiSecret: 'abc' }, /20 to 200 letters and digits/],
    ['API secret with a line break', { apiSecret: `${apiSecret}\n` }, /line breaks/],
    ['PASETO secret as API secret', { apiSecret: pasetoSecret }, /pasetoSecret \(TALKYARD_PASETO_SECRET\)/],
    ['base64 PASETO secret', { pasetoSecret: 'base64:AAAA' }, /Generate a "hex:" one/],
    ['short PASETO secret', { pasetoSecret: 'hex:abcd' }, /TALKYARD_PASETO_SECRET.*64 hex digits/],
    ['http beyond this machine', { serverUrl: 'http://forum.example.com' }, /must use https/],
    ['no URL', { serverUrl: 'forum.example.com' }, /absolute URL/],
    ['a path', { serverUrl: 'https://example.com/forum' }, /must have no path/],
    ['a user name', { serverUrl: 'https://me@forum.example.com' }, /user name/],
    ['a wildcard', { allowEmbeddingFrom: ['https://*.example.com'] }, /wildcards never match/],
    ['embedding over http', { allowEmbeddingFrom: ['http://blog.example.com'] }, /must use https/],
    ['long token life', { pasetoSecret, tokenSeconds: 301 }, /10 to 300/],
    ['token life of part of a second', { pasetoSecret, tokenSeconds: 10.5 }, /10 to 300/],
    [
      'return through Talkyard without secret',
      { apiSecret: undefined, pasetoSecret, embeddedReturn: 'through-talkyard' },
      /needs apiSecret/,
    ],
    [
      'short webhook address',
      { webhook: { pathSecret: 'short', onHint: () => {} } },
      /webhook\.pathSecret.*22 characters/,
    ],
    [
      'webhook address with a slash',
      { webhook: { pathSecret: `${'a'.repeat(30)}/`, onHint: () => {} } },
      /may hold only letters/,
    ],
    [
      'webhook without API secret',
      { apiSecret: undefined, pasetoSecret, webhook: { pathSecret: 'a'.repeat(30), onHint: () => {} } },
      /webhook needs apiSecret/,
    ],
    ['webhook without a listener', { webhook: { pathSecret: 'a'.repeat(30) } }, /onHint.*function/],
    ['one secret twice', { webhook: { pathSecret: apiSecret, onHint: () => {} } }, /same secret serves/],
    ['unknown option', { apiKey: 'x' }, /apiKey/],
    ['extId no function', { extId: 'x' }, /extId.*function/],
    ['unknown choice', { afterLogOut: 'always' }, /afterLogOut/],
  ])('%s: refused at start with a sentence', (_, options, sentence) => {
    const found = problems(options);
    expect(found.join('\n')).toMatch(sentence);
    for (const problem of found) expect(problem).toMatch(/^talkyard: .*\.$|same secret/);
  });

  test('everything that is wrong is said at once', () => {
    expect(problems({ serverUrl: 'x', apiSecret: 'y', pasetoSecret: 'z' })).toHaveLength(3);
    expect(
      problems({ serverUrl: 'https://forum.example.com', apiSecret: 'y', pasetoSecret: 'z' }),
    ).toHaveLength(2);
  });

  test('a single sign-on URL that Talkyard would not save is warned of', () => {
    const warnings: string[] = [];
    createForumSso({
      baseUrl: `https://site.example.com/${'long-'.repeat(30)}`,
      keys: randomBytes(32).toString('hex'),
      connectors: [talkyard({ serverUrl: 'https://forum.example.com', apiSecret })],
      events: (event) => {
        if (event.type === 'setup.warning') warnings.push(event.detail);
      },
    });
    expect(warnings.join()).toMatch(/at most 199 characters/);
  });
});
