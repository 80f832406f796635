import { request as httpRequest } from 'node:http';

import { afterEach, describe, expect, test } from '@jest/globals';

import type { DiscourseEmulator } from '../../src/discourse/index.js';
import { Browser } from './browser.js';
import { begin, closeForums, connectUrl, errorKey, logIn, secret, startForum, whoIs } from './site.js';

afterEach(closeForums);

const hostile = '<img src=x onerror="alert(1)">';
const sam = { external_id: '7', email: 'sam@example.com', username: 'sam', name: 'Sam Saffron' };

const json = async (forum: DiscourseEmulator, path: string): Promise<unknown> =>
  JSON.parse((await new Browser().get(`${forum.origin}${path}`)).text);

describe('what people see', () => {
  test('the home page invites to log in, and greets who is logged in', async () => {
    const forum = await startForum({ groups: ['makers'], settings: { title: 'Amp Forum' } });
    const browser = new Browser();
    const before = await browser.get(`${forum.origin}/`);
    expect(before.text).toContain('Welcome to Amp Forum');
    expect(before.text).toContain('href="/session/sso?return_path=%2F">Log In</a>');
    await logIn(forum, { ...sam, admin: true, add_groups: 'makers' }, { browser });
    const { text } = await browser.get(`${forum.origin}/`);
    expect(text).toContain('You are Sam Saffron');
    expect(text).toContain('@sam');
    expect(text).toContain('<span class="tag strong">admin</span>');
    expect(text).toContain('<span class="tag">makers</span>');
    expect(text).toContain('aria-hidden="true">S</span>');
    expect(text).toContain('action="/session/sam"');
  });

  test('a topic leads through the login and back to itself', async () => {
    const forum = await startForum();
    const browser = new Browser();
    const topic = await browser.get(`${forum.origin}/t/ideas/3`);
    expect(topic.text).toContain('href="/session/sso?return_path=%2Ft%2Fideas%2F3"');
    const page = await logIn(forum, sam, { browser, query: '?return_path=%2Ft%2Fideas%2F3' });
    expect((await browser.get(page.location)).text).toContain('You would reply as <strong>sam</strong>');
    expect((await browser.get(`${forum.origin}/t/none/9`)).status).toBe(404);
  });

  test('users, one user with every stored field, groups', async () => {
    const forum = await startForum({
      groups: ['makers'],
      users: [{ username: 'bob', email: 'bob@example.com' }],
    });
    await logIn(
      forum,
      {
        ...sam,
        bio: 'About amplifiers',
        title: 'Maker',
        website: 'https://sam.example/',
        location: 'Sydney',
        avatar_url: 'https://sam.example/a.png',
        add_groups: 'makers',
      },
      { custom: { shop: 'Valves & Vinyl' } },
    );
    const browser = new Browser();
    const users = await browser.get(`${forum.origin}/u`);
    for (const text of ['sam', 'Sam Saffron', 'sam@example.com', 'bob']) expect(users.text).toContain(text);
    const { text } = await browser.get(`${forum.origin}/u/SAM`);
    for (const part of [
      'About amplifiers',
      'Maker',
      'https://sam.example/',
      'Sydney',
      'https://sam.example/a.png (fetched 1×',
      'Valves &amp; Vinyl',
      '<code>7</code>',
      'add_groups=makers&amp;avatar_url=',
    ]) {
      expect(text).toContain(part);
    }
    expect((await browser.get(`${forum.origin}/u/bob`)).text).toContain('not linked to the site');
    expect((await browser.get(`${forum.origin}/u/none`)).status).toBe(404);
    const groups = await browser.get(`${forum.origin}/g`);
    expect(groups.text).toMatch(/<strong>makers<\/strong>.*<span class="tag">sam<\/span>/);
  });

  test('nothing that a message brings becomes markup', async () => {
    const forum = await startForum();
    const browser = new Browser();
    const fields = { name: hostile, bio: hostile, title: hostile, location: hostile, avatar_url: hostile };
    await logIn(
      forum,
      { ...sam, ...fields, external_id: hostile },
      { browser, custom: { [hostile]: hostile } },
    );
    await logIn(forum, { ...sam, external_id: '8', email: `${hostile}@example.com` });
    await browser.get(`${forum.origin}/session/sso_login?sso=YQ&sig=${encodeURIComponent(hostile)}`);
    for (const path of [
      '/',
      '/u',
      '/u/sam',
      '/g',
      '/admin',
      '/logs',
      '/mails',
      `/${encodeURIComponent(hostile)}`,
    ]) {
      const { text } = await browser.get(forum.origin + path);
      expect([path, text.includes('<img')]).toEqual([path, false]);
    }
    expect((await browser.get(`${forum.origin}/u/sam`)).text).toContain('&lt;img src=x');
  });

  test('pages cannot be framed, run no script, and forms may lead to the site', async () => {
    const forum = await startForum({ settings: { logout_redirect: 'https://other.example/out' } });
    const policy = (await new Browser().get(`${forum.origin}/`)).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('script-src');
    expect(policy).toContain("form-action 'self' https://other.example https://site.example.com");
  });

  test('with local logins only there is a page that says so', async () => {
    const forum = await startForum();
    expect((await new Browser().get(`${forum.origin}/login`)).location).toBe(`${forum.origin}/session/sso`);
    forum.changeSettings({ enable_discourse_connect: false, login_required: true });
    const browser = new Browser();
    expect((await browser.get(`${forum.origin}/u`)).location).toBe(`${forum.origin}/login`);
    expect((await browser.get(`${forum.origin}/login`)).status).toBe(200);
  });
});

