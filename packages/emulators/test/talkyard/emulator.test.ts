import { createServer } from 'node:http';

import { afterEach, describe, expect, test } from '@jest/globals';

import {
  startTalkyardEmulator,
  type TalkyardEmulator,
  type TalkyardEmulatorOptions,
  type TalkyardSettings,
} from '../../src/talkyard/index.js';
import { TestBrowser } from './browser.js';

const apiSecret = 'k3yk3yk3yk3yk3yk3yk3y01';
const ssoUrl = `https://site.example.com/login?o=\${returnToOrigin}&p=\${returnToPathQueryHash}`;
let running: TalkyardEmulator | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(
  settings: Partial<TalkyardSettings> = {},
  options: TalkyardEmulatorOptions = {},
): Promise<TalkyardEmulator> {
  running = await startTalkyardEmulator({
    apiSecrets: [apiSecret],
    members: [
      { username: 'maja', email: 'maja@example.com', ssoId: 'maja-1', fullName: 'Maja <b>', admin: true },
    ],
    settings: { ssoUrl, ...settings },
    ...options,
  });
  return running;
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const api = (path: string, body: unknown, authorization: string | null = basic(`tyid=2:${apiSecret}`)) =>
  fetch(`http://127.0.0.1:${running?.port}/-/v0/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization === null ? {} : { authorization }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

async function logIn(browser: TestBrowser, ssoId = 'maja-1', email = 'maja@example.com'): Promise<Response> {
  const answer = await api('upsert-user-get-login-secret', {
    ssoId,
    primaryEmailAddress: email,
    isEmailAddressVerified: true,
  });
  const { loginSecret }: { loginSecret: string } = JSON.parse(await answer.text());
  return browser.go(`${running?.origin}/-/v0/login-with-secret?oneTimeSecret=${loginSecret}&thenGoTo=%2F`);
}

describe('pages', () => {
  test('a guest sees who they are and how to log in, with either placeholder', async () => {
    const { origin, changeSettings } = await start();
    const page = await (await fetch(`${origin}/-/search?q=a&sort=b`)).text();
    expect(page).toContain('data-you=""');
    const here = encodeURIComponent('/-/search?q=a&sort=b');
    expect(page).toContain(
      `href="https://site.example.com/login?o=check_if_legit!${encodeURIComponent(origin)}&amp;p=${here}"`,
    );
    changeSettings({ ssoUrl: `https://site.example.com/login?returnPath=\${talkyardPathQueryEscHash}` });
    expect(await (await fetch(`${origin}/-/search?q=a&sort=b`)).text()).toContain(
      'href="https://site.example.com/login?returnPath=/-/search?q=a&amp;sort=b"',
    );
    expect(await (await fetch(`${origin}/-1/welcome`)).text()).toContain(
      'returnPath=/-1/welcome__dwHash__post-2"',
    );
  });

  test('a login, a reply, a log-out', async () => {
    const { origin } = await start({ ssoLogoutRedirUrl: 'https://site.example.com/bye' });
    const browser = new TestBrowser();
    expect((await logIn(browser)).status).toBe(307);
    expect(await browser.cookieNames(origin)).toEqual(['TyCoSid123', 'TyCoSid4', 'TyCoSid5', 'TyCoXsrf']);
    const page = await browser.text(`${origin}/-1/welcome`);
    expect(page).toContain('data-you="maja"');
    expect(page).toContain('Maja &lt;b&gt;');
    expect(page).not.toContain('Maja <b>');
    const reply = { method: 'POST', body: new URLSearchParams({ topic: '1', text: 'Hello <there>' }) };
    expect(
      (await browser.go(`${origin}/-/reply`, { ...reply, headers: { origin: 'https://evil.test' } })).status,
    ).toBe(403);
    const posted = await browser.go(`${origin}/-/reply`, reply);
    expect([posted.status, posted.headers.get('location')]).toEqual([
      303,
      '/-1/welcome-to-this-community#post-3',
    ]);
    expect(await browser.text(`${origin}/-1/welcome`)).toContain('Hello &lt;there&gt;');

    const out = await browser.go(`${origin}/-/logout?currentUrlPath=/-1/welcome`, { method: 'POST' });
    expect([out.status, out.headers.get('location')]).toEqual([307, 'https://site.example.com/bye']);
    expect(await browser.cookieNames(origin)).toEqual([]);
    expect(await browser.text(`${origin}/`)).toContain('You are a guest.');
    expect((await browser.go(`${origin}/-/reply`, reply)).status).toBe(403);
  });

  test('a session needs both of its cookies', async () => {
    const { origin } = await start();
    const browser = new TestBrowser();
    const cookies = (await logIn(browser)).headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '');
    const who = async (cookie: string) =>
      (await (await fetch(origin, { headers: { cookie } })).text()).includes('data-you="maja"');
    expect(await who(cookies.join('; '))).toBe(true);
    expect(await who(cookies.filter((cookie) => !cookie.includes('Sid4')).join('; '))).toBe(false);
    expect(await who(cookies.filter((cookie) => !cookie.includes('Sid123')).join('; '))).toBe(false);
  });

  test('on https the cookies have the prefix', async () => {
    await start({}, { publicUrl: 'https://forum.example.com' });
    const answer = await api('upsert-user-get-login-secret', {
      ssoId: 'x',
      primaryEmailAddress: 'x@example.com',
      isEmailAddressVerified: true,
    });
    const { loginSecret }: { loginSecret: string } = JSON.parse(await answer.text());
    const response = await fetch(
      `http://127.0.0.1:${running?.port}/-/v0/login-with-secret?oneTimeSecret=${loginSecret}`,
      { redirect: 'manual' },
    );
    expect(response.headers.get('location')).toBe('/');
    for (const cookie of response.headers.getSetCookie())
      expect(cookie).toMatch(/^__Host-TyCo.*; Path=\/; .*Secure/);
  });

  test.each([
    ['nowhere set: stays', {}, '/-1/welcome'],
    ['redirect URL', { ssoLogoutRedirUrl: 'https://site.example.com/bye' }, 'https://site.example.com/bye'],
    [
      'redirect URL without single sign-on',
      { ssoLogoutRedirUrl: 'https://site.example.com/bye', enableSso: false },
      '/-1/welcome',
    ],
    ['members only', { userMustBeAuthenticated: true, ssoLoginRequiredLogoutUrl: '/out' }, '/out'],
    ['members only, nothing set', { userMustBeAuthenticated: true }, '/'],
  ])('where a log-out leads, %s', async (_, settings, target) => {
    const { origin } = await start(settings);
    const answer = await fetch(`${origin}/-/logout?currentUrlPath=/-1/welcome`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([307, target]);
    const ajax = await fetch(`${origin}/-/logout`, {
      method: 'POST',
      headers: { 'x-requested-with': 'XMLHttpRequest' },
    });
    expect(await ajax.json()).toEqual({ goToUrl: target === '/-1/welcome' ? null : target });
  });

  test('a log-out never leads to another site by its parameter', async () => {
    const { origin } = await start();
    for (const target of ['//evil.test', 'https://evil.test/', '/\\evil.test']) {
      const answer = await fetch(`${origin}/-/logout?currentUrlPath=${encodeURIComponent(target)}`, {
        redirect: 'manual',
      });
      expect(answer.headers.get('location')).toBe('/');
    }
  });

  test('members only: guests get a log-in button, and go on by themselves once a log-out has a place to lead to', async () => {
    const { origin, changeSettings } = await start({ userMustBeAuthenticated: true });
    const denied = await fetch(`${origin}/-1/welcome`);
    expect(denied.status).toBe(403);
    const page = await denied.text();
    expect(page).toContain('data-sso-template');
    expect(page).not.toContain("').click()");
    changeSettings({ ssoLogoutRedirUrl: 'https://site.example.com/bye' });
    expect(await (await fetch(`${origin}/-1/welcome`)).text()).toContain("').click()");
    const browser = new TestBrowser();
    await logIn(browser);
    expect((await browser.go(`${origin}/-1/welcome`)).status).toBe(200);
  });

  test.each([
    ['suspended', 'TyESUSPENDED_'],
    ['unapproved', 'TyMAPPRPEND_'],
  ] as const)('a %s member gets a secret, and is refused later', async (state, code) => {
    const { origin, setMemberState } = await start();
    setMemberState('maja', state);
    const browser = new TestBrowser();
    expect((await logIn(browser)).status).toBe(307);
    const page = await browser.go(`${origin}/`);
    expect([page.status, page.headers.get('x-error-code')]).toEqual([403, code]);
  });

  test('the test page works while single sign-on is off', async () => {
    const { origin } = await start({
      enableSso: false,
      ssoUrl: `https://site.example.com/login?r=\${talkyardPathQueryEscHash}&test=1`,
    });
    const page = await (await fetch(`${origin}/-/sso-test`)).text();
    expect(page).toContain('Single sign-on is off');
    expect(page).toContain('href="https://site.example.com/login?r=/-/sso-test&amp;test=1"');
    expect(await (await fetch(`${origin}/`)).text()).not.toContain('<a class="button"');
    expect((await logIn(new TestBrowser())).status).toBe(307);
  });

  test('settings can be changed on a page, by its own form, within what Talkyard saves', async () => {
    const emulator = await start();
    const { origin } = emulator;
    const save = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
      fetch(`${origin}/-/admin/settings/login`, {
        method: 'POST',
        headers,
        body: new URLSearchParams(fields),
      });
    const key = `hex:${'ab'.repeat(32)}`;
    const fields = {
      enableApi: 'on',
      enableSso: 'on',
      ssoUrl: 'https://a.example/',
      ssoPasetoV2LocalSecret: key,
      allowEmbeddingFrom: 'https://b.example\r\nc.example',
    };
    expect((await save(fields, { origin: 'https://evil.test' })).status).toBe(403);
    expect((await save(fields)).status).toBe(200);
    expect(emulator.settings).toMatchObject({
      ssoUrl: 'https://a.example/',
      ssoPasetoV2LocalSecret: key,
      allowEmbeddingFrom: 'https://b.example\nc.example',
    });
    expect(await (await fetch(`${origin}/-/admin/settings/login`)).text()).toContain(
      'value="https://a.example/"',
    );
    const bad = await save({ ...fields, ssoUrl: '' });
    expect([bad.status, await bad.text()]).toEqual([
      400,
      expect.stringContaining('cannot be switched on without a URL'),
    ]);
    expect(emulator.settings.ssoUrl).toBe('https://a.example/');
  });

  test.each<[Partial<TalkyardSettings>, RegExp]>([
    [{ ssoUrl: `https://a.example/${'x'.repeat(200)}` }, /200 characters/],
    [{ ssoUrl: '', enableSso: true }, /without a URL/],
    [{ ssoLogoutRedirUrl: 'javascript:alert(1)' }, /http/],
    [{ ssoLogoutRedirUrl: 'https://a.example/ b' }, /blanks/],
    [{ ssoLoginRequiredLogoutUrl: 'x'.repeat(201) }, /200/],
    [{ ssoPasetoV2LocalSecret: 'ab'.repeat(32) }, /hex: or base64:/],
    [{ ssoPasetoV2LocalSecret: 'hex:abcd' }, /24 to 249/],
  ])('settings %#: not saved', async (settings, sentence) => {
    await expect(startTalkyardEmulator({ settings })).rejects.toThrow(sentence);
  });

  test('options that cannot be are refused', async () => {
    await expect(startTalkyardEmulator({ apiSecrets: ['short'] })).rejects.toThrow(/20 to 200/);
    await expect(startTalkyardEmulator({ host: '0.0.0.0' })).rejects.toThrow(/loopback/);
    const { setMemberState } = await start();
    expect(() => setMemberState('nobody', 'active')).toThrow(/no member @nobody/);
  });
});

