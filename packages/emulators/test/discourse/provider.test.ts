import { afterEach, describe, expect, test } from '@jest/globals';

import type { DiscourseEmulator, SeedUser } from '../../src/discourse/index.js';
import { Browser, type Page } from './browser.js';
import { answerIn, requestUrl, returnUrl, sam, startProvider } from './provider-client.js';
import { answerUrl, begin, closeForums, connectUrl, startForum, startPlainForum, whoIs } from './site.js';

afterEach(closeForums);

const careful: SeedUser = {
  username: 'carla',
  email: 'carla@example.com',
  secondFactor: { token: '123456', backupCodes: ['backup-one'] },
};

/** A browser in which somebody is logged in already. */
async function browserOf(forum: DiscourseEmulator, username: string): Promise<Browser> {
  const browser = new Browser();
  const headers = { 'content-type': 'application/json' };
  const { status } = await browser.fetch(`${forum.origin}/emulator/log_in`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ username }),
  });
  expect(status).toBe(200);
  return browser;
}

const script = { 'x-requested-with': 'XMLHttpRequest', accept: 'application/json' };
const isAtClient = ({ status, location }: Page): boolean =>
  (status === 302 || status === 303) && location.startsWith(returnUrl);

describe('who is logged in', () => {
  test('is told to the client at once, which the log says without the answer', async () => {
    const forum = await startProvider();
    expect(isAtClient(await (await browserOf(forum, 'sam')).get(requestUrl(forum)))).toBe(true);
    expect(forum.log().at(-1)).toMatchObject({ outcome: 'answered', username: 'sam', location: returnUrl });
  });

  test('a script gets the address in JSON', async () => {
    const forum = await startProvider();
    const browser = await browserOf(forum, 'sam');
    const { status, text } = await browser.get(requestUrl(forum), script);
    expect(status).toBe(200);
    expect(answerIn(JSON.parse(text).redirect_url).fields.username).toBe('sam');
  });
});