describe('the admin page', () => {
  test('changes settings, states, groups and people', async () => {
    const forum = await startForum();
    const user = new Browser();
    await logIn(forum, sam, { browser: user });
    const admin = new Browser();
    const post = async (path: string, form: Record<string, string> = {}) =>
      (await admin.post(forum.origin + path, form, { origin: forum.origin, 'sec-fetch-site': 'same-origin' }))
        .status;
    expect((await admin.get(`${forum.origin}/admin`)).text).toContain('discourse_connect_overrides_groups');

    expect(
      await post('/emulator/admin/site_settings', { name: 'discourse_connect_overrides_bio', value: 'true' }),
    ).toBe(303);
    expect(await post('/emulator/admin/site_settings', { name: 'max_username_length', value: '30' })).toBe(
      303,
    );
    expect(
      await post('/emulator/admin/site_settings', { name: 'logout_redirect', value: 'https://a.example/' }),
    ).toBe(303);
    expect(forum.settings).toMatchObject({
      discourse_connect_overrides_bio: true,
      max_username_length: 30,
      logout_redirect: 'https://a.example/',
    });
    expect(await post('/emulator/admin/site_settings', { name: 'auth_overrides_email', value: 'true' })).toBe(
      422,
    );
    expect(await post('/emulator/admin/site_settings', { name: 'max_username_length', value: 'many' })).toBe(
      422,
    );
    expect(await post('/emulator/admin/site_settings', { name: 'toString', value: 'x' })).toBe(404);
    expect(forum.settings).toMatchObject({ auth_overrides_email: false, max_username_length: 30 });

    expect(await post('/emulator/admin/modes', { name: 'readOnly', value: 'true' })).toBe(303);
    expect(forum.modes.readOnly).toBe(true);
    expect(await post('/emulator/admin/modes', { name: 'readOnly', value: 'false' })).toBe(303);
    expect(await post('/emulator/admin/modes', { name: 'blockedIps', value: 'true' })).toBe(404);

    expect(await post('/emulator/admin/groups', { name: 'makers' })).toBe(303);
    expect(await post('/emulator/admin/groups', { name: 'makers' })).toBe(422);
    expect(forum.groups().at(-1)?.name).toBe('makers');

    expect(await post('/emulator/admin/users/1/suspend')).toBe(303);
    expect(await whoIs(forum, user)).toBeNull();
    expect(errorKey(await logIn(forum, sam, { browser: user }))).toBe('suspended');
    expect(await post('/emulator/admin/users/1/unsuspend')).toBe(303);
    await logIn(forum, sam, { browser: user });
    expect(await whoIs(forum, user)).toBe('sam');
    expect(await post('/emulator/admin/users/1/deactivate')).toBe(303);
    expect(forum.user('7')?.active).toBe(false);
    expect(await whoIs(forum, user)).toBeNull();
    expect(await post('/emulator/admin/users/1/activate')).toBe(303);
    expect(forum.user('7')?.active).toBe(true);
    expect(await post('/emulator/admin/users/1/approve')).toBe(303);
    expect(await post('/emulator/admin/users/1/dance')).toBe(404);
    expect(await post('/emulator/admin/users/2/delete')).toBe(404);
    expect(await post('/emulator/admin/users/1/delete')).toBe(303);
    expect(forum.users()).toEqual([]);
  });

  test('pages of other sites cannot use it', async () => {
    const forum = await startForum();
    await logIn(forum, sam);
    for (const path of [
      '/emulator/admin/site_settings',
      '/emulator/admin/modes',
      '/emulator/admin/groups',
      '/emulator/admin/users/1/delete',
    ]) {
      const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
      expect((await new Browser().post(forum.origin + path, { name: 'x' }, headers)).status).toBe(403);
    }
    expect(forum.users()).toHaveLength(1);
  });

  test('the log says why a message was refused', async () => {
    const forum = await startForum();
    const browser = new Browser();
    await begin(forum, browser);
    await browser.get(`${forum.origin}/session/sso_login?sso=YQ==&sig=wrong`);
    const { text } = await browser.get(`${forum.origin}/logs`);
    expect(text).toContain('DiscourseConnectBase::SignatureError');
    expect(text).toContain('refused');
    expect(text).toContain('return_sso_url');
  });
});

describe('behind the scenes, as JSON', () => {
  test('users, groups, log, mails, settings', async () => {
    const forum = await startForum({ groups: ['makers'] });
    await logIn(forum, { ...sam, add_groups: 'makers' });
    expect(await json(forum, '/emulator/users')).toMatchObject([
      { username: 'sam', externalId: '7', groups: ['trust_level_0', 'makers'] },
    ]);
    expect(await json(forum, '/emulator/users/7')).toMatchObject({ username: 'sam' });
    expect((await new Browser().get(`${forum.origin}/emulator/users/8`)).status).toBe(404);
    expect(await json(forum, '/emulator/groups')).toContainEqual({
      id: 41,
      name: 'makers',
      automatic: false,
      members: ['sam'],
    });
    expect(await json(forum, '/emulator/log')).toMatchObject([
      { outcome: 'started' },
      { outcome: 'logged_in', username: 'sam', fields: { external_id: '7' }, custom: {} },
    ]);
    expect(await json(forum, '/emulator/mails')).toMatchObject([{ kind: 'welcome', to: 'sam@example.com' }]);
    expect(await json(forum, '/emulator/settings')).toMatchObject({
      discourse_connect_url: connectUrl,
      readOnly: false,
    });
    expect(JSON.stringify(await json(forum, '/emulator/settings'))).not.toContain(secret);
  });

  test('under a foreign host name there is nothing to see', async () => {
    const forum = await startForum();
    const status = await new Promise((resolve, reject) => {
      const headers = { host: `forum.evil.example:${forum.port}` };
      httpRequest({ host: '127.0.0.1', port: forum.port, path: '/emulator/users', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });
});
