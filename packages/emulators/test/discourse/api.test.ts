import { afterEach, describe, expect, test } from '@jest/globals';

import type { DiscourseEmulator, DiscourseEmulatorOptions } from '../../src/discourse/index.js';
import { adminKey, callApi, syncForm } from './api-client.js';
import { Browser } from './browser.js';
import { closeForums, errorKey, logIn, secret, startForum, whoIs } from './site.js';
import { readVectors } from './vectors.js';

afterEach(closeForums);

const sam = { external_id: '7', email: 'sam@example.com', username: 'sam', name: 'Sam Saffron' };

/** A forum with a key for everything, one admin, one moderator and one ordinary account. */
const start = (options: DiscourseEmulatorOptions = {}): Promise<DiscourseEmulator> =>
  startForum({
    apiKeys: [{ key: adminKey }],
    users: [
      { username: 'ada', email: 'ada@example.com', admin: true },
      { username: 'mona', email: 'mona@example.com', moderator: true },
      { username: 'olaf', email: 'olaf@example.com', externalId: 'o.1', groups: ['makers'] },
    ],
    ...options,
  });
const olaf = 3;

const notFound = { status: 404, json: { errors: [expect.any(String)], error_type: 'not_found' } };
const invalidAccess = { status: 403, json: { errors: [expect.any(String)], error_type: 'invalid_access' } };

