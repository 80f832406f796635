import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { startTestDemo, type TestDemo } from './support/test-demo.js';
import { type Answer, newVisitor, type Visitor } from './support/visitor.js';
import { logInAtWiki, readerOf } from './support/wiki.js';

let demo: TestDemo;
let site: string;
let wiki: string;
beforeAll(async () => {
  demo = await startTestDemo();
  site = demo.origin;
  wiki = demo.community('discourse-connect-provider');
});
afterAll(() => demo.close());

const page = (title: string): string => `${wiki}/index.php?title=${title}`;
const loginPage = (): string => page('Special:UserLogin&returnto=Main_Page');

/** Who reads a page of the wiki there, seamless login and all; the empty text for nobody. */
const readerAt = async (visitor: Visitor): Promise<string | undefined> =>
  readerOf(await visitor.open(page('Help')));

async function signedIn(username: string): Promise<Visitor> {
  const visitor = newVisitor();
  await visitor.post(`${site}/login`, { username });
  return visitor;
}

const logIn = (visitor: Visitor, username: string): Promise<Answer> =>
  logInAtWiki({ site, wiki }, visitor, username);

async function eventually(look: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('It never came to this.');
}

/** The wiki's groups of one of its users; undefined: there is no such user. */
async function groupsOf(name: string): Promise<readonly string[] | undefined> {
  const { text } = await newVisitor().open(page('Special:ListUsers'));
  const [, row] = new RegExp(`<tr data-account="${name}">(.*?)</tr>`, 's').exec(text) ?? [];
  return row === undefined
    ? undefined
    : [...row.matchAll(/class="tag">([^<]*)</g)].map(([, group = '']) => group);
}

describe('the wiki beside the site', () => {
  test('logs somebody in with the account of the site, rights of groups and all', async () => {
    const visitor = newVisitor();
    expect(await readerAt(visitor)).toBe('');
    expect(readerOf(await logIn(visitor, 'alice'))).toBe('Alice');
    expect(await groupsOf('Alice')).toEqual(['sysop', 'editors', 'supporters']);
    expect(demo.lines).toContainEqual(
      expect.stringMatching(/ {2}login\.answered {2}discourse-connect-provider {2}user="/),
    );
  });

  test('says on the sign-in page that somebody waits for the answer', async () => {
    expect((await newVisitor().open(loginPage())).text).toContain('The community sent you here');
  });

  test.each([
    ['carol', 'ERR_EMAIL_NOT_VERIFIED', true],
    ['dave', 'ERR_USER_SUSPENDED', false],
  ])('never sees %s', async (username, code, canBeMended) => {
    const visitor = newVisitor();
    await readerAt(visitor);
    const { url, status, text } = await logIn(visitor, username);
    expect([new URL(url).origin, status]).toEqual([site, 403]);
    expect(text).toContain(code);
    expect(text.includes('href="/account"')).toBe(canBeMended);
    // Quietly, too.
    expect(await readerAt(await signedIn(username))).toBe('');
    expect(await groupsOf(username.replace(/^./, (letter) => letter.toUpperCase()))).toBeUndefined();
  });

  test('knows at once who is signed in at the site', async () => {
    const visitor = await signedIn('bob');
    const { url, text, trail } = await visitor.open(page('Help'));
    expect([url, /data-user="([^"]*)"/.exec(text)?.[1]]).toEqual([page('Help'), 'Bob']);
    expect(trail.some((address) => address.startsWith(`${site}/session/sso_provider?`))).toBe(true);
  });

  test('hears of changed groups without a login', async () => {
    const visitor = await signedIn('bob');
    await readerAt(visitor);
    const bob = { name: 'Bob Example', email: 'bob@example.com', title: '', group: 'demo-translators' };
    await visitor.post(`${site}/account/edit`, bob);
    await eventually(async () => (await groupsOf('Bob'))?.join() === 'translators');
    await visitor.post(`${site}/account/edit`, { ...bob, group: 'demo-supporters' });
    await eventually(async () => (await groupsOf('Bob'))?.join() === 'supporters');
  });

  test('a log-out at the wiki ends the session at the site first', async () => {
    const visitor = newVisitor();
    await readerAt(visitor);
    await logIn(visitor, 'alice');
    const elsewhere = await signedIn('alice');
    const { location = '' } = await visitor.post(page('Special:UserLogout'), {});
    expect((await visitor.open(location)).text).toContain('You are now logged out.');
    expect((await visitor.get(`${site}/`)).text).not.toContain('Signed in as');
    expect(await readerAt(visitor)).toBe('');
    expect((await elsewhere.get(`${site}/`)).text).toContain('Signed in as');

    // Everywhere: the wiki asks for it through the API.
    await logIn(visitor, 'alice');
    const global = await visitor.post(page('Special:UserLogout'), { 'dssoc-global-logout': '1' });
    await visitor.open(global.location ?? '');
    expect((await elsewhere.get(`${site}/`)).text).not.toContain('Signed in as');
  });

  test('a sign-out at the site ends the sessions at the wiki', async () => {
    const visitor = newVisitor();
    await readerAt(visitor);
    await logIn(visitor, 'bob');
    const second = newVisitor();
    await readerAt(second);
    await logIn(second, 'bob');
    await visitor.post(`${site}/logout`, {});
    await eventually(async () => readerOf(await second.get(page('Main_Page'))) !== 'Bob');
    expect(await readerAt(second)).toBe('');
  });

  test('a forged request ends at the site', async () => {
    const { text } = await newVisitor().get(`${site}/`);
    const [, link = ''] = /href="(\/session\/sso_provider[^"]*)"/.exec(text) ?? [];
    const answer = await newVisitor().open(site + link.replaceAll('&amp;', '&'));
    expect([answer.status, answer.trail]).toEqual([400, [expect.stringContaining(site)]]);
    expect(answer.text).toContain('ERR_PROVIDER_CLIENT_UNKNOWN');
    expect(answer.text).not.toContain('evil.example');
  });

  test('calls of its API need its key', async () => {
    const call = {
      method: 'POST',
      headers: { 'api-username': 'system', 'api-key': 'not-the-key-not-the-key-' },
    };
    for (const path of ['/admin/users/1/log_out', '/admin/users/1/log_out.json', '/admin/users/sync_sso']) {
      expect((await fetch(site + path, call)).status).toBe(403);
    }
    for (const path of ['/u/by-external/demo-alice.json', '/users/by-external/demo-alice.json']) {
      expect((await fetch(site + path)).status).toBe(403);
    }
  });

  test('secrets of it stay out of the console', () => {
    expect(demo.lines.join('\n')).not.toMatch(/[0-9a-f]{64}/);
  });
});
