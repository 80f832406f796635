import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import {
  type GivenWikiConfig,
  startWikiEmulator,
  type WikiEmulator,
  type WikiEmulatorOptions,
} from '../../src/connect-client/index.js';
import { Browser, type Page } from '../discourse/browser.js';
import { Forum, webhookHeaders } from './forum.js';

const secret = 'the secret of the wiki';
const webhookSecret = 'the secret of its webhooks';
const alice = {
  external_id: '7',
  username: 'alice_b',
  email: 'alice@example.com',
  name: 'Alice B.',
  groups: 'trust_level_0,makers',
  admin: 'false',
  moderator: 'true',
};

let forum: Forum;
const wikis: WikiEmulator[] = [];
beforeEach(async () => {
  forum = await Forum.start(secret);
});
afterEach(async () => {
  await Promise.all(wikis.splice(0).map((wiki) => wiki.close()));
  await forum.stop();
});

type Config = Partial<GivenWikiConfig>;

async function start(config: Config = {}, more: Partial<WikiEmulatorOptions> = {}): Promise<WikiEmulator> {
  const wiki = await startWikiEmulator({
    ...more,
    config: {
      DiscourseUrl: forum.url,
      ...config,
      Sso: { Enable: true, SharedSecret: secret, ...config.Sso },
    },
  });
  wikis.push(wiki);
  return wiki;
}

const page = (wiki: WikiEmulator, title: string, more = ''): string =>
  `${wiki.origin}/index.php?title=${title}${more}`;
const reader = (text: string): string => /data-user="([^"]*)"/.exec(text)?.[1] ?? 'no page';
const groupsOn = (text: string): string => /data-groups="([^"]*)"/.exec(text)?.[1] ?? 'no page';

/** From the button to the forum: the question. */
async function ask(wiki: WikiEmulator, browser: Browser, more = ''): Promise<ReadonlyMap<string, string>> {
  const begun = await browser.get(page(wiki, 'Special:UserLogin', more));
  expect(begun.location).toBe(page(wiki, 'Special:PluggableAuthLogin'));
  return forum.question((await browser.get(begun.location)).location);
}

/** A whole login: what the answer led to. */
async function logIn(
  wiki: WikiEmulator,
  fields: Readonly<Record<string, string>> = alice,
  browser = new Browser(),
): Promise<Page> {
  return browser.get(forum.answerTo(await ask(wiki, browser), fields));
}

async function whoReads(wiki: WikiEmulator, browser: Browser): Promise<string> {
  return reader((await browser.get(page(wiki, 'Main_Page'))).text);
}