describe('who may call', () => {
  test('a key for all users goes by name, number or the site’s id', async () => {
    const forum = await start();
    const path = '/admin/users/3.json';
    const call = (headers: Record<string, string>) =>
      callApi(forum, 'GET', path, { username: null, headers });
    expect((await callApi(forum, 'GET', path)).status).toBe(200);
    expect((await call({ 'api-username': 'ADA' })).status).toBe(200);
    expect((await call({ 'api-user-id': '1' })).status).toBe(200);
    expect((await call({ 'api-user-id': '-1' })).status).toBe(200);
    // olaf is found by the site's id, and is no admin.
    expect(await call({ 'api-user-external-id': 'o.1' })).toMatchObject(notFound);
    expect(await call({})).toMatchObject(invalidAccess);
    expect(await call({ 'api-username': 'nobody' })).toMatchObject(invalidAccess);
    expect(await call({ 'api-user-id': '99' })).toMatchObject(invalidAccess);
  });

  test('a key for one user takes no other name', async () => {
    const forum = await start();
    const { key } = forum.apiKeys.create({ username: 'ada' });
    const call = (username: string | null) => callApi(forum, 'GET', '/admin/users/3.json', { key, username });
    expect((await call(null)).status).toBe(200);
    expect((await call('Ada')).status).toBe(200);
    expect(await call('system')).toMatchObject(invalidAccess);
  });

  test('not with a wrong, revoked or missing key', async () => {
    const forum = await start();
    const get = (key: string | null) => callApi(forum, 'GET', '/admin/users/3.json', { key });
    expect(await get('b'.repeat(64))).toMatchObject(invalidAccess);
    expect(await get(null)).toMatchObject(notFound);
    forum.apiKeys.revoke(1);
    expect(await get(adminKey)).toMatchObject(invalidAccess);
    expect(forum.apiKeys.list()).toEqual([]);
    expect((await callApi(forum, 'POST', '/admin/users/3/log_out.json', { key: null })).status).toBe(404);
  });

  test('not a suspended or deactivated user, nor from a foreign address', async () => {
    const forum = await start();
    forum.suspend('ada', new Date(Date.now() + 60_000));
    forum.deactivate('mona');
    for (const username of ['ada', 'mona']) {
      expect(await callApi(forum, 'GET', '/u/olaf.json', { username })).toMatchObject(invalidAccess);
    }
    const { key } = forum.apiKeys.create({ allowedIps: ['192.0.2.1'] });
    expect(await callApi(forum, 'GET', '/u/olaf.json', { key })).toMatchObject(invalidAccess);
  });

  test('moderators do what staff do, and get a 404 for what only admins do', async () => {
    const forum = await start();
    const as = (method: string, path: string, form?: Record<string, string>) =>
      callApi(forum, method, path, { username: 'mona', ...(form === undefined ? {} : { form }) });
    const path = '/admin/users/3/log_out.json';
    expect((await as('POST', path)).status).toBe(200);
    expect(await callApi(forum, 'POST', path, { username: 'olaf' })).toMatchObject(notFound);
    expect((await as('PUT', '/admin/users/3/deactivate.json')).status).toBe(200);
    expect(await as('GET', '/admin/users/3.json')).toMatchObject(notFound);
    expect(await as('POST', '/admin/users/sync_sso', syncForm(sam))).toMatchObject(notFound);
    expect(await as('DELETE', '/admin/users/3/sso_record.json')).toMatchObject(notFound);
    expect(await as('POST', '/admin/groups.json', { 'group[name]': 'x1' })).toMatchObject(notFound);
  });

  test('a key with scopes does what they name, and no more', async () => {
    const forum = await start();
    const { key } = forum.apiKeys.create({ scopes: ['users:sync_sso', 'users:log_out'] });
    const call = (method: string, path: string, form?: Record<string, string>) =>
      callApi(forum, method, path, { key, ...(form === undefined ? {} : { form }) });
    expect((await call('POST', '/admin/users/sync_sso.json', syncForm(sam))).status).toBe(200);
    expect((await call('POST', '/admin/users/3/log_out')).status).toBe(200);
    for (const [method, path] of [
      ['GET', '/admin/users/3.json'],
      ['GET', '/u/by-external/o.1.json'],
      ['PUT', '/admin/users/3/suspend.json'],
      ['DELETE', '/admin/users/3.json'],
      ['GET', '/groups.json'],
    ] as const) {
      expect([path, await call(method, path)]).toMatchObject([path, invalidAccess]);
    }
    const show = forum.apiKeys.create({ scopes: ['users:show'] }).key;
    expect((await callApi(forum, 'GET', '/u/by-external/o.1.json', { key: show })).status).toBe(200);
    expect(await callApi(forum, 'GET', '/admin/users/3.json', { key: show })).toMatchObject(invalidAccess);
    const reading = forum.apiKeys.create({ scopes: ['global:read'] }).key;
    expect((await callApi(forum, 'GET', '/admin/users/3.json', { key: reading })).status).toBe(200);
    expect(await callApi(forum, 'POST', '/admin/users/3/log_out', { key: reading })).toMatchObject(
      invalidAccess,
    );
    const wordpress = forum.apiKeys.create({ scopes: ['wordpress:discourse_connect'] }).key;
    expect((await callApi(forum, 'GET', '/users/by-external/o.1.json', { key: wordpress })).status).toBe(200);
  });

  test('impossible keys are refused when they are made', async () => {
    const forum = await start();
    expect(() => forum.apiKeys.create({ key: '' })).toThrow(TypeError);
    expect(() => forum.apiKeys.create({ key: 'a b' })).toThrow(TypeError);
    expect(() => forum.apiKeys.create({ key: adminKey })).toThrow('already');
    expect(forum.apiKeys.create({}).key).toMatch(/^[0-9a-f]{64}$/);
    await callApi(forum, 'GET', '/admin/users/3.json');
    expect(forum.apiKeys.list()[0]?.lastUsedAt).toBeInstanceOf(Date);
  });
});

