import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import {
  type BlogEmulator,
  type BlogEmulatorOptions,
  type BlogOptions,
  startBlogEmulator,
} from '../../src/connect-client/index.js';
import { Browser, type Page } from '../discourse/browser.js';
import { Forum, webhookHeaders } from './forum.js';

const secret = 'the secret of the blog';
const webhookSecret = 'the secret of its webhooks';
const alice = { external_id: '7', username: 'alice', email: 'alice@example.com', name: 'Alice B. Example' };

let forum: Forum;
const blogs: BlogEmulator[] = [];
beforeEach(async () => {
  forum = await Forum.start(secret);
});
afterEach(async () => {
  await Promise.all(blogs.splice(0).map((blog) => blog.close()));
  await forum.stop();
});

async function start(
  options: Partial<BlogOptions> = {},
  more: Partial<BlogEmulatorOptions> = {},
): Promise<BlogEmulator> {
  const blog = await startBlogEmulator({
    accounts: [{ username: 'olaf', email: 'olaf@example.com' }],
    ...more,
    options: {
      url: forum.url,
      'sso-secret': secret,
      'sso-client-enabled': options['enable-sso'] !== true,
      ...options,
    },
  });
  blogs.push(blog);
  return blog;
}

const reader = (text: string): string => /data-user="([^"]*)"/.exec(text)?.[1] ?? 'no page';
const errorOf = ({ location }: Page): string | null =>
  new URL(location).searchParams.get('discourse_sso_error');
const ask = async (blog: BlogEmulator, browser: Browser, returnTo = `${blog.origin}/post`) =>
  forum.question(
    (await browser.get(`${blog.origin}/?discourse_sso=1&redirect_to=${encodeURIComponent(returnTo)}`))
      .location,
  );
const logIn = async (
  blog: BlogEmulator,
  fields: Readonly<Record<string, string>> = alice,
  browser = new Browser(),
) => browser.get(forum.answerTo(await ask(blog, browser), fields));
const logInHere = (blog: BlogEmulator, browser: Browser, log = 'olaf'): Promise<Page> =>
  browser.post(`${blog.origin}/wp-login.php`, { log }, { origin: blog.origin });
const whoReads = async (blog: BlogEmulator, browser: Browser): Promise<string> =>
  reader((await browser.get(`${blog.origin}/`)).text);