describe('who is not', () => {
  test('goes to the login page, chooses an account and is sent on to the client', async () => {
    const forum = await startProvider();
    const browser = new Browser();
    const asked = await browser.get(requestUrl(forum));
    expect([asked.status, asked.location]).toEqual([302, `${forum.origin}/login`]);
    expect(asked.headers.get('set-cookie')).toMatch(/^sso_payload=sso%3D.*HttpOnly; SameSite=Lax$/);
    const login = await browser.get(asked.location);
    expect(login.status).toBe(200);
    expect(login.text).toContain('Log in as sam');
    // The browser may follow the form's redirects to the client, and on to wherever the client sends it.
    expect(login.headers.get('content-security-policy')).toMatch(/form-action 'self'.* https: http:;/);
    const page = await browser.post(`${forum.origin}/session`, { login: 'sam' });
    expect(isAtClient(page)).toBe(true);
    expect(answerIn(page.location).fields).toMatchObject({ external_id: '1', username: 'sam' });
    expect(answerIn(page.location).fields.confirmed_2fa).toBeUndefined();
    // The request is used up: the next login stays at the forum.
    const second = await browser.post(`${forum.origin}/session`, { login: 'sam' });
    expect([second.status, second.location]).toEqual([302, `${forum.origin}/`]);
  });

  test('stays logged in for sixty days', async () => {
    let time = Date.parse('2026-11-01T00:00:00Z');
    const forum = await startProvider({ now: () => new Date(time) });
    const browser = new Browser();
    await browser.post(`${forum.origin}/session`, { login: 'sam' });
    time += 59 * 86_400_000;
    expect(await whoIs(forum, browser)).toBe('sam');
    time += 61 * 86_400_000;
    expect(await whoIs(forum, browser)).toBeNull();
  });

  test('may sign up: the way to the client goes through the activation mail', async () => {
    const forum = await startProvider();
    const browser = new Browser();
    await browser.get(requestUrl(forum));
    expect((await browser.get(`${forum.origin}/signup`)).status).toBe(200);
    const given = { username: 'newcomer', email: 'new@example.com', name: 'New Comer' };
    const made = await browser.post(`${forum.origin}/signup`, given);
    expect([made.status, made.location]).toEqual([303, `${forum.origin}/u/account-created`]);
    expect((await browser.get(made.location)).text).toContain('new@example.com');
    expect(forum.account('newcomer')).toMatchObject({ active: false, email: 'new@example.com' });

    const early = await browser.post(`${forum.origin}/session`, { login: 'newcomer' });
    expect([early.status, early.text.includes('not activated')]).toEqual([403, true]);
    const path = forum.mails().find(({ to }) => to === 'new@example.com')?.path ?? '';
    const activation = await browser.get(forum.origin + path);
    expect(activation.headers.get('content-security-policy')).toMatch(/form-action 'self'.* https: http:;/);
    const page = await browser.post(forum.origin + path);
    expect(isAtClient(page)).toBe(true);
    expect(answerIn(page.location).fields).toMatchObject({ username: 'newcomer', email: 'new@example.com' });
  });

  test('cannot take a name or an address that is not free', async () => {
    const forum = await startProvider();
    const browser = new Browser();
    for (const [username, email] of [
      ['sam', 'other@example.com'],
      ['other', 'sam@example.com'],
      ['a b', 'other@example.com'],
      ['system', 'other@example.com'],
      ['other', 'nonsense'],
    ] as const) {
      const { status, text } = await browser.post(`${forum.origin}/signup`, { username, email, name: '' });
      expect([username, email, status, text.includes('Validation failed')]).toEqual([
        username,
        email,
        422,
        true,
      ]);
    }
    expect(forum.users()).toHaveLength(1);
    forum.changeSettings({ allow_new_registrations: false });
    const closed = await browser.post(`${forum.origin}/signup`, {
      username: 'other',
      email: 'other@example.com',
    });
    expect(closed.status).toBe(403);
  });

  test('is told why a login fails', async () => {
    const forum = await startProvider({
      users: [
        sam,
        { username: 'dora', email: 'dora@example.com', approved: false },
        { username: 'erin', email: 'erin@example.com', active: false },
      ],
      settings: { must_approve_users: true },
    });
    forum.suspend('sam', new Date(Date.now() + 86_400_000));
    const browser = new Browser();
    for (const [login, reason] of [
      ['sam', 'suspended'],
      ['dora', 'approval'],
      ['erin@example.com', 'not activated'],
      ['nobody', 'no such account'],
    ] as const) {
      const { status, text } = await browser.post(`${forum.origin}/session`, { login });
      expect([login, status, text.includes(reason)]).toEqual([login, 403, true]);
    }
    expect(await whoIs(forum, browser)).toBeNull();
    expect(forum.mails().at(-1)).toMatchObject({ to: 'erin@example.com', kind: 'activation' });
    forum.changeModes({ readOnly: true });
    expect((await browser.post(`${forum.origin}/session`, { login: 'erin' })).status).toBe(503);
  });

  test('from a page of another site nobody is logged in', async () => {
    const forum = await startProvider();
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    const { status } = await new Browser().post(`${forum.origin}/session`, { login: 'sam' }, headers);
    expect(status).toBe(403);
  });
});

describe('a request that is refused', () => {
  test('gets plain text', async () => {
    const forum = await startProvider();
    const forged = requestUrl(forum).replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    const { status, headers, text } = await new Browser().get(forged);
    expect([status, headers.get('content-type'), text]).toEqual([
      422,
      'text/plain; charset=utf-8',
      'Login error',
    ]);
  });
});

describe('logging out through the client', () => {
  test('ends the session before the browser goes to the bare address', async () => {
    const forum = await startProvider();
    const [here, there] = [await browserOf(forum, 'sam'), await browserOf(forum, 'sam')];
    const page = await here.get(requestUrl(forum, { logout: true, return_sso_url: `${returnUrl}?bye=1` }));
    expect([page.status, page.location]).toEqual([302, `${returnUrl}?bye=1`]);
    expect(await whoIs(forum, here)).toBeNull();
    // log_out_strict is on unless somebody switches it off.
    expect(await whoIs(forum, there)).toBeNull();
  });
});