describe('the API', () => {
  test.each([
    ['not a number', 'tyid=x', 400, 'TyEAPIUSERID'],
    ['a guest', 'tyid=-5', 403, 'TyEAPIBADUSR_'],
    ['a built-in', 'tyid=3', 403, 'TyEAPIBADUSR_'],
    ['unknown sign-on id', 'ssoid=nobody', 404, 'TyAPI0USR_'],
  ])('requester %s: %s', async (_, user, status, code) => {
    await start();
    const answer = await api('upsert-user', {}, basic(`${user}:${apiSecret}`));
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(code)]);
  });

  test('a member by sign-on id, unless suspended', async () => {
    const { setMemberState } = await start();
    const info = () =>
      fetch(`${running?.origin}/-/v0/api-secret-info`, {
        headers: { authorization: basic(`ssoid=maja-1:${apiSecret}`) },
      });
    expect(await (await info()).json()).toEqual({ user: { id: 100, username: 'maja' } });
    setMemberState('maja', 'suspended');
    expect((await info()).status).toBe(200);
    expect(
      (
        await api('get', { getQuery: { getWhat: 'Pats', getRefs: [] } }, basic(`ssoid=maja-1:${apiSecret}`))
      ).headers.get('x-error-code'),
    ).toBe('TyESUSPENDED_');
  });

  test.each([
    ['basic', `basic ${Buffer.from(`tyid=2:${apiSecret}`).toString('base64')}`],
    ['Bearer', `Bearer ${apiSecret}`],
    ['no colon', basic('tyid=2')],
  ])('the header %s is no key', async (_, authorization) => {
    await start();
    expect((await api('upsert-user', {}, authorization)).headers.get('x-error-code')).toBe(
      'TyEAPI0SECRET01_',
    );
  });

  test('what is no JSON is refused before anybody asks who sent it', async () => {
    await start();
    const answer = await api('upsert-user', '{', null);
    expect([answer.status, answer.headers.get('x-error-code')]).toEqual([400, null]);
  });

  test.each([
    ['upsert-user', {}, 403, 'TyEAPI0SECR04'],
    ['get', {}, 401, 'TyE0APISECR_'],
    ['do', {}, 403, 'TyE0APIRQ'],
    ['no-such-thing', {}, 403, 'TyEAPIPST404'],
  ])('%s without a key', async (path, body, status, code) => {
    await start();
    const answer = await api(path, body, null);
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(code)]);
    expect(answer.headers.get('www-authenticate')).toBeNull();
  });

  test('members only: without a key, that is said first', async () => {
    await start({ userMustBeAuthenticated: true });
    expect((await api('upsert-user', {}, null)).headers.get('x-error-code')).toBe('TyE0AUTHN_');
  });

  test.each([
    ['upsert-user', [], 400, 'TyEBADEXTUSR03'],
    [
      'upsert-user',
      { ssoId: 7, primaryEmailAddress: 'a@b.cd', isEmailAddressVerified: true },
      400,
      'TyE5S204RTE',
    ],
    ['do', {}, 501, 'TyE501NOTIMPL'],
    ['get', { getQuery: { getWhat: 'Pages' } }, 400, 'TyEBADJSN'],
    ['get', { getQuery: { getWhat: 'Pats', getRefs: ['tyid:100'] } }, 400, 'TyEBADJSN'],
    [
      'get',
      { getQuery: { getWhat: 'Pats', getRefs: Array.from({ length: 51 }, () => 'ssoid:x') } },
      400,
      'TyE603MRT4',
    ],
  ])('%s refuses %j', async (path, body, status, code) => {
    await start();
    const answer = await api(path, body);
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(code)]);
  });

  const valid = { ssoId: 'n-1', primaryEmailAddress: 'n@example.com', isEmailAddressVerified: true };

  test.each([
    ['a blank in the address', { primaryEmailAddress: 'a b@example.com' }, 400, 'TyE35M0ABT5'],
    ['two @', { primaryEmailAddress: 'a@b@example.com' }, 400, 'TyE35M0ABT2'],
    [
      'shape before confirmation',
      { primaryEmailAddress: 'root@localhost', isEmailAddressVerified: false },
      400,
      'TyE5KBW02',
    ],
    ['upper case', { primaryEmailAddress: 'N@example.com' }, 500, 'TyE500EXC'],
    ['an apostrophe', { primaryEmailAddress: "n'n@example.com" }, 500, 'TyE500EXC'],
    ['over 100 characters', { primaryEmailAddress: `${'n'.repeat(100)}@example.com` }, 500, 'TyE500EXC'],
    ['empty id', { ssoId: ' ' }, 500, 'TyE500EXC'],
    ['id over 200', { ssoId: 'x'.repeat(201) }, 500, 'TyE500EXC'],
    ['long extId', { extId: 'x'.repeat(129) }, 400, 'TyEEXTIDLNG'],
    ['unverified account there', { primaryEmailAddress: 'olaf@example.com' }, 403, 'TyE7BKG52A4'],
  ])('a user with %s', async (_, change, status, code) => {
    await start({}, { members: [{ username: 'olaf', email: 'olaf@example.com', emailVerified: false }] });
    const answer = await api('upsert-user', { ...valid, ...change });
    const text = await answer.text();
    expect([answer.status, text]).toEqual([status, expect.stringContaining(code)]);
    if (status === 500) expect(text).toContain('\tat ');
  });

  test('texts are trimmed, names of a wrong type ignored, an account is linked once and for all', async () => {
    const emulator = await start(
      {},
      { members: [{ username: 'owen', email: 'owen@example.com', admin: true }] },
    );
    await api('upsert-user', {
      ...valid,
      ssoId: ' n-1 ',
      primaryEmailAddress: ' owen@example.com ',
      username: 7,
    });
    expect(emulator.members).toMatchObject([{ username: 'owen', ssoId: 'n-1' }]);
    const again = await api('upsert-user', {
      ...valid,
      ssoId: 'n-2',
      primaryEmailAddress: 'owen@example.com',
    });
    expect(again.headers.get('x-error-code')).toBe('TyESSOEMLCONFL_');
  });

  test('staff flags and extId count at creation only; an extId is unique', async () => {
    const emulator = await start({}, { members: [] });
    await api('upsert-user', { ...valid, isAdmin: true, extId: 'e-1' });
    await api('upsert-user', { ...valid, isAdmin: false, isModerator: true, extId: 'e-2' });
    expect(emulator.members).toMatchObject([{ admin: true, moderator: false, extId: 'e-1' }]);
    expect(
      (
        await api('upsert-user', {
          ...valid,
          ssoId: 'n-2',
          primaryEmailAddress: 'n2@example.com',
          extId: 'e-1',
        })
      ).status,
    ).toBe(500);
  });

  test('a user without any name gets one', async () => {
    const emulator = await start({}, { members: [] });
    await api('upsert-user', { ...valid, username: ' ' });
    expect(emulator.members[0]?.username).toMatch(/^unnamed_\d+$/);
    await api('upsert-user', {
      ...valid,
      ssoId: 'n-2',
      primaryEmailAddress: 'n2@example.com',
      fullName: 'Zoë Ångström',
    });
    expect(emulator.members[1]?.username).toBe('Zoe_Angstrom');
  });

  test('secrets: unknown, ended, forgotten', async () => {
    let now = new Date('2026-03-01T12:00:00Z');
    const { origin } = await start({}, { now: () => now });
    const answer = await api('upsert-user-get-login-secret', valid);
    const { loginSecret }: { loginSecret: string } = JSON.parse(await answer.text());
    const url = `${origin}/-/v0/login-with-secret?oneTimeSecret=${loginSecret}&thenGoTo=/`;
    const code = async (address = url) =>
      (await fetch(address, { redirect: 'manual' })).headers.get('x-error-code');
    now = new Date('2026-03-01T12:00:31Z');
    expect(await code()).toBe('TyELGISECR_EEXP_');
    expect(await code()).toBe('TyELGISECR_EMANY_');
    now = new Date('2026-03-01T15:21:00Z');
    expect(await code()).toBe('TyELGISECR_ENONE_');
    const twice = await fetch(`${url}&thenGoTo=/x`);
    expect([twice.status, await twice.text()]).toEqual([400, expect.stringContaining('TyE6ABKP2')]);
  });

  test('a secret asked for by a script gives the session as JSON', async () => {
    const { origin } = await start();
    const answer = await api('upsert-user-get-login-secret', valid);
    const { loginSecret }: { loginSecret: string } = JSON.parse(await answer.text());
    const session = await fetch(`${origin}/-/v0/login-with-secret?oneTimeSecret=${loginSecret}`, {
      headers: { 'x-requested-with': 'XMLHttpRequest' },
    });
    expect(await session.json()).toEqual({
      weakSessionId: expect.any(String),
      xsrfTokenIfNoCookies: expect.any(String),
    });
  });

  test('list-users is for everybody, while the API is on', async () => {
    const { origin, changeSettings } = await start();
    const list = () => fetch(`${origin}/-/v0/list-users?usernamePrefix=MA`);
    expect(await (await list()).json()).toEqual({
      users: [{ id: 100, username: 'maja', fullName: 'Maja <b>' }],
    });
    changeSettings({ enableApi: false });
    expect((await list()).headers.get('x-error-code')).toBe('TyE4305RKCGL4');
    expect((await fetch(`${origin}/-/v0/nothing`)).headers.get('x-error-code')).toBe('TyEAPIGET404');
    expect(await (await fetch(`${origin}/-/v0/ping`)).text()).toMatch(/^pong from: /);
  });
});