describe('a login', () => {
  test('asks with a nonce of 32 digits and any address, and goes where the answer says', async () => {
    const blog = await start();
    const browser = new Browser();
    const question = await ask(blog, browser, `${blog.origin}/post?a=1#part`);
    expect([...question]).toEqual([
      ['nonce', expect.stringMatching(/^[0-9a-f]{32}$/)],
      ['return_sso_url', `${blog.origin}/post?a=1#part`],
    ]);
    const nonce = question.get('nonce') ?? '';
    const back = await browser.get(
      forum.addressWith(`${blog.origin}/post?a=1`, {
        nonce,
        return_sso_url: `${blog.origin}/other`,
        ...alice,
      }),
    );
    expect([back.status, back.location]).toEqual([302, `${blog.origin}/other`]);
    expect(await whoReads(blog, browser)).toBe('alice');
    expect(blog.accounts()[1]).toEqual({
      id: 2,
      username: 'alice',
      email: 'alice@example.com',
      firstName: 'Alice',
      discourseId: '7',
      discourseUsername: 'alice',
    });
    // Whatever a link says is signed, other hosts included.
    expect((await ask(blog, browser, 'https://evil.example/')).get('return_sso_url')).toBe(
      'https://evil.example/',
    );
  });

  test('the answer decides where to go, on this blog; without an address there is an empty page', async () => {
    const blog = await start();
    const browser = new Browser();
    const { location } = await logIn(blog, { ...alice, return_sso_url: 'https://evil.example/' }, browser);
    expect(location).toBe(`${blog.origin}/wp-admin/`);
    const other = new Browser();
    const nonce = (await ask(blog, other)).get('nonce') ?? '';
    const empty = await other.get(forum.addressWith(`${blog.origin}/`, { nonce, ...alice }));
    expect([empty.status, empty.text, await whoReads(blog, other)]).toEqual([200, '', 'alice']);
  });

  test('a wrong signature shows the page, a stale nonce makes an account and logs nobody in', async () => {
    const blog = await start();
    const browser = new Browser();
    const right = forum.answerTo(await ask(blog, browser), alice);
    const wrong = await browser.get(right.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')));
    expect([wrong.status, reader(wrong.text)]).toEqual([200, '']);
    const mallory = { external_id: '66', username: 'mallory', email: 'm@example.com' };
    const stale = await browser.get(forum.addressWith(`${blog.origin}/`, { nonce: 'old', ...mallory }));
    expect(errorOf(stale)).toBe('expired_nonce');
    expect(blog.accounts()).toMatchObject([{}, { username: 'mallory', discourseId: null }]);
    // It is linked with nobody, so not even its owner gets in.
    expect(errorOf(await logIn(blog, mallory))).toBe('existing_user_login');
    // A nonce is good once, in any browser.
    const other = new Browser();
    await other.get(right);
    expect(await whoReads(blog, other)).toBe('alice');
    expect(errorOf(await browser.get(right))).toBe('expired_nonce');
  });

  test('nonces live for ten minutes', async () => {
    let now = new Date('2026-03-01T12:00:00Z');
    const blog = await start({}, { now: () => now });
    const browser = new Browser();
    const right = forum.answerTo(await ask(blog, browser), alice);
    now = new Date(now.getTime() + 600_001);
    expect(errorOf(await browser.get(right))).toBe('expired_nonce');
  });

  test('a plus or a line break in the base64 breaks the signature; a missing padding does not', async () => {
    const blog = await start();
    const fields = async (more: string): Promise<string> => {
      const nonce = (await ask(blog, new Browser())).get('nonce') ?? '';
      return `nonce=${nonce}&external_id=7&username=alice&email=alice%40example.com&return_sso_url=${encodeURIComponent(blog.origin)}${more}`;
    };
    const open = async (sso: string): Promise<Page> =>
      new Browser().get(forum.addressOf(`${blog.origin}/`, sso));
    const plain = Buffer.from(await fields('&name=x')).toString('base64');
    expect((await open(plain.replace(/=+$/, ''))).status).toBe(302);
    for (let blanks = 0; blanks < 3; blanks++) {
      const sso = Buffer.from(await fields(`&name=${'x'.repeat(blanks)}~~~`)).toString('base64');
      if (sso.includes('+')) expect((await open(sso)).status).toBe(200);
    }
    const wrapped = Buffer.from(await fields(''))
      .toString('base64')
      .replace(/(.{60})/g, '$1\n');
    expect((await open(wrapped)).status).toBe(200);
  });

  test('failed is not looked at: with the fields of a person it logs in, without it is an expired nonce', async () => {
    const blog = await start();
    const browser = new Browser();
    await logIn(blog, { ...alice, failed: 'true' }, browser);
    expect(await whoReads(blog, browser)).toBe('alice');
    expect(errorOf(await logIn(blog, { failed: 'true' }))).toBe('expired_nonce');
    expect(errorOf(await logIn(blog, { ...alice, external_id: '0' }))).toBe('expired_nonce');
  });

  test('texts are decoded once too often and stripped', async () => {
    const blog = await start();
    await logIn(blog, { ...alice, username: 'x%41y', name: '<b>Bo</b>b C' });
    expect(blog.accounts()[1]).toMatchObject({ username: 'xAy', firstName: 'Bob' });
  });

  test('matches by the forum’s number, by address if wanted, and else makes an account or not', async () => {
    const taken = { external_id: '9', username: 'other', email: 'olaf@example.com' };
    const plain = await start();
    expect(errorOf(await logIn(plain, taken))).toBe('existing_user_email');
    expect(errorOf(await logIn(plain, { ...taken, username: 'Olaf', email: 'x@y.z' }))).toBe(
      'existing_user_login',
    );
    const matching = await start({ 'sso-client-sync-by-email': true });
    await logIn(matching, taken);
    await logIn(matching, { ...taken, email: 'new@example.com', username: 'renamed' });
    expect(matching.accounts()).toMatchObject([
      { id: 1, username: 'olaf', discourseId: '9', discourseUsername: 'renamed' },
    ]);
    const closed = await start({ 'sso-client-disable-create-user': true });
    expect(errorOf(await logIn(closed))).toBe('no_matching_user');
  });

  test('a new person without a name or address, or a field with brackets, is a 500', async () => {
    const blog = await start();
    const quiet = console.error;
    console.error = () => {};
    const { email: _e, ...noEmail } = alice;
    expect((await logIn(blog, noEmail)).status).toBe(500);
    expect((await logIn(blog, { ...alice, 'groups[]': 'a' })).status).toBe(500);
    console.error = quiet;
    expect((await logIn(blog, { ...alice, 'custom.x': 'a' })).status).toBe(302);
  });

  test('somebody who is logged in is linked when the addresses are the same', async () => {
    const blog = await start();
    const browser = new Browser();
    await logInHere(blog, browser);
    expect((await logIn(blog, alice, browser)).location).toBe(`${blog.origin}/wp-admin/profile.php`);
    await logIn(blog, { ...alice, email: 'olaf@example.com' }, browser);
    expect(blog.accounts()).toMatchObject([{ username: 'olaf', discourseId: '7' }]);
    expect((await logIn(blog, alice, browser)).location).toBe(`${blog.origin}/post`);
  });

  test('an error is shown on the login page, with a button', async () => {
    const blog = await start();
    const { text } = await new Browser().get(`${blog.origin}/wp-login.php?discourse_sso_error=expired_nonce`);
    expect(text).toContain('data-error="expired_nonce"');
    expect(text).toContain('Log in with Discourse');
  });
});

describe('a log-out', () => {
  const calling = { 'api-key': 'The+KEY-of_it', 'sso-client-sync-logout': true };
  const logOut = (blog: BlogEmulator, browser: Browser): Promise<Page> =>
    browser.post(`${blog.origin}/wp-login.php?action=logout`, {}, { origin: blog.origin });

  test('calls the forum without .json, with a cleaned key, and goes on whatever it says', async () => {
    const blog = await start(calling);
    const browser = new Browser();
    await logIn(blog, alice, browser);
    forum.answer = () => ({ status: 500, body: '' });
    await logOut(blog, browser);
    expect(forum.calls).toMatchObject([
      {
        method: 'POST',
        path: '/admin/users/7/log_out',
        headers: { 'api-key': 'thekey-of_it', 'api-username': 'system', accept: 'application/json' },
        body: '',
      },
    ]);
    expect(await whoReads(blog, browser)).toBe('');
  });

  test('asks for the number first when it does not know it', async () => {
    const blog = await start(calling);
    const browser = new Browser();
    await logInHere(blog, browser);
    forum.answer = ({ path }) => ({
      status: 200,
      body: path.startsWith('/users/') ? '{"user":{"id":42}}' : '{"success":"OK"}',
    });
    await logOut(blog, browser);
    expect(forum.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /users/by-external/1.json',
      'POST /admin/users/42/log_out',
    ]);
  });

  test('not without a key, or when it is not wanted', async () => {
    for (const options of [{ ...calling, 'api-key': '' }, { 'api-key': 'key' }]) {
      const blog = await start(options);
      const browser = new Browser();
      await logIn(blog, alice, browser);
      await logOut(blog, browser);
    }
    expect(forum.calls).toEqual([]);
  });

  test('from the forum: a link that needs nothing', async () => {
    const blog = await start();
    const browser = new Browser();
    await logIn(blog, alice, browser);
    expect((await browser.get(`${blog.origin}/?request=logout`)).location).toBe(forum.url);
    expect(await whoReads(blog, browser)).toBe('');
  });
});