describe('sync_sso', () => {
  const post = (
    forum: DiscourseEmulator,
    form: Record<string, string>,
    path = '/admin/users/sync_sso.json',
  ) => callApi(forum, 'POST', path, { form });

  test.each(readVectors().sync.map((vector) => [vector.name, vector] as const))(
    'the vectors over HTTP, in both eras: %s',
    async (_name, vector) => {
      for (const [syncSso, expected] of [
        ['before-july-2026', vector.old],
        ['current', vector.new],
      ] as const) {
        const forum = await startForum({
          connectSecret: vector.secret,
          apiKeys: [{ key: adminKey }],
          syncSso,
        });
        const form: Record<string, string> = {
          ...(vector.sso === null ? {} : { sso: vector.sso }),
          ...(vector.sig === null ? {} : { sig: vector.sig }),
        };
        const reply = await post(forum, form);
        const entry = forum.log().at(-1);
        if (expected.decoded === undefined) {
          expect([syncSso, reply.status, reply.json]).toEqual([
            syncSso,
            422,
            { failed: 'FAILED', message: 'Login error' },
          ]);
          expect(entry?.errorClass).toBe(expected.error);
          continue;
        }
        const { fields, custom } = expected.decoded;
        expect(entry).toMatchObject({ fields, custom });
        // Some of the vectors are good to read, and name nobody.
        const isComplete = fields.external_id !== undefined;
        expect([syncSso, reply.status]).toEqual([syncSso, isComplete ? 200 : 422]);
        expect(entry?.errorClass).toBe(isComplete ? null : 'DiscourseConnect::BlankExternalId');
        expect(forum.users()).toHaveLength(isComplete ? 1 : 0);
      }
    },
  );

  test('makes an account without a login and answers with all its details', async () => {
    const forum = await start();
    const reply = await post(forum, syncForm({ ...sam, add_groups: 'makers', 'custom.x': 'y' }));
    expect(reply.status).toBe(200);
    expect(reply.json).toMatchObject({
      id: 4,
      username: 'sam',
      name: 'Sam Saffron',
      avatar_template: expect.stringContaining('{size}'),
      active: true,
      admin: false,
      moderator: false,
      trust_level: 0,
      title: null,
      post_count: 0,
      external_ids: {},
      single_sign_on_record: { external_id: '7', external_username: 'sam' },
      groups: [
        { id: 10, name: 'trust_level_0', automatic: true, display_name: 'trust_level_0' },
        { id: 41, name: 'makers', automatic: false },
      ],
    });
    expect(reply.json).not.toHaveProperty('email');
    expect(forum.user('7')).toMatchObject({
      ipAddress: null,
      lastSeenAt: null,
      groups: ['trust_level_0', 'makers'],
    });
    expect(forum.log().at(-1)).toMatchObject({ outcome: 'synced', status: 200, username: 'sam' });
  });

  test('takes a form, JSON, multipart, and the form that calls itself multipart', async () => {
    const forum = await start();
    const path = '/admin/users/sync_sso';
    expect((await callApi(forum, 'POST', path, { body: syncForm(sam) })).status).toBe(200);
    const { sso, sig } = syncForm({ ...sam, title: 'Maker' });
    const multipart = new FormData();
    multipart.append('sso', sso);
    multipart.append('sig', sig);
    const headers = { 'api-key': adminKey, 'api-username': 'system' };
    const sent = await fetch(forum.origin + path, { method: 'POST', headers, body: multipart });
    expect(sent.status).toBe(200);
    expect(forum.user('7')?.title).toBe('Maker');
    const odd = { ...headers, 'content-type': 'multipart/form-data;' };
    const body = new URLSearchParams(syncForm({ ...sam, title: 'Odd' })).toString();
    expect((await fetch(forum.origin + path, { method: 'POST', headers: odd, body })).status).toBe(200);
    expect(forum.user('7')?.title).toBe('Odd');
    expect(
      (await callApi(forum, 'POST', path, { headers: { 'content-type': 'application/json' }, form: {} }))
        .status,
    ).toBe(422);
    const broken = { ...headers, 'content-type': 'application/json' };
    expect((await fetch(forum.origin + path, { method: 'POST', headers: broken, body: '{' })).status).toBe(
      400,
    );
  });

  test('while DiscourseConnect is off there is nothing, not even an error text', async () => {
    const forum = await start();
    forum.changeSettings({ enable_discourse_connect: false });
    const reply = await post(forum, syncForm(sam));
    expect([reply.status, reply.text]).toEqual([404, '']);
  });

  test('wrong signatures, blank ids and unusable records each have their answer', async () => {
    const forum = await start();
    const failed = (message: unknown) => ({ failed: 'FAILED', message });
    const forged = await post(forum, syncForm(sam, 'another-secret'));
    expect([forged.status, forged.json]).toEqual([422, failed('Login error')]);
    expect((await post(forum, {})).status).toBe(422);
    const blank = await post(forum, syncForm({ ...sam, external_id: ' ' }));
    expect([blank.status, blank.json]).toEqual([422, failed(expect.stringContaining('who you are'))]);
    const noEmail = await post(forum, syncForm({ external_id: '9', username: 'nina' }));
    expect([noEmail.status, noEmail.json]).toEqual([
      403,
      failed(expect.stringContaining('Validation failed: ')),
    ]);
    const taken = await post(
      forum,
      syncForm({ external_id: '9', email: 'olaf@example.com', require_activation: true }),
    );
    expect([taken.status, taken.json]).toEqual([403, failed(expect.stringContaining('already been taken'))]);
    expect((await post(forum, syncForm({ ...sam, external_id: 'null' }))).status).toBe(500);
    forum.changeModes({ archived: true });
    expect((await post(forum, syncForm(sam))).status).toBe(503);
    expect(forum.users()).toHaveLength(3);
    expect(JSON.stringify(forum.log())).not.toContain(syncForm(sam).sig);
  });

  test('brings a removed or deactivated account back to life', async () => {
    const forum = await start();
    await post(forum, syncForm(sam));
    forum.deactivate('sam');
    await post(forum, syncForm({ external_id: '7' }));
    expect(forum.user('7')?.active).toBe(true);
    forum.remove('sam');
    await post(forum, syncForm(sam));
    expect(forum.user('7')).toMatchObject({ username: 'sam', id: 5 });
  });

  test('an incomplete list empties the groups when the forum overrides them', async () => {
    const forum = await start({ settings: { discourse_connect_overrides_groups: true } });
    await post(forum, syncForm({ external_id: 'o.1' }));
    expect(forum.user('o.1')?.groups).toEqual(['trust_level_0']);
  });
});