describe('a login', () => {
  test('asks with a nonce of 128 digits and its own address, comes back to the page, and makes an account', async () => {
    const wiki = await start();
    const browser = new Browser();
    const question = await ask(wiki, browser, '&returnto=Help:Contents&returntoquery=a%3D1%26b%3D2');
    expect([...question.keys()]).toEqual(['nonce', 'return_sso_url']);
    expect(question.get('nonce')).toMatch(/^[0-9a-f]{128}$/);
    expect(question.get('return_sso_url')).toBe(page(wiki, 'Special:PluggableAuthLogin'));
    const back = await browser.get(forum.answerTo(question, alice));
    expect([back.status, back.location]).toEqual([302, page(wiki, 'Help:Contents', '&a=1&b=2')]);
    expect(reader((await browser.get(back.location)).text)).toBe('Alice b');
    expect(wiki.accounts()).toEqual([
      { id: 1, name: 'Alice b', realName: '', email: '', groups: [], discourseId: '7' },
    ]);
  });

  test('exposes name and address only when told to, and takes them back', async () => {
    const exposing = await start({ User: { ExposeName: true, ExposeEmail: true } });
    await logIn(exposing);
    expect(exposing.accounts()).toMatchObject([{ realName: 'Alice B.', email: 'alice@example.com' }]);
  });

  test('a known number keeps its name; a second number of that name gets another', async () => {
    const wiki = await start();
    await logIn(wiki);
    await logIn(wiki, { ...alice, username: 'renamed' });
    await logIn(wiki, { ...alice, external_id: '8' });
    await logIn(wiki, { ...alice, external_id: '9' });
    expect(wiki.accounts().map(({ name, discourseId }) => [name, discourseId])).toEqual([
      ['Alice b', '7'],
      ['Alice b-1', '8'],
      ['Alice b-2', '9'],
    ]);
  });

  test.each([
    ['007', '7'],
    ['7abc', '7'],
    [' 55', '55'],
    ['1e3', '1000'],
    ['99999999999999999999', '9223372036854775807'],
  ])('external_id %j is number %s', async (externalId, number) => {
    const wiki = await start();
    await logIn(wiki, { ...alice, external_id: externalId });
    expect(wiki.accounts()).toMatchObject([{ discourseId: number }]);
  });

  test.each(['u-7', '0', '-7', '0x10', ''])('external_id %j is refused', async (externalId) => {
    const wiki = await start();
    expect((await logIn(wiki, { ...alice, external_id: externalId })).text).toContain('Invalid discourse_id');
    expect(wiki.accounts()).toEqual([]);
  });

  test.each([
    ['sam_s', 'Sam s'],
    ['user:sam', 'Sam'],
    ['sam#1', 'Sam'],
    ['élan', 'Élan'],
  ])('the user name %s is %s here', async (forumName, name) => {
    const wiki = await start();
    await logIn(wiki, { ...alice, username: forumName });
    expect(wiki.accounts()).toMatchObject([{ name }]);
  });

  test.each(['a/b', 'x|y', '<b>', '127.0.0.1', '#', 'a@b'])(
    'the user name %s cannot log in',
    async (username) => {
      const wiki = await start();
      expect((await logIn(wiki, { ...alice, username })).text).toContain('Unable to make a valid username');
      expect(wiki.accounts()).toEqual([]);
    },
  );

  test.each(['groups', 'email', 'username'] as const)(
    'without %s it fails with an error of type',
    async (name) => {
      const wiki = await start();
      const { [name]: _, ...rest } = alice;
      expect((await logIn(wiki, rest)).text).toContain('TypeError');
      expect(wiki.accounts()).toEqual([]);
    },
  );

  test('without name, flags or return address it works; only the word true is true', async () => {
    const wiki = await start({ User: { GroupMaps: { sysop: ['@ADMIN@'], helper: ['@MODERATOR@'] } } });
    await logIn(wiki, {
      external_id: '7',
      username: 'a',
      email: 'a@b.c',
      groups: '',
      admin: '1',
      moderator: 'True',
    });
    expect(wiki.accounts()).toMatchObject([{ groups: [] }]);
    await logIn(wiki, { external_id: '7', email: 'a@b.c', groups: '', admin: 'true', moderator: 'true' });
    expect(wiki.accounts()).toMatchObject([{ groups: ['sysop', 'helper'] }]);
  });

  test('groups that have a map are given and taken away, others are left alone', async () => {
    const wiki = await start(
      {
        User: {
          LinkExistingBy: ['username'],
          GroupMaps: { builder: ['makers', 'others'], quiet: ['nobody'] },
        },
      },
      { accounts: [{ name: 'alice b', groups: ['old-hand', 'quiet'] }] },
    );
    const browser = new Browser();
    await logIn(wiki, alice, browser);
    expect(groupsOn((await browser.get(page(wiki, 'Main_Page'))).text)).toBe('old-hand,builder');
    await logIn(wiki, { ...alice, groups: ' makers' });
    expect(wiki.accounts()).toMatchObject([{ id: 1, groups: ['old-hand'] }]);
  });

  test('by address an account is never linked', async () => {
    const seeds = { accounts: [{ name: 'Someone', email: 'alice@example.com' }] };
    const exposing = await start({ User: { LinkExistingBy: ['email'], ExposeEmail: true } }, seeds);
    await logIn(exposing);
    expect(exposing.accounts()).toMatchObject([{ discourseId: null }, { discourseId: '7' }]);
    const hiding = await start({ User: { LinkExistingBy: ['email'] } }, seeds);
    expect((await logIn(hiding)).text).toContain('Assertion failed');
  });

  test('a wiki that makes no accounts by itself refuses strangers', async () => {
    const wiki = await start({}, { autoCreateAccounts: false });
    expect((await logIn(wiki)).text).toContain('automatic creation');
  });

  test('is worth nothing a second time, in another browser, or with another nonce, secret or signature', async () => {
    const wiki = await start();
    const browser = new Browser();
    const address = forum.answerTo(await ask(wiki, browser), alice);
    const other = new Browser();
    await ask(wiki, other);
    expect((await other.get(address)).text).toContain('nonce does not match');
    expect((await browser.get(address)).status).toBe(302);
    expect((await browser.get(address)).text).toContain('no login in progress');
    for (const [wrong, complaint] of [
      [address.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')), 'sig does not match'],
      [address.replace(/sig=.*/, (sig) => sig.toUpperCase().replace('SIG', 'sig')), 'sig does not match'],
      [address.replace(/&sso=.*/, ''), 'Missing sso or sig'],
    ] as const) {
      await ask(wiki, other);
      expect((await other.get(wrong)).text).toContain(complaint);
    }
    expect(await whoReads(wiki, other)).toBe('');
  });

  test('line breaks in the base64 are fine; failed=true wins over everything', async () => {
    const wiki = await start();
    const browser = new Browser();
    const question = await ask(wiki, browser);
    const fields = { nonce: question.get('nonce') ?? '', ...alice };
    const sso = Buffer.from(new URLSearchParams(fields).toString()).toString('base64');
    const wrapped = sso.replace(/(.{60})/g, '$1\n');
    expect((await browser.get(forum.addressOf(question.get('return_sso_url') ?? '', wrapped))).status).toBe(
      302,
    );
    const failed = await logIn(wiki, { ...alice, failed: 'true' });
    expect(failed.text).toContain('Authentication failed');
  });
});

describe('logins by themselves', () => {
  const seamless: Config = { Sso: { EnableSeamlessLogin: true, EnableAutoRelogin: true } };

  /** Opens a page and follows the wiki's own redirects. */
  async function open(wiki: WikiEmulator, browser: Browser, url: string): Promise<Page> {
    let opened = await browser.get(url);
    while (opened.location.startsWith(wiki.origin)) opened = await browser.get(opened.location);
    return opened;
  }

  test('a first visit asks quietly; nobody there: back to the page with its query, and never again', async () => {
    const wiki = await start(seamless);
    const browser = new Browser();
    const url = page(wiki, 'Help:Contents', '&a=1');
    const question = forum.question((await open(wiki, browser, url)).location);
    expect([...question.keys()]).toEqual(['nonce', 'return_sso_url', 'prompt']);
    expect(question.get('prompt')).toBe('none');
    const back = await browser.get(forum.answerTo(question, { failed: 'true', prompt: 'none' }));
    expect(back.location).toBe(page(wiki, 'Help%3AContents', '&a=1').replace('%3A', ':'));
    const shown = await browser.get(back.location);
    expect([shown.status, reader(shown.text)]).toEqual([200, '']);
    expect((await browser.get(url)).status).toBe(200);
  });

  test('a first visit of somebody whom the forum knows is a login', async () => {
    const wiki = await start(seamless);
    const browser = new Browser();
    const question = forum.question((await open(wiki, browser, page(wiki, 'Main_Page'))).location);
    expect(reader((await open(wiki, browser, forum.answerTo(question, alice))).text)).toBe('Alice b');
  });

  test('without cookies the page is shown after one look', async () => {
    const wiki = await start(seamless);
    const first = await new Browser().get(page(wiki, 'Main_Page'));
    expect(first.location).toBe(page(wiki, 'Main_Page', '&DssocNoCookies=1'));
    expect((await new Browser().get(first.location)).status).toBe(200);
  });

  test('a session that ran out is renewed; if nobody is there, that is said once', async () => {
    const wiki = await start(seamless);
    const browser = new Browser();
    await logIn(wiki, alice, browser);
    wiki.expireSessions();
    const again = forum.question((await open(wiki, browser, page(wiki, 'Main_Page'))).location);
    expect(again.get('prompt')).toBe('none');
    expect(reader((await open(wiki, browser, forum.answerTo(again, alice))).text)).toBe('Alice b');
    wiki.expireSessions();
    const once = forum.question((await open(wiki, browser, page(wiki, 'Main_Page'))).location);
    const told = await browser.get(forum.answerTo(once, { failed: 'true' }));
    expect([told.status, told.text.includes('Authentication failed')]).toEqual([200, true]);
    expect((await browser.get(page(wiki, 'Main_Page'))).status).toBe(200);
  });

  test('not after a log-out, and not when it is not asked for', async () => {
    const wiki = await start(seamless);
    const browser = new Browser();
    await logIn(wiki, alice, browser);
    await browser.post(page(wiki, 'Special:UserLogout'), {}, { origin: wiki.origin });
    expect((await browser.get(page(wiki, 'Main_Page'))).status).toBe(200);
    const plain = await start();
    expect((await new Browser().get(page(plain, 'Main_Page'))).status).toBe(200);
  });
});

describe('a log-out', () => {
  const everywhere: Config = {
    DiscourseApi: { EnableLogout: true, Key: 'the-key-of-the-api' },
    Logout: { OfferGlobalOptionToUser: true, ForwardToDiscourse: true },
  };
  const logOut = (wiki: WikiEmulator, browser: Browser, form: Record<string, string> = {}): Promise<Page> =>
    browser.post(page(wiki, 'Special:UserLogout'), form, { origin: wiki.origin });

  test('asks first, ends this session, and tells the forum if that is wanted', async () => {
    const wiki = await start({ Logout: { ForwardToDiscourse: true } });
    const browser = new Browser();
    await logIn(wiki, alice, browser);
    expect((await browser.get(page(wiki, 'Special:UserLogout'))).text).toContain('Do you want to log out?');
    const question = forum.question((await logOut(wiki, browser)).location);
    expect([...question.keys()]).toEqual(['nonce', 'return_sso_url', 'logout']);
    expect(question.get('logout')).toBe('true');
    const after = await browser.get(question.get('return_sso_url') ?? '');
    expect(after.text).toContain('You are now logged out');
    expect(await whoReads(wiki, browser)).toBe('');
  });

  test('everywhere: the forum is called, then this browser goes there; other sessions live on', async () => {
    const wiki = await start(everywhere);
    const [here, there] = [new Browser(), new Browser()];
    await logIn(wiki, alice, here);
    await logIn(wiki, alice, there);
    const gone = await logOut(wiki, here, { 'dssoc-global-logout': '1' });
    expect(forum.question(gone.location).get('logout')).toBe('true');
    expect(forum.calls).toMatchObject([
      {
        method: 'POST',
        path: '/admin/users/7/log_out.json',
        headers: { accept: 'application/json', 'api-key': 'the-key-of-the-api', 'api-username': 'system' },
        body: '',
      },
    ]);
    expect([await whoReads(wiki, here), await whoReads(wiki, there)]).toEqual(['', 'Alice b']);
  });

  test.each([
    [201, '{"success":"OK"}'],
    [204, ''],
    [200, '{"success":true}'],
    [200, 'OK'],
    [302, '{"success":"OK"}'],
    [403, '{"errors":[]}'],
  ])('a forum that answers with %i %s fails it: logged out here, and not sent on', async (status, body) => {
    forum.answer = () => ({ status, body });
    const wiki = await start(everywhere);
    const browser = new Browser();
    await logIn(wiki, alice, browser);
    expect((await logOut(wiki, browser, { 'dssoc-global-logout': '1' })).status).toBe(500);
    expect(await whoReads(wiki, browser)).toBe('');
  });

  test('without forwarding it ends the sessions here, all of them', async () => {
    const wiki = await start({ Logout: { OfferGlobalOptionToUser: true } });
    const [here, there] = [new Browser(), new Browser()];
    await logIn(wiki, alice, here);
    await logIn(wiki, alice, there);
    expect((await logOut(wiki, here, { 'dssoc-global-logout': '1' })).status).toBe(200);
    expect([await whoReads(wiki, there), forum.calls]).toEqual(['', []]);
  });

  test('from a page of another site it is none', async () => {
    const wiki = await start();
    const browser = new Browser();
    await logIn(wiki, alice, browser);
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await browser.post(page(wiki, 'Special:UserLogout'), {}, foreign)).status).toBe(403);
    expect(await whoReads(wiki, browser)).toBe('Alice b');
  });
});