describe('bringing people to the forum', () => {
  test('a login here is told by sync_sso, as JSON; number and name are remembered', async () => {
    const blog = await start({ 'enable-sso': true, 'auto-create-sso-user': true, 'api-key': 'key' });
    forum.answer = () => ({ status: 200, body: '{"id":42,"username":"olaf1"}' });
    await logInHere(blog, new Browser());
    await blog.changeForumGroups('olaf', { add_groups: 'a,b' });
    expect(forum.calls).toMatchObject([
      { method: 'POST', path: '/admin/users/sync_sso', headers: { 'content-type': 'application/json' } },
      { path: '/admin/users/sync_sso' },
    ]);
    const { sso, sig }: { sso: string; sig: string } = JSON.parse(forum.calls[0]?.body ?? '');
    expect(forum.addressOf('', sso)).toContain(sig);
    expect([...new URLSearchParams(Buffer.from(sso, 'base64').toString()).keys()]).toEqual([
      'external_id',
      'username',
      'email',
      'require_activation',
      'name',
      'bio',
      'avatar_url',
      'avatar_force_update',
    ]);
    expect(blog.accounts()).toMatchObject([{ discourseId: '42', discourseUsername: 'olaf1' }]);
    await expect(blog.changeForumGroups('nobody', {})).rejects.toThrow(TypeError);
  });

  test.each([
    [404, ''],
    [200, 'nothing'],
    [200, '{"success":"OK"}'],
  ])('an answer %i %j stops no login', async (status, body) => {
    const blog = await start({ 'enable-sso': true, 'auto-create-sso-user': true, 'api-key': 'key' });
    forum.answer = () => ({ status, body });
    const browser = new Browser();
    await logInHere(blog, browser);
    expect(await whoReads(blog, browser)).toBe('olaf');
    expect(blog.accounts()).toMatchObject([{ discourseId: null }]);
  });
});