describe('embedded comments', () => {
  const json = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${running?.origin}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  test('only the pages that are named may frame them', async () => {
    const { origin } = await start({
      allowEmbeddingFrom: '# blogs\nhttps://blog.example.com/path\ndocs.example.com\nhttps://*.evil.test\n',
    });
    const page = await fetch(
      `${origin}/-/embedded-comments?discussionId=d&embeddingUrl=https://blog.example.com/p`,
    );
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain(
      `frame-ancestors 'self' ${origin} https://blog.example.com https://docs.example.com http://docs.example.com`,
    );
    expect(policy).not.toContain('evil');
    expect(await page.text()).toContain('data-page="https://blog.example.com"');
    const foreign = await fetch(`${origin}/-/embedded-comments?embeddingUrl=https://evil.test/p`);
    expect(await foreign.text()).toContain('data-page=""');
    expect((await fetch(`${origin}/`)).headers.get('content-security-policy')).toContain(
      "frame-ancestors 'none'",
    );
  });

  test.each([
    ['no token', {}, 400, 'TyE0SSOTKN'],
    ['no secret set', { userAuthnToken: 'paseto:v2.local.x' }, 403, 'TyE3P3MSEJ4'],
  ])('%s', async (_, body, status, code) => {
    await start();
    const answer = await json('/-/v0/upsert-user-and-login', body);
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(code)]);
  });

  test('a base64 secret can be saved, and logs nobody in', async () => {
    await start({ ssoPasetoV2LocalSecret: `base64:${Buffer.alloc(32).toString('base64')}` });
    const answer = await json('/-/v0/upsert-user-and-login', { userAuthnToken: 'paseto:v2.local.x' });
    expect([answer.status, await answer.text()]).toEqual([501, expect.stringContaining('TYE329067MSTED')]);
  });

  test('the rate of logins is limited', async () => {
    let now = new Date('2026-03-01T12:00:00Z');
    await start({}, { now: () => now });
    const call = async () => (await json('/-/v0/upsert-user-and-login', {})).text();
    for (let i = 0; i < 40; i++) expect(await call()).toContain('TyE0SSOTKN');
    expect(await call()).toContain('DwE35BG8');
    now = new Date('2026-03-01T12:00:16Z');
    expect(await call()).toContain('TyE0SSOTKN');
  });

  test('comments take the session of the frame and its token against forgery', async () => {
    const { origin } = await start();
    const answer = await api('upsert-user-get-login-secret', {
      ssoId: 'maja-1',
      primaryEmailAddress: 'x@example.com',
      isEmailAddressVerified: true,
    });
    const { loginSecret }: { loginSecret: string } = JSON.parse(await answer.text());
    const session = await fetch(`${origin}/-/v0/login-with-secret?oneTimeSecret=${loginSecret}`, {
      headers: { 'x-requested-with': 'XMLHttpRequest' },
    });
    const { weakSessionId, xsrfTokenIfNoCookies }: { weakSessionId: string; xsrfTokenIfNoCookies: string } =
      JSON.parse(await session.text());
    const sid = { 'x-ty-sid': weakSessionId };
    const state = async (headers: Record<string, string>) =>
      (await json('/-/embedded-state', { discussion: 'd' }, headers)).json();
    expect(await state(sid)).toEqual({ you: { username: 'maja', fullName: 'Maja <b>' }, comments: [] });
    expect(await state({})).toMatchObject({ you: null });
    const comment = { discussion: 'd', text: 'First' };
    expect((await json('/-/embedded-comment', comment)).status).toBe(403);
    expect((await json('/-/embedded-comment', comment, sid)).status).toBe(403);
    const both = { ...sid, 'x-xsrf-token': xsrfTokenIfNoCookies };
    expect(
      (await json('/-/embedded-comment', comment, { ...both, origin: 'https://evil.test' })).status,
    ).toBe(403);
    expect((await json('/-/embedded-comment', { discussion: 'd', text: ' ' }, both)).status).toBe(400);
    expect((await json('/-/embedded-comment', comment, both)).status).toBe(200);
    expect(await state({})).toEqual({ you: null, comments: [{ nr: 2, author: 'maja', text: 'First' }] });
    await json('/-/logout', {}, { ...sid, 'x-requested-with': 'XMLHttpRequest' });
    expect(await state(sid)).toMatchObject({ you: null });
  });
});