describe('webhooks', () => {
  const listening: Config = {
    User: { GroupMaps: { builder: ['makers'] } },
    Webhook: { Enable: true, SharedSecret: webhookSecret, AllowedIpList: ['127.0.0.1'] },
    Logout: { HandleEventFromDiscourse: true },
  };
  const user = {
    id: 7,
    username: 'alice_b',
    name: null,
    email: 'a@b.c',
    admin: false,
    moderator: false,
    groups: [],
  };

  async function post(wiki: WikiEmulator, body: unknown, options = {}, key = webhookSecret) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(wiki.webhookUrl, {
      method: 'POST',
      headers: webhookHeaders(text, key, options),
      body: text,
    });
    return { status: answer.status, text: await answer.text() };
  }

  test('make and change accounts and their groups', async () => {
    const wiki = await start(listening);
    expect((await post(wiki, { user }, { event: 'user_created' })).text).toContain('IGNORED');
    expect(wiki.accounts()).toEqual([]);
    expect((await post(wiki, { user }, { event: 'user_confirmed_email' })).status).toBe(200);
    await post(wiki, { user: { ...user, groups: [{ id: 1, name: 'makers' }] } });
    expect(wiki.accounts()).toMatchObject([{ name: 'Alice b', discourseId: '7', groups: ['builder'] }]);
    // An old one is as good as a new one.
    await post(wiki, { user });
    expect(wiki.accounts()).toMatchObject([{ groups: [] }]);
    expect(wiki.webhooks().map(({ event, status }) => [event, status])).toEqual([
      ['user_created', 200],
      ['user_confirmed_email', 200],
      ['user_updated', 200],
      ['user_updated', 200],
    ]);
  });

  test('end all sessions of a person', async () => {
    const wiki = await start(listening);
    for (const event of ['user_logged_out', 'user_destroyed']) {
      const browser = new Browser();
      await logIn(wiki, alice, browser);
      expect(await whoReads(wiki, browser)).toBe('Alice b');
      await post(wiki, { user }, { event });
      expect(await whoReads(wiki, browser)).toBe('');
    }
    expect(wiki.accounts()).toHaveLength(1);
    await post(wiki, { user: { ...user, id: 8 } }, { event: 'user_destroyed' });
    expect(wiki.accounts()).toHaveLength(1);
  });

  test('a ping, other types and unknown events are acknowledged', async () => {
    const wiki = await start(listening);
    expect(await post(wiki, '{ "ping" : "OK" }', { type: 'ping', event: 'ping' })).toEqual({
      status: 200,
      text: 'PONG\n{"ping":"OK"}\n',
    });
    expect((await post(wiki, {}, { type: 'group_user', event: 'user_added_to_group' })).text).toContain(
      'NON-HANDLED',
    );
    expect((await post(wiki, {}, { event: 'user_suspended' })).text).toContain('UNRECOGNIZED');
    expect((await post(wiki, {}, { type: 'ping', event: 'pong' })).status).toBe(500);
  });

  test('who is not known to be the forum gets an empty 500', async () => {
    const wiki = await start(listening);
    expect(await post(wiki, { user }, {}, 'another secret')).toEqual({ status: 500, text: '' });
    const body = JSON.stringify({ user });
    const headers = webhookHeaders(body, webhookSecret);
    const signature = headers['x-discourse-event-signature'] ?? '';
    for (const wrong of [
      '',
      signature.slice(7),
      signature.toUpperCase(),
      `sha256=${signature.slice(7).toUpperCase()}`,
    ]) {
      const answer = await fetch(wiki.webhookUrl, {
        method: 'POST',
        headers: { ...headers, 'x-discourse-event-signature': wrong },
        body,
      });
      expect([answer.status, await answer.text()]).toEqual([500, '']);
    }
    expect((await fetch(wiki.webhookUrl)).status).toBe(500);
    const elsewhere = await start({ Webhook: { ...listening.Webhook, AllowedIpList: ['192.0.2.1'] } });
    expect(await post(elsewhere, { user })).toEqual({ status: 500, text: '' });
    expect(await post(await start(), { user })).toEqual({ status: 500, text: '' });
  });

  test.each([
    ['a number as a text', { user: { ...user, id: '7' } }],
    ['no address', { user: { ...user, email: null } }],
    ['groups as texts', { user: { ...user, groups: ['makers'] } }],
    ['no groups', { user: { ...user, groups: undefined } }],
    ['no user', {}],
  ])('%s is an empty 500', async (_, body) => {
    expect(await post(await start(listening), body)).toEqual({ status: 500, text: '' });
  });

  test.each([
    ['number 0', { user: { ...user, id: 0 } }],
    ['no object', []],
    ['no JSON', 'nothing'],
  ])('%s is an empty 200, and nothing is done', async (_, body) => {
    const wiki = await start(listening);
    expect(await post(wiki, body)).toEqual({ status: 200, text: '' });
    expect(wiki.accounts()).toEqual([]);
  });

  test('event number 0 counts as missing; the text "false" is true', async () => {
    const wiki = await start({ ...listening, User: { GroupMaps: { sysop: ['@ADMIN@'] } } });
    expect((await post(wiki, { user }, { id: '0' })).text).toContain('Empty/missing');
    await post(wiki, { user: { ...user, admin: 'false' } }, { id: 'abc' });
    expect(wiki.accounts()).toMatchObject([{ groups: ['sysop'] }]);
  });
});