describe('finding people', () => {
  test('by the site’s id, with or without a key', async () => {
    const forum = await start();
    for (const path of [
      '/u/by-external/o.1.json',
      '/users/by-external/o.1.json',
      '/u/by-external/o%2E1.json',
    ]) {
      const { status, json } = await callApi(forum, 'GET', path);
      expect([path, status, json]).toMatchObject([path, 200, { user: { id: olaf, username: 'olaf' } }]);
    }
    const open = await callApi(forum, 'GET', '/u/by-external/o.1.json', { key: null });
    expect(open.json).toMatchObject({
      user: { id: olaf, groups: [{ name: 'trust_level_0' }, { name: 'makers' }] },
    });
    expect(open.json.user).not.toHaveProperty('email');
    expect(open.json.user).not.toHaveProperty('external_id');
    forum.changeSettings({ login_required: true });
    const closed = await callApi(forum, 'GET', '/u/by-external/o.1.json', { key: null });
    expect(closed).toMatchObject({ status: 403, json: { error_type: 'not_logged_in' } });
    // Without the ending, what stands behind the dot is taken for one.
    expect(await callApi(forum, 'GET', '/u/by-external/o.1')).toMatchObject(notFound);
    expect(await callApi(forum, 'GET', '/u/by-external/unknown.json')).toMatchObject(notFound);
    await callApi(forum, 'POST', '/admin/users/sync_sso', {
      form: syncForm({ ...sam, external_id: 'a/b é' }),
    });
    const odd = await callApi(forum, 'GET', `/u/by-external/${encodeURIComponent('a/b é')}.json`);
    expect(odd.json).toMatchObject({ user: { username: 'sam' } });
  });

  test('addresses alone, for admins and their owners; everywhere else they are left out', async () => {
    const forum = await start();
    const path = '/u/olaf/emails.json';
    const email = 'olaf@example.com';
    expect(await callApi(forum, 'GET', path)).toMatchObject({ status: 200, json: { email } });
    expect(await callApi(forum, 'GET', '/users/olaf/emails.json')).toMatchObject({ json: { email } });
    expect(await callApi(forum, 'GET', path, { username: 'olaf' })).toMatchObject({ json: { email } });
    expect((await callApi(forum, 'GET', `/admin/users/${olaf}.json`)).json).not.toHaveProperty('email');
    expect(await callApi(forum, 'GET', path, { username: 'mona' })).toMatchObject({
      status: 403,
      json: { failed: 'FAILED' },
    });
    expect((await callApi(forum, 'GET', path, { key: null })).status).toBe(403);
    expect(await callApi(forum, 'GET', '/u/unknown/emails.json')).toMatchObject(notFound);
    const { key } = forum.apiKeys.create({ scopes: ['users:check_emails'] });
    expect((await callApi(forum, 'GET', path, { key })).status).toBe(200);
    const show = forum.apiKeys.create({ scopes: ['users:show'] }).key;
    expect(await callApi(forum, 'GET', path, { key: show })).toMatchObject(invalidAccess);
  });

  test('by the id of another login provider, for admins', async () => {
    const forum = await start({
      authenticators: ['google_oauth2'],
      users: [
        { username: 'ada', email: 'ada@example.com', admin: true },
        { username: 'gus', email: 'gus@example.com', associatedAccounts: { google_oauth2: '900' } },
      ],
    });
    const path = '/u/by-external/google_oauth2/900.json';
    expect((await callApi(forum, 'GET', path)).json).toMatchObject({ user: { username: 'gus' } });
    expect(await callApi(forum, 'GET', path, { username: 'gus' })).toMatchObject(invalidAccess);
    expect(await callApi(forum, 'GET', '/u/by-external/google_oauth2/1.json')).toMatchObject(notFound);
    expect(await callApi(forum, 'GET', '/u/by-external/github/900.json')).toMatchObject(notFound);
  });

  test('by the forum’s number, with every detail, for admins', async () => {
    const forum = await start({
      users: [
        {
          username: 'olaf',
          email: 'olaf@example.com',
          associatedAccounts: { github: '12' },
          timezone: 'Europe/Oslo',
          secondFactor: { token: '1', backupCodes: [] },
        },
      ],
    });
    forum.suspend('olaf', new Date('2030-01-01T00:00:00Z'), 'Spam');
    const { json } = await callApi(forum, 'GET', '/admin/users/1.json');
    expect(json).toMatchObject({
      id: 1,
      username: 'olaf',
      active: true,
      created_at: expect.stringMatching(/^\d{4}-.*Z$/),
      created_at_age: expect.any(Number),
      suspended_till: '2030-01-01T00:00:00.000Z',
      suspended_at: expect.any(String),
      suspend_reason: 'Spam',
      second_factor_enabled: true,
      external_ids: { github: '12' },
      single_sign_on_record: null,
      groups: [{ id: 10, automatic: true, name: 'trust_level_0' }],
    });
    expect((await callApi(forum, 'GET', '/admin/users/-1.json')).json).toMatchObject({
      id: -1,
      username: 'system',
      admin: true,
    });
    for (const id of ['2', '0', '-2', 'x', '1e0']) {
      expect([id, await callApi(forum, 'GET', `/admin/users/${id}.json`)]).toMatchObject([id, notFound]);
    }
    expect(forum.users()).toHaveLength(1);
  });

  test('by user name; their own e-mail address only for themselves', async () => {
    const forum = await start();
    const shown = (username: string | null) =>
      callApi(forum, 'GET', '/u/Olaf.json', username === null ? { key: null } : { username });
    expect((await shown('olaf')).json).toMatchObject({ user: { email: 'olaf@example.com', can_edit: true } });
    expect((await shown('ada')).json).toMatchObject({ user: { staged: false, can_edit: true } });
    expect((await shown('ada')).json.user).not.toHaveProperty('email');
    expect((await shown(null)).json).toMatchObject({ user: { can_edit: false } });
    expect(await callApi(forum, 'GET', '/u/nobody.json')).toMatchObject(notFound);
  });
});

