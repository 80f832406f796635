import { afterEach, describe, expect, test } from '@jest/globals';

import type { DiscourseEmulator } from '../../src/discourse/index.js';
import { callApi } from './api-client.js';
import { Browser, type Page } from './browser.js';
import { requestUrl, startProvider } from './provider-client.js';
import { closeForums, startForum, whoIs } from './site.js';

afterEach(closeForums);

const hostile = '"><img src=x onerror=alert(1)>';

const start = (): Promise<DiscourseEmulator> =>
  startForum({
    groups: ['makers'],
    users: [{ username: 'olaf', email: 'olaf@example.com', name: hostile, externalId: '7' }],
  });

const posting =
  (forum: DiscourseEmulator) =>
  (path: string, form: Record<string, string> = {}): Promise<Page> =>
    new Browser().post(`${forum.origin}/emulator/admin${path}`, form, { origin: forum.origin });

describe('the page about one person', () => {
  test('gives and takes rights and groups, unlinks, anonymizes', async () => {
    const forum = await start();
    const post = posting(forum);
    const { status, text } = await new Browser().get(`${forum.origin}/admin/users/1`);
    expect([status, text.includes('<img')]).toEqual([200, false]);
    const act = async (action: string, form: Record<string, string> = {}): Promise<void> => {
      const page = await post(`/users/1/${action}`, form);
      expect([action, page.status, page.location]).toEqual([action, 303, `${forum.origin}/admin/users/1`]);
    };
    await act('grant_admin');
    await act('grant_moderator');
    await act('add_group', { name: 'makers' });
    expect(forum.user('7')).toMatchObject({ admin: true, moderator: true });
    expect(forum.user('7')?.groups).toEqual(['admins', 'moderators', 'staff', 'trust_level_0', 'makers']);
    await act('revoke_admin');
    await act('revoke_moderator');
    await act('remove_group', { name: 'makers' });
    expect(forum.user('7')?.groups).toEqual(['trust_level_0']);
    await act('delete_sso_record');
    expect(forum.user('7')).toBeUndefined();
    await act('anonymize');
    expect(forum.account('olaf')).toBeUndefined();
    expect((await post('/users/1/add_group', { name: 'none' })).status).toBe(404);
    expect((await post('/users/1/delete')).location).toBe(`${forum.origin}/admin`);
    expect((await new Browser().get(`${forum.origin}/admin/users/1`)).status).toBe(404);
  });

  test('is not the API: a call without a key, or a key with it, never lands there', async () => {
    const forum = await start();
    const { key } = forum.apiKeys.create({});
    const page = await new Browser().get(`${forum.origin}/admin/users/1`, {
      'api-key': key,
      'api-username': 'system',
    });
    expect(JSON.parse(page.text)).toMatchObject({ id: 1, username: 'olaf' });
    expect((await new Browser().post(`${forum.origin}/admin/users/1/log_out`)).status).toBe(404);
    expect((await new Browser().get(`${forum.origin}/admin/users/1.json`)).status).toBe(404);
  });
});

describe('the page of API keys', () => {
  test('makes a key, shows it once, and takes it back', async () => {
    const forum = await start();
    const post = posting(forum);
    const made = await post('/api', { username: 'system', description: hostile, scope: 'users:show' });
    const key = /<pre>([0-9a-f]{64})<\/pre>/.exec(made.text)?.[1] ?? '';
    expect([made.status, made.text.includes('<img')]).toEqual([200, false]);
    expect((await callApi(forum, 'GET', '/u/by-external/7.json', { key })).status).toBe(200);
    const later = await new Browser().get(`${forum.origin}/admin/api`);
    expect([later.text.includes(key), later.text.includes(key.slice(0, 4))]).toEqual([false, true]);
    expect((await post('/api', { scope: 'nonsense' })).status).toBe(422);
    await post('/api/1/revoke');
    expect((await callApi(forum, 'GET', '/u/by-external/7.json', { key })).status).toBe(403);
  });
});