describe('the emulator', () => {
  test('shows accounts, webhooks and log, and lets a browser be a new one', async () => {
    const wiki = await start({ Sso: { EnableSeamlessLogin: true } });
    const browser = new Browser();
    await logIn(wiki, { ...alice, name: '<script>alert(1)</script>' }, browser);
    const users = await browser.get(page(wiki, 'Special:ListUsers'));
    expect(users.text).toContain('data-account="Alice b"');
    expect(users.text).not.toContain('<script>');
    expect((await browser.get(`${wiki.origin}/emulator`)).text).toContain('Webhooks from the forum');
    await browser.post(`${wiki.origin}/emulator/expire`, {}, { origin: wiki.origin });
    await browser.post(`${wiki.origin}/emulator/forget`, {}, { origin: wiki.origin });
    expect((await browser.get(page(wiki, 'Main_Page'))).location).toContain('DssocNoCookies');
    expect((await browser.get(`${wiki.origin}/`)).location).toBe(page(wiki, 'Main_Page'));
    const foreign = await new Browser().post(
      `${wiki.origin}/emulator/expire`,
      {},
      { origin: 'https://evil.example' },
    );
    expect(foreign.status).toBe(403);
  });

  test.each<[Config, string]>([
    [{ DiscourseUrl: 'forum' }, 'DiscourseUrl'],
    [{ DiscourseUrl: 'http://forum.example/' }, 'DiscourseUrl'],
    [{ Sso: { SharedSecret: '' } }, 'SharedSecret'],
    [{ DiscourseApi: { EnableLogout: true } }, 'DiscourseApi.Key'],
    [{ Webhook: { Enable: true, SharedSecret: 'x' } }, 'AllowedIpList'],
    [{ Logout: { HandleEventFromDiscourse: true } }, 'Webhook.Enable'],
    [{ Logout: { ForwardToDiscourse: true, OfferGlobalOptionToUser: true } }, 'EnableLogout'],
  ])('a configuration that does not fit together is refused: %j', async (config, named) => {
    await expect(start(config)).rejects.toThrow(named);
  });

  test('listens on this machine alone, under its own name', async () => {
    await expect(start({}, { host: '0.0.0.0' })).rejects.toThrow(TypeError);
  });
});