describe('links with the site', () => {
  const put = (forum: DiscourseEmulator, body: unknown, options = {}) =>
    callApi(forum, 'PUT', '/u/olaf.json', { body, ...options });

  test('are set, changed and taken away', async () => {
    const forum = await start();
    expect((await put(forum, { external_ids: { discourse_connect: '31' } })).json).toMatchObject({
      success: 'OK',
      user: { id: olaf },
    });
    expect(forum.user('31')?.username).toBe('olaf');
    await put(forum, { external_ids: { discourse_connect: null } });
    expect(forum.account('olaf')?.signOn).toBeNull();
    const form = { 'external_ids[discourse_connect]': '32' };
    expect((await callApi(forum, 'PUT', '/u/olaf', { form })).status).toBe(200);
    expect(forum.user('32')?.username).toBe('olaf');
    const gone = await callApi(forum, 'DELETE', '/admin/users/3/sso_record.json');
    expect([gone.status, gone.json]).toEqual([200, { success: 'OK' }]);
    expect(forum.user('32')).toBeUndefined();
    // Discourse fails when there is nothing to take away.
    expect((await callApi(forum, 'DELETE', '/admin/users/3/sso_record.json')).status).toBe(500);
  });

  test('belong to one account, to known providers, and are for admins', async () => {
    const forum = await start({ authenticators: ['github'] });
    await callApi(forum, 'POST', '/admin/users/sync_sso', { form: syncForm(sam) });
    expect(await put(forum, { external_ids: { discourse_connect: '7' } })).toMatchObject({
      status: 422,
      json: { error_type: 'record_invalid' },
    });
    const unknown = await put(forum, { external_ids: { google_oauth2: '1' } });
    expect(unknown).toMatchObject({ status: 400, json: { error_type: 'invalid_parameters' } });
    await put(forum, { external_ids: { github: '5' } });
    expect(forum.account('olaf')?.associatedAccounts).toEqual({ github: '5' });
    await put(forum, { external_ids: { discourse_connect: '66' } }, { username: 'olaf' });
    expect(forum.account('olaf')?.signOn?.externalId).toBe('o.1');
    forum.changeSettings({ enable_discourse_connect: false });
    expect((await put(forum, { external_ids: { discourse_connect: '66' } })).status).toBe(400);
    expect(await callApi(forum, 'DELETE', '/admin/users/3/sso_record.json')).toMatchObject(invalidAccess);
  });

  test('profiles are changed the same way, by their owner or by staff', async () => {
    const forum = await start();
    const changes = {
      name: 'Olaf O.',
      bio_raw: 'Hello',
      website: 'olaf.example',
      title: 'King',
      timezone: 'Europe/Oslo',
    };
    await put(forum, changes, { username: 'olaf' });
    expect(forum.account('olaf')).toMatchObject({
      name: 'Olaf O.',
      bio: 'Hello',
      website: 'http://olaf.example',
      timezone: 'Europe/Oslo',
      title: null,
    });
    await put(forum, { title: 'King' });
    expect(forum.account('olaf')?.title).toBe('King');
    expect(await put(forum, { name: 'x' }, { username: 'mona' })).toMatchObject({ status: 200 });
    const other = await callApi(forum, 'PUT', '/u/ada.json', { body: { name: 'x' }, username: 'olaf' });
    expect(other).toMatchObject(invalidAccess);
    const anonymous = await put(forum, { name: 'x' }, { key: null });
    expect(anonymous).toMatchObject({ status: 403, json: { error_type: 'not_logged_in' } });
    expect((await put(forum, { website: 'http://nonsense' })).status).toBe(422);
    expect(await callApi(forum, 'PUT', '/u/nobody.json', { body: {} })).toMatchObject(notFound);
  });
});