describe('a second factor', () => {
  const nonceOf = ({ location }: Page): string => new URL(location).searchParams.get('nonce') ?? '';
  const confirmWith = (
    forum: DiscourseEmulator,
    browser: Browser,
    nonce: string,
    method: string,
    code: string,
  ) =>
    browser.post(`${forum.origin}/session/2fa`, {
      nonce,
      second_factor_method: method,
      second_factor_token: code,
    });

  test('is asked for on a page of its own, and confirmed to the client', async () => {
    const forum = await startProvider({ users: [careful] });
    const browser = await browserOf(forum, 'carla');
    const asked = await browser.get(requestUrl(forum, { require_2fa: true }));
    expect([asked.status, asked.location]).toEqual([302, expect.stringContaining('/session/2fa?nonce=')]);
    const question = await browser.get(asked.location);
    expect(question.status).toBe(200);
    expect(question.headers.get('content-security-policy')).toMatch(/form-action 'self'.* https: http:;/);
    const nonce = nonceOf(asked);
    const wrong = await confirmWith(forum, browser, nonce, '1', '000000');
    expect([wrong.status, wrong.text.includes('not right')]).toEqual([400, true]);
    const right = await confirmWith(forum, browser, nonce, '1', '123456');
    expect(right.status).toBe(303);
    const page = await browser.get(right.location);
    expect(isAtClient(page)).toBe(true);
    expect(answerIn(page.location).fields).toMatchObject({
      username: 'carla',
      confirmed_2fa: true,
      require_2fa: true,
    });
    // Once only.
    expect((await browser.get(right.location)).status).toBe(404);
  });

  test('a backup code is refused', async () => {
    const forum = await startProvider({ users: [careful] });
    const browser = await browserOf(forum, 'carla');
    const nonce = nonceOf(await browser.get(requestUrl(forum, { require_2fa: true })));
    expect((await confirmWith(forum, browser, nonce, '2', 'backup-one')).status).toBe(403);
    expect((await confirmWith(forum, browser, nonce, '3', '123456')).status).toBe(403);
    expect(forum.account('carla')?.secondFactor?.backupCodes).toEqual(['backup-one']);
  });

  test('coming back without having done it is a 401, with a foreign nonce a 404', async () => {
    const forum = await startProvider({ users: [careful] });
    const browser = await browserOf(forum, 'carla');
    const nonce = nonceOf(await browser.get(requestUrl(forum, { require_2fa: true })));
    const back = (who: Browser, value: string) =>
      who.get(`${forum.origin}/session/sso_provider?second_factor_nonce=${value}`);
    expect((await back(browser, nonce)).status).toBe(401);
    expect((await back(browser, 'unknown')).status).toBe(404);
    expect((await back(await browserOf(forum, 'carla'), nonce)).status).toBe(404);
    expect((await browser.get(`${forum.origin}/session/2fa?nonce=unknown`)).status).toBe(404);
  });

  test('the question is good for five minutes', async () => {
    let now = new Date('2026-03-01T12:00:00Z');
    const forum = await startProvider({ users: [careful], now: () => now });
    const browser = await browserOf(forum, 'carla');
    const nonce = nonceOf(await browser.get(requestUrl(forum, { require_2fa: true })));
    now = new Date(now.getTime() + 300_000);
    expect((await browser.get(`${forum.origin}/session/2fa?nonce=${nonce}`)).status).toBe(200);
    now = new Date(now.getTime() + 1);
    expect((await browser.get(`${forum.origin}/session/2fa.json?nonce=${nonce}`)).status).toBe(401);
    expect((await confirmWith(forum, browser, nonce, '1', '123456')).status).toBe(401);
  });

  test('used to log in, it is confirmed straight away; a backup code is not', async () => {
    for (const [method, code, direct] of [
      ['1', '123456', true],
      ['2', 'backup-one', false],
    ] as const) {
      const forum = await startProvider({ users: [careful] });
      const browser = new Browser();
      await browser.get(requestUrl(forum, { require_2fa: true }));
      const first = await browser.post(`${forum.origin}/session`, { login: 'carla' });
      expect([first.status, first.text.includes('second factor')]).toEqual([200, true]);
      const wrong = { login: 'carla', second_factor_method: method, second_factor_token: 'wrong' };
      expect((await browser.post(`${forum.origin}/session`, wrong)).status).toBe(401);
      expect(await whoIs(forum, browser)).toBeNull();
      const page = await browser.post(`${forum.origin}/session`, { ...wrong, second_factor_token: code });
      expect(isAtClient(page)).toBe(direct);
      if (direct) expect(answerIn(page.location).fields.confirmed_2fa).toBe(true);
      else expect(page.location).toContain('/session/2fa?nonce=');
    }
  });

  test('for scripts there is JSON all the way', async () => {
    const forum = await startProvider({ users: [careful] });
    const browser = await browserOf(forum, 'carla');
    const asked = await browser.get(requestUrl(forum, { require_2fa: true }), script);
    expect(asked.status).toBe(403);
    const { second_factor_challenge_nonce: nonce } = JSON.parse(asked.text);
    const shown = await browser.get(`${forum.origin}/session/2fa.json?nonce=${nonce}`);
    expect(JSON.parse(shown.text)).toMatchObject({
      totp_enabled: true,
      backup_enabled: true,
      allowed_methods: [1, 3],
    });
    const post = (form: Record<string, string>) =>
      browser.post(`${forum.origin}/session/2fa.json`, { nonce, second_factor_method: '1', ...form });
    expect((await post({ second_factor_token: '1' })).status).toBe(400);
    expect((await post({ second_factor_method: '2' })).status).toBe(403);
    expect((await post({ nonce: 'x' })).status).toBe(404);
    const done = JSON.parse((await post({ second_factor_token: '123456' })).text);
    expect(done).toMatchObject({ ok: true, callback_method: 'GET', callback_path: '/session/sso_provider' });
    const back = await browser.get(
      `${forum.origin}${done.callback_path}?second_factor_nonce=${nonce}`,
      script,
    );
    expect(answerIn(JSON.parse(back.text).redirect_url).fields.confirmed_2fa).toBe(true);
  });
});