describe('webhooks', () => {
  const listening = {
    'use-discourse-user-webhook': true,
    'webhook-match-user-email': true,
    'webhook-secret': webhookSecret,
  };
  const user = { id: 7, username: 'olaf2', email: 'olaf@example.com', groups: [] };

  async function post(
    blog: BlogEmulator,
    body: unknown,
    options = {},
    { key = webhookSecret, url = blog.webhookUrl } = {},
  ) {
    const text = JSON.stringify(body);
    const answer = await fetch(url, {
      method: 'POST',
      headers: webhookHeaders(text, key, options),
      body: text,
    });
    expect(answer.status).toBe(200);
    const inner: unknown = JSON.parse(await answer.text());
    return JSON.parse(String(inner));
  }

  test('always 200, with a JSON text that holds JSON', async () => {
    const blog = await start(listening);
    expect(await post(blog, { user }, { event: 'user_created' })).toEqual({
      success: true,
      message: 'User updated.',
    });
    expect(blog.accounts()).toMatchObject([{ discourseId: '7', discourseUsername: 'olaf2' }]);
    expect(await post(blog, { user: { ...user, email: 'x@y.z', username: 'o3' } })).toMatchObject({
      success: true,
    });
    expect(await post(blog, { user: { ...user, id: 8, email: 'x@y.z' } })).toMatchObject({ success: false });
    expect(await post(blog, { user }, { event: 'user_logged_out' })).toMatchObject({
      success: false,
      message: expect.stringContaining('not supported'),
    });
    expect(await post(blog, { ping: 'OK' }, { type: 'ping', event: 'ping' })).toMatchObject({
      success: false,
    });
    expect(await post(blog, { user }, {}, { key: 'another secret' })).toMatchObject({
      success: false,
      message: expect.stringContaining('not verified'),
    });
    expect(await post(blog, [])).toMatchObject({ success: false });
    const other = `${blog.origin.replace('localhost', '127.0.0.1')}/?rest_route=/wp-discourse/v1/update-user`;
    expect(await post(blog, { user }, {}, { url: other })).toMatchObject({ success: true });
    expect(blog.webhooks()).toHaveLength(8);
  });

  test('external_id is taken for the blog’s own number of a user', async () => {
    const blog = await start(listening);
    await post(blog, { user: { id: 99, username: 'stranger', email: 'x@y.z', external_id: '1' } });
    expect(blog.accounts()).toMatchObject([{ id: 1, discourseId: '99', discourseUsername: 'stranger' }]);
  });

  test('there is no such route unless it is wanted', async () => {
    const blog = await start({ ...listening, 'webhook-match-user-email': false });
    const answer = await fetch(blog.webhookUrl, { method: 'POST', body: '{}' });
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'rest_no_route' }]);
    expect((await fetch((await start(listening)).webhookUrl)).status).toBe(404);
  });
});

describe('the emulator', () => {
  test('shows accounts, webhooks and log', async () => {
    const blog = await start();
    const browser = new Browser();
    await logIn(blog, { ...alice, username: 'a"<i>' }, browser);
    const { text } = await browser.get(`${blog.origin}/emulator`);
    expect(text).toContain('Behind the blog');
    expect(text).not.toContain('<i>');
    expect((await browser.post(`${blog.origin}/`, {}, {})).status).toBe(405);
    expect((await logInHere(blog, browser, 'nobody')).status).toBe(403);
  });

  test.each<[Partial<BlogOptions>, string]>([
    [{ url: 'forum.example' }, 'Discourse URL'],
    [{ 'sso-client-enabled': true, 'enable-sso': true }, 'not both'],
    [{ 'sso-secret': 'short' }, '10 characters'],
    [{ 'use-discourse-user-webhook': true, 'webhook-secret': 'short' }, '12 characters'],
  ])('options that do not fit together are refused: %j', async (options, named) => {
    await expect(start(options)).rejects.toThrow(named);
  });

  test('listens on this machine alone', async () => {
    await expect(start({}, { host: '0.0.0.0' })).rejects.toThrow(TypeError);
  });
});