describe('ending accounts', () => {
  const act = (
    forum: DiscourseEmulator,
    method: string,
    action: string,
    form?: Record<string, string>,
    id = '3',
  ) => callApi(forum, method, `/admin/users/${id}${action}`, form === undefined ? {} : { form });

  test('log_out ends all sessions, with and without the ending', async () => {
    const forum = await start();
    for (const action of ['/log_out', '/log_out.json']) {
      const browsers = [new Browser(), new Browser()];
      for (const browser of browsers) await logIn(forum, { external_id: 'o.1' }, { browser });
      const { status, json } = await act(forum, 'POST', action);
      expect([status, json]).toEqual([200, { success: 'OK' }]);
      for (const browser of browsers) expect(await whoIs(forum, browser)).toBeNull();
    }
    expect(await act(forum, 'POST', '/log_out.json', undefined, '99')).toMatchObject(notFound);
    // The site's id is not the forum's number.
    expect(await act(forum, 'POST', '/log_out.json', undefined, 'o.1')).toMatchObject(notFound);
  });

  test('suspend needs a reason and an end, and is done once', async () => {
    const forum = await start();
    const browser = new Browser();
    await logIn(forum, { external_id: 'o.1' }, { browser });
    expect((await act(forum, 'PUT', '/suspend.json', { reason: 'Spam' })).status).toBe(400);
    expect((await act(forum, 'PUT', '/suspend.json', { suspend_until: '2030-01-01' })).status).toBe(400);
    const form = { suspend_until: '2030-01-01T00:00:00Z', reason: 'Spam' };
    expect((await act(forum, 'PUT', '/suspend.json', form)).json).toMatchObject({
      suspension: {
        suspend_reason: 'Spam',
        suspended_till: '2030-01-01T00:00:00.000Z',
        suspended_by: { id: -1 },
      },
    });
    expect(await whoIs(forum, browser)).toBeNull();
    expect(errorKey(await logIn(forum, { external_id: 'o.1' }))).toBe('suspended');
    const again = await act(forum, 'PUT', '/suspend.json', form);
    expect([again.status, again.json]).toEqual([409, { failed: 'FAILED', message: expect.any(String) }]);
    expect((await act(forum, 'PUT', '/unsuspend.json')).json).toEqual({
      suspension: { suspended_till: null, suspended_at: null },
    });
    await logIn(forum, { external_id: 'o.1' }, { browser });
    expect(await whoIs(forum, browser)).toBe('olaf');
  });

  test('staff cannot be suspended, deactivated, anonymized or deleted', async () => {
    const forum = await start();
    const form = { suspend_until: '2030-01-01', reason: 'x' };
    for (const id of ['1', '2', '-1']) {
      expect(await act(forum, 'PUT', '/suspend.json', form, id)).toMatchObject(invalidAccess);
      expect(await act(forum, 'PUT', '/unsuspend.json', {}, id)).toMatchObject(invalidAccess);
      expect(await act(forum, 'PUT', '/deactivate.json', {}, id)).toMatchObject(invalidAccess);
      expect(await act(forum, 'PUT', '/anonymize.json', {}, id)).toMatchObject(invalidAccess);
      expect(await act(forum, 'DELETE', '.json', {}, id)).toMatchObject(invalidAccess);
    }
    expect(forum.users()).toHaveLength(3);
  });

  test('deactivate, activate, approve', async () => {
    const forum = await start({
      settings: { must_approve_users: true },
      users: [{ username: 'olaf', email: 'olaf@example.com', approved: false }],
    });
    expect((await act(forum, 'PUT', '/deactivate', {}, '1')).json).toEqual({ success: 'OK' });
    expect(forum.account('olaf')?.active).toBe(false);
    expect((await act(forum, 'PUT', '/activate.json', {}, '1')).json).toEqual({ success: 'OK' });
    expect(forum.account('olaf')?.active).toBe(true);
    expect(forum.account('olaf')?.approved).toBe(false);
    expect((await act(forum, 'PUT', '/approve.json', {}, '1')).status).toBe(200);
    expect(forum.account('olaf')?.approved).toBe(true);
    expect(await act(forum, 'PUT', '/activate.json', {}, '9')).toMatchObject(notFound);
  });

  test('anonymize takes everything personal away, the link too', async () => {
    const forum = await start({ random: () => 0.123 });
    const browser = new Browser();
    await logIn(forum, { external_id: 'o.1', bio: 'Hello' }, { browser });
    const { json } = await act(forum, 'PUT', '/anonymize.json');
    expect(json).toEqual({ success: 'OK', username: 'anon12300000' });
    expect(forum.account('anon12300000')).toMatchObject({
      id: olaf,
      email: 'anon12300000@anonymized.invalid',
      name: '',
      bio: '',
      signOn: null,
      groups: ['trust_level_0', 'makers'],
    });
    expect(JSON.stringify(forum.users())).not.toContain('olaf');
    expect(await whoIs(forum, browser)).toBeNull();
  });

  test('delete', async () => {
    const forum = await start();
    const { status, json } = await act(forum, 'DELETE', '.json');
    expect([status, json]).toEqual([200, { deleted: true }]);
    expect(forum.account('olaf')).toBeUndefined();
    expect(forum.groups().find(({ name }) => name === 'makers')?.members).toEqual([]);
    // Nobody has the right to delete somebody who is not there.
    expect(await act(forum, 'DELETE', '.json')).toMatchObject(invalidAccess);
  });
});