describe('both roles at once', () => {
  const settings = {
    enable_discourse_connect_provider: true,
    discourse_connect_provider_secrets: 'client.example.com|a-line-of-the-provider-secrets',
  };

  test('people log in at the site, not here; the client has to ask again afterwards', async () => {
    const forum = await startForum({ settings });
    const browser = new Browser();
    const asked = await browser.get(requestUrl(forum));
    expect((await browser.get(asked.location)).location).toBe(`${forum.origin}/session/sso`);
    expect((await browser.post(`${forum.origin}/session`, { login: 'sam' })).status).toBe(403);
    expect((await browser.post(`${forum.origin}/signup`, { username: 'x', email: 'x@x.io' })).status).toBe(
      403,
    );
    const nonce = await begin(forum, browser);
    const home = await browser.get(answerUrl(forum, { nonce, external_id: '7', email: 'sam@example.com' }));
    expect(home.location).toBe(`${forum.origin}/`);
    expect(isAtClient(await browser.get(requestUrl(forum)))).toBe(true);
  });

  test('neither: a forum with its own accounts', async () => {
    const forum = await startPlainForum({ users: [sam] });
    const browser = new Browser();
    expect((await browser.get(`${forum.origin}/`)).text).toContain(
      'href="/login?return_path=%2F">Log In</a>',
    );
    await browser.get(`${forum.origin}/login?return_path=%2Ft%2Fideas%2F3`);
    const page = await browser.post(`${forum.origin}/session`, { login: 'sam' });
    expect(page.location).toBe(`${forum.origin}/t/ideas/3`);
    expect(await whoIs(forum, browser)).toBe('sam');
    expect((await browser.get(`${forum.origin}/session/sso`)).status).toBe(404);
    expect((await browser.get(`${forum.origin}/login`)).location).toBe(`${forum.origin}/`);
  });

  test('a return path to another site is not followed', async () => {
    const forum = await startPlainForum({ users: [sam] });
    const browser = new Browser();
    await browser.get(`${forum.origin}/login?return_path=https%3A%2F%2Fevil.example%2F`);
    const page = await browser.post(`${forum.origin}/session`, { login: 'sam' });
    expect(page.location).toBe(`${forum.origin}/`);
  });

  test('client mode needs its address and secret', async () => {
    await expect(startPlainForum({ settings: { enable_discourse_connect: true } })).rejects.toThrow(
      'discourse_connect_url',
    );
    await expect(startPlainForum({ connectUrl })).rejects.toThrow('at least 10 characters');
  });
});