describe('the page of faults', () => {
  test('adds rules, one for a path, and clears them', async () => {
    const forum = await start();
    const post = posting(forum);
    await post('/faults', { pathPrefix: '/u', errorRate: '1' });
    await post('/faults', { pathPrefix: '/u', errorRate: '0.5', latencyMs: '20', afterwards: 'true' });
    expect(forum.faults.rules()).toEqual([
      { pathPrefix: '/u', latencyMs: 20, errorRate: 0.5, resetRate: 0, hangRate: 0, afterwards: true },
    ]);
    expect((await new Browser().get(`${forum.origin}/admin/faults`)).text).toContain('50 %');
    expect((await post('/faults', { pathPrefix: 'u' })).status).toBe(422);
    expect((await post('/faults', { pathPrefix: '/u', errorRate: '2' })).status).toBe(422);
    await post('/faults/clear');
    expect(forum.faults.rules()).toEqual([]);
  });
});

describe('the settings of a provider', () => {
  test('show the domains and never the secrets; saving takes new lines', async () => {
    const forum = await startProvider();
    const post = posting(forum);
    const name = 'discourse_connect_provider_secrets';
    await post('/site_settings', { name, value: 'one.example|first-secret\r\n*.two.example|second|secret' });
    expect(forum.settings[name]).toBe('one.example|first-secret\n*.two.example|second|secret');
    const { text } = await new Browser().get(`${forum.origin}/admin`);
    expect(text).toContain('*.two.example');
    expect(text).not.toContain('secret|');
    for (const hidden of ['first-secret', 'second|secret']) expect(text).not.toContain(hidden);
    await post('/site_settings', { name: 'enable_discourse_connect_provider', value: 'false' });
    expect((await new Browser().get(requestUrl(forum))).status).toBe(404);
  });
});

describe('logging in for a test', () => {
  test('logInAs gives the cookie of a session, whatever the settings say', async () => {
    const forum = await start();
    const cookie = await forum.logInAs('olaf');
    const { text } = await new Browser().get(`${forum.origin}/`, {});
    expect(text).toContain('You are not logged in');
    const response = await fetch(`${forum.origin}/`, { headers: { cookie } });
    expect(await response.text()).toContain('@olaf');
    await expect(async () => forum.logInAs('nobody')).rejects.toThrow('nobody');
  });

  test('also behind another address', async () => {
    const forum = await startForum({
      publicUrl: 'https://forum.example.com',
      users: [{ username: 'olaf', email: 'olaf@example.com' }],
    });
    const cookie = await forum.logInAs('olaf');
    const response = await fetch(`http://127.0.0.1:${forum.port}/`, { headers: { cookie } });
    expect(await response.text()).toContain('@olaf');
  });

  test('unknown names are refused over HTTP, too', async () => {
    const forum = await start();
    const browser = new Browser();
    for (const body of ['{"username":"nobody"}', '{"username":7}', 'null', '[]']) {
      const { status } = await browser.fetch(`${forum.origin}/emulator/log_in`, { method: 'POST', body });
      expect([body, status]).toEqual([body, 404]);
    }
    expect(
      (await browser.fetch(`${forum.origin}/emulator/log_in`, { method: 'POST', body: '{' })).status,
    ).toBe(400);
    expect(await whoIs(forum, browser)).toBeNull();
  });
});

describe('pictures', () => {
  test('are there in the size that was asked for', async () => {
    const forum = await start();
    forum.createUser({ username: 'anna', email: 'anna@example.com', avatarUrl: 'https://a.example/a.png' });
    for (const username of ['olaf', 'anna']) {
      const { json } = await callApi(forum, 'GET', `/u/${username}.json`, { key: null });
      const template = /"avatar_template":"([^"]+)"/.exec(JSON.stringify(json))?.[1] ?? '';
      const response = await fetch(forum.origin + template.replace('{size}', '48'));
      const bytes = Buffer.from(await response.arrayBuffer());
      expect([username, response.headers.get('content-type')]).toEqual([username, 'image/png']);
      expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([48, 48]);
      for (const size of ['0', '513', 'x']) {
        const { status } = await fetch(forum.origin + template.replace('{size}', size));
        expect([size, status]).toEqual([size, 404]);
      }
    }
  });
});