describe('the webhook', () => {
  async function receiver(status: () => number) {
    const bodies: string[] = [];
    const agents: (string | undefined)[] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      bodies.push(body);
      agents.push(request.headers['user-agent']);
      response.writeHead(status()).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    return {
      url: `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}/hook`,
      bodies,
      agents,
      close: () => {
        server.closeAllConnections();
        server.close();
      },
    };
  }

  test('one event at a time, in their order; a failed one again after 3, 9, 27 seconds, and given up after three days', async () => {
    let now = new Date('2026-03-01T12:00:00Z');
    let status = 500;
    const hook = await receiver(() => status);
    try {
      const emulator = await start({}, { webhook: { url: hook.url, pollSeconds: 3_600 }, now: () => now });
      const add = (id: string) =>
        api('upsert-user', {
          ssoId: id,
          primaryEmailAddress: `${id}@example.com`,
          isEmailAddressVerified: true,
        });
      await add('a');
      await add('b');
      const after = async (seconds: number) => {
        now = new Date(now.getTime() + seconds * 1_000);
        await emulator.sendWebhooks();
        return hook.bodies.length;
      };
      expect(await after(0)).toBe(1);
      expect(await after(2)).toBe(1);
      expect(await after(1)).toBe(2);
      expect(await after(8)).toBe(2);
      expect(await after(1)).toBe(3);
      status = 204;
      expect(await after(27)).toBe(5);
      expect(hook.bodies.map((body) => JSON.parse(body).events[0].id)).toEqual([1, 1, 1, 1, 2]);
      expect(JSON.parse(hook.bodies[4] ?? '')).toEqual({
        origin: emulator.origin,
        events: [
          {
            id: 2,
            atMs: Date.parse('2026-03-01T12:00:00Z'),
            eventType: 'PatCreated',
            eventData: { pat: { id: 102, username: 'unnamed_102', ssoId: 'b' } },
          },
        ],
      });
      expect(hook.agents[0]).toMatch(/^Talkyard \/ \S+ API-v0\.0\.1$/);

      status = 302;
      await add('c');
      await after(0);
      expect(emulator.webhookBroken).toBe(false);
      await after(3 * 86_400 + 1);
      expect(emulator.webhookBroken).toBe(true);
      status = 200;
      expect(await after(86_400)).toBe(7);
    } finally {
      hook.close();
    }
  });
});