describe('groups', () => {
  test('are listed: automatic ones for staff only', async () => {
    const forum = await start();
    const { json } = await callApi(forum, 'GET', '/groups.json');
    expect(json).toMatchObject({ total_rows_groups: 9, load_more_groups: '/groups?page=1' });
    expect(json.groups).toContainEqual(
      expect.objectContaining({ id: 41, name: 'makers', user_count: 1, automatic: false }),
    );
    const open = await callApi(forum, 'GET', '/groups.json', { key: null });
    expect(open.json.groups).toMatchObject([{ name: 'makers' }, { name: 'moderators' }]);
    expect((await callApi(forum, 'GET', '/groups/Makers.json')).json).toMatchObject({ group: { id: 41 } });
    expect(await callApi(forum, 'GET', '/groups/none.json')).toMatchObject(notFound);
  });

  test('come in pages of 36', async () => {
    const forum = await start({
      groups: Array.from({ length: 40 }, (_, i) => `g${String(i).padStart(2, '0')}`),
    });
    const names = async (page: string): Promise<unknown> => {
      const { json } = await callApi(forum, 'GET', `/groups.json?filter=g&page=${page}`);
      return Array.isArray(json.groups) ? json.groups.length : json;
    };
    expect([await names('0'), await names('1'), await names('2')]).toEqual([36, 4, 0]);
  });

  test('are made once, with members', async () => {
    const forum = await start();
    const made = await callApi(forum, 'POST', '/admin/groups.json', {
      body: { group: { name: 'testers', usernames: 'olaf,nobody' } },
    });
    expect(made).toMatchObject({
      status: 200,
      json: { basic_group: { id: 42, name: 'testers', user_count: 1 } },
    });
    expect(forum.account('olaf')?.groups).toContain('testers');
    const again = await callApi(forum, 'POST', '/admin/groups', { form: { 'group[name]': 'Testers' } });
    expect([again.status, again.json]).toEqual([422, { errors: ['Name has already been taken'] }]);
    for (const name of ['', 'a b', 'staff']) {
      expect((await callApi(forum, 'POST', '/admin/groups', { form: { 'group[name]': name } })).status).toBe(
        422,
      );
    }
  });
});

describe('what comes before every call', () => {
  test('read-only mode: reading goes on, writing is 503', async () => {
    const forum = await start({ modes: { readOnly: true } });
    expect((await callApi(forum, 'GET', '/admin/users/3.json')).status).toBe(200);
    const reply = await callApi(forum, 'POST', '/admin/users/sync_sso', { form: syncForm(sam) });
    expect(reply).toMatchObject({ status: 503, json: { error_type: 'read_only' } });
    expect(forum.users()).toHaveLength(3);
  });

  test('bodies have a limit', async () => {
    const forum = await start();
    const form = { sso: 'A'.repeat(1_000_001), sig: '' };
    expect((await callApi(forum, 'POST', '/admin/users/sync_sso', { form })).status).toBe(413);
  });

  test('no answer and no JSON for other programs holds a key or secret', async () => {
    const forum = await start({
      settings: { discourse_connect_provider_secrets: 'a.example|provider-line-secret' },
      webhooks: [{ url: 'http://127.0.0.1:9/', secret: 'webhook-secret-1' }],
    });
    await callApi(forum, 'POST', '/admin/users/sync_sso', { form: syncForm(sam) });
    const browser = new Browser();
    for (const path of ['users', 'groups', 'log', 'mails', 'settings', 'webhooks', 'faults']) {
      const { status, text } = await browser.get(`${forum.origin}/emulator/${path}`);
      expect([path, status]).toEqual([path, 200]);
      for (const hidden of [adminKey, secret, 'provider-line-secret', 'webhook-secret-1']) {
        expect([path, text.includes(hidden)]).toEqual([path, false]);
      }
    }
  });
});
