import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';

import { DiscourseApi, type DiscourseOptions, discourse } from '../../../src/discourse/index.js';
import { createForumSso } from '../../../src/forum-sso.js';
import type { SiteUser } from '../../../src/site-user.js';

const secret = randomBytes(16).toString('hex');
const alice: SiteUser = {
  id: 'u/1',
  email: 'alice@example.com',
  emailVerified: true,
  username: 'alice',
  groups: ['staff'],
};

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve).closeAllConnections())),
  );
});

/** A forum that answers as it is told and notes what it was asked. */
async function forum(answers: Record<string, Answer | Answer[]>) {
  const calls: { line: string; headers: IncomingMessage['headers']; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const line = `${request.method} ${request.url}`;
    calls.push({ line, headers: request.headers, body });
    const planned = answers[line];
    const answer = Array.isArray(planned) ? (planned.length > 1 ? planned.shift() : planned[0]) : planned;
    if (answer === undefined) {
      response
        .writeHead(404, { 'Content-Type': 'application/json' })
        .end('{"errors":[],"error_type":"not_found"}');
      return;
    }
    response.writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, calls, lines: () => calls.map(({ line }) => line) };
}

/** The fields of a push, verified by hand. */
function pushed(body: string): Record<string, string> {
  const { sso = '', sig } = Object.fromEntries(new URLSearchParams(body));
  expect(sig).toBe(createHmac('sha256', secret).update(sso).digest('hex'));
  return Object.fromEntries(new URLSearchParams(Buffer.from(sso, 'base64').toString()));
}

function site(forumUrl: string, options: Partial<DiscourseOptions> = {}) {
  return createForumSso({
    baseUrl: 'https://site.example.com/sso',
    keys: randomBytes(32).toString('base64'),
    connectors: [discourse({ forumUrl, secret, api: { key: 'the-admin-key' }, ...options })],
  });
}

const sync = 'POST /admin/users/sync_sso.json';
const lookUp = 'GET /u/by-external/u%2F1.json';
const known: Answer = { status: 200, body: { user: { id: 7, username: 'alice' } } };
const ok: Answer = { status: 200, body: { success: 'OK' } };

describe('push', () => {
  test('sends the same fields as a login, by POST, with the key in headers alone', async () => {
    const server = await forum({
      [sync]: { status: 200, body: { id: 7, username: 'alice1', active: true } },
    });
    const sso = site(server.url, { groups: { mode: 'managed', names: ['staff', 'guests'] } });
    const report = await sso.pushNow({ ...alice, emailVerified: false, bio: 'b'.repeat(3_000) });
    expect(report).toEqual({ ok: true, results: [{ connector: 'discourse', outcome: 'done', notes: [] }] });
    const [call] = server.calls;
    expect(call?.headers).toMatchObject({
      'api-key': 'the-admin-key',
      'api-username': 'system',
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(pushed(call?.body ?? '')).toMatchObject({
      external_id: 'u/1',
      email: 'alice@example.com',
      require_activation: 'true',
      add_groups: 'staff',
      remove_groups: 'guests',
      bio: 'b'.repeat(3_000),
    });
  });

  test('is signed with the newest secret that is not on its way out', async () => {
    const server = await forum({ [sync]: { status: 200, body: { id: 7, username: 'alice' } } });
    const leaving = { secret: randomBytes(16).toString('hex'), until: new Date(Date.now() + 60_000) };
    const older = randomBytes(16).toString('hex');
    for (const list of [
      [leaving, secret],
      [{ secret }, leaving, older],
    ]) {
      expect(await site(server.url, { secret: list }).pushNow(alice)).toMatchObject({ ok: true });
      // Throws for any other secret.
      expect(pushed(server.calls.at(-1)?.body ?? '')).toMatchObject({ external_id: 'u/1' });
    }
  });

  test('exact: the whole list goes, the empty one included; a person without a list is refused unsent', async () => {
    const server = await forum({ [sync]: { status: 200, body: { id: 7, username: 'alice' } } });
    const sso = site(server.url, { groups: { mode: 'exact' } });
    await sso.pushNow({ ...alice, groups: [] });
    expect(pushed(server.calls[0]?.body ?? '')).toMatchObject({ groups: '' });
    const { groups: _, ...unknown } = alice;
    expect((await sso.pushNow(unknown)).results).toMatchObject([
      { outcome: 'failed', code: 'ERR_SITE_USER_INVALID' },
    ]);
    expect(server.calls).toHaveLength(1);
  });

  test('a suspended person is not pushed: that would activate the account', async () => {
    const server = await forum({});
    expect((await site(server.url).pushNow({ ...alice, suspended: true })).results).toMatchObject([
      { outcome: 'skipped' },
    ]);
    expect(server.calls).toEqual([]);
  });

  test.each<[string, Answer, string, number | undefined]>([
    ['DiscourseConnect is off', { status: 404, body: '' }, 'ERR_DISCOURSE_CONNECT_OFF', undefined],
    [
      'the key is no admin’s',
      { status: 404, body: { errors: [], error_type: 'not_found' } },
      'ERR_DISCOURSE_KEY_REFUSED',
      undefined,
    ],
    [
      'the key is wrong',
      { status: 403, body: { errors: [], error_type: 'invalid_access' } },
      'ERR_DISCOURSE_KEY_REFUSED',
      undefined,
    ],
    [
      'the record is invalid',
      { status: 403, body: { failed: 'FAILED', message: 'alice@example.com is taken' } },
      'ERR_DISCOURSE_RECORD_INVALID',
      undefined,
    ],
    [
      'the secret differs',
      { status: 422, body: { failed: 'FAILED', message: 'ログインエラー' } },
      'ERR_DISCOURSE_SYNC_REFUSED',
      undefined,
    ],
    [
      'too fast, as JSON',
      {
        status: 429,
        body: { error_type: 'rate_limit', extras: { wait_seconds: 7 } },
        headers: { 'Retry-After': '9' },
      },
      'ERR_DISCOURSE_RATE_LIMITED',
      7,
    ],
    [
      'too fast, as text',
      { status: 429, body: 'Slow down', headers: { 'Retry-After': '9', 'Content-Type': 'text/plain' } },
      'ERR_DISCOURSE_RATE_LIMITED',
      9,
    ],
    ['too fast, without a number', { status: 429, body: 'Slow down' }, 'ERR_DISCOURSE_RATE_LIMITED', 60],
    ['read-only', { status: 503, body: '{}' }, 'ERR_DISCOURSE_UNAVAILABLE', 60],
    ['broken', { status: 500, body: '<html>' }, 'ERR_DISCOURSE_UNAVAILABLE', 60],
    [
      'a redirect',
      { status: 301, headers: { Location: 'https://evil.example/' } },
      'ERR_DISCOURSE_ADDRESS_WRONG',
      undefined,
    ],
    ['something else', { status: 200, body: '[]' }, 'ERR_DISCOURSE_REPLY_UNEXPECTED', undefined],
    ['too large', { status: 200, body: 'x'.repeat(1_000_001) }, 'ERR_DISCOURSE_ADDRESS_WRONG', undefined],
  ])('says what is wrong: %s', async (_, answer, code, retryAfter) => {
    const server = await forum({ [sync]: answer });
    const [result] = (await site(server.url).pushNow(alice)).results;
    expect(result).toMatchObject({ outcome: 'failed', code });
    expect(result !== undefined && 'retryAfter' in result ? result.retryAfter : undefined).toBe(retryAfter);
    expect(server.calls).toHaveLength(1);
    const text = JSON.stringify(result) + (result?.outcome === 'failed' ? String(result.error) : '');
    for (const hidden of ['the-admin-key', secret, 'alice@example.com']) expect(text).not.toContain(hidden);
  });

  test('a forum that is not there, or too slow, is worth another try', async () => {
    const gone = await site('http://127.0.0.1:9').pushNow(alice);
    expect(gone.results).toMatchObject([{ code: 'ERR_DISCOURSE_UNAVAILABLE', retryAfter: 30 }]);
    const server = createServer(() => {});
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const api = new DiscourseApi({
      forumUrl: `http://127.0.0.1:${address.port}`,
      apiKey: 'k',
      timeoutSeconds: 0.1,
    });
    await expect(api.findByExternalId('1')).rejects.toMatchObject({
      code: 'ERR_DISCOURSE_UNAVAILABLE',
      retryAfter: 30,
    });
  });
});

describe('account life', () => {
  test('the id from an answer is remembered; each call has its address', async () => {
    const server = await forum({
      [sync]: { status: 200, body: { id: 7, username: 'alice' } },
      'POST /admin/users/7/log_out.json': ok,
      'PUT /admin/users/7/suspend.json': ok,
      'PUT /admin/users/7/anonymize.json': ok,
    });
    const sso = site(server.url);
    await sso.pushNow(alice);
    expect((await sso.signOut('u/1')).ok).toBe(true);
    expect((await sso.suspend('u/1', { reason: 'spam', until: new Date('2030-01-01') })).ok).toBe(true);
    expect((await sso.remove('u/1')).ok).toBe(true);
    expect(server.lines()).toEqual([
      sync,
      'POST /admin/users/7/log_out.json',
      'PUT /admin/users/7/suspend.json',
      'PUT /admin/users/7/anonymize.json',
    ]);
    expect(JSON.parse(server.calls[2]?.body ?? '')).toEqual({
      suspend_until: '2030-01-01T00:00:00.000Z',
      reason: 'spam',
    });
  });

  test('looks the account up when it must, and says when there is none', async () => {
    const server = await forum({ [lookUp]: known, 'POST /admin/users/7/log_out.json': ok });
    expect((await site(server.url).signOut('u/1')).results).toMatchObject([{ outcome: 'done', notes: [] }]);
    expect(server.lines()).toEqual([lookUp, 'POST /admin/users/7/log_out.json']);
    const nobody = await site((await forum({})).url).signOut('u/1');
    expect(nobody.results).toMatchObject([
      { outcome: 'done', notes: ['The person has no account at the forum.'] },
    ]);
  });

  test('removal may delete; a refusal says what to do instead; suspended twice is suspended', async () => {
    const server = await forum({
      [lookUp]: known,
      'DELETE /admin/users/7.json': { status: 403, body: { errors: [] } },
      'PUT /admin/users/7/suspend.json': { status: 409, body: {} },
    });
    const sso = site(server.url, { removal: 'delete' });
    expect((await sso.remove('u/1')).results).toMatchObject([
      { outcome: 'failed', code: 'ERR_DISCOURSE_DELETE_REFUSED' },
    ]);
    expect((await sso.suspend('u/1')).ok).toBe(true);
  });

  test('check finds a wrong key', async () => {
    const server = await forum({
      'GET /u/by-external/forum-sso-check.json': { status: 403, body: { error_type: 'invalid_access' } },
    });
    expect((await site(server.url).check()).results).toMatchObject([
      { outcome: 'failed', code: 'ERR_DISCOURSE_KEY_REFUSED' },
    ]);
    expect((await site((await forum({})).url).check()).ok).toBe(true);
  });

  test('without a key it is said that nothing can be done', async () => {
    const sso = createForumSso({
      baseUrl: 'https://site.example.com/sso',
      keys: randomBytes(32).toString('base64'),
      connectors: [discourse({ forumUrl: 'https://forum.example.com', secret })],
    });
    expect((await sso.pushNow(alice)).results).toMatchObject([
      { outcome: 'impossible', reason: expect.stringContaining('api') },
    ]);
  });
});

describe('the API client', () => {
  test('groups: finds what is missing over several pages, and creates it', async () => {
    const server = await forum({
      'GET /groups.json?page=0': {
        status: 200,
        body: { groups: [{ name: 'Staff' }, { name: 'a' }], total_rows_groups: 3 },
      },
      'GET /groups.json?page=1': { status: 200, body: { groups: [{ name: 'b' }], total_rows_groups: 3 } },
      'POST /admin/groups.json': ok,
    });
    const api = new DiscourseApi({ forumUrl: server.url, apiKey: 'k' });
    expect(await api.ensureGroups(['staff', 'b', 'new'])).toEqual(['new']);
    expect(JSON.parse(server.calls.at(-1)?.body ?? '')).toEqual({ group: { name: 'new' } });
  });

  test('the rest of the calls', async () => {
    const server = await forum({
      'PUT /admin/users/7/unsuspend.json': ok,
      'PUT /admin/users/7/deactivate.json': ok,
      'PUT /admin/users/7/activate.json': ok,
      'DELETE /admin/users/7.json': ok,
      'PUT /u/a%20b.json': ok,
    });
    const api = new DiscourseApi({ forumUrl: server.url, apiKey: 'k' });
    await api.unsuspend('7');
    await api.deactivate('7');
    await api.activate('7');
    await api.delete('7');
    await api.setExternalId('a b', 'u-2');
    await api.setExternalId('a b', null);
    expect(JSON.parse(server.calls.at(-1)?.body ?? '')).toEqual({
      external_ids: { discourse_connect: null },
    });
    await expect(api.unsuspend('8')).rejects.toMatchObject({ code: 'ERR_DISCOURSE_USER_UNKNOWN' });
    await expect(api.syncSso({ externalId: '1' })).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' });
  });

  test('an address is read by user name, and only by whoever may see it', async () => {
    const server = await forum({
      'GET /u/a%20b/emails.json': { status: 200, body: { email: 'ann@example.com', secondary_emails: [] } },
      'GET /u/none/emails.json': { status: 200, body: { email: null } },
      'GET /u/odd/emails.json': { status: 200, body: { email: 7 } },
      'GET /u/hidden/emails.json': { status: 403, body: { failed: 'FAILED' } },
    });
    const api = new DiscourseApi({ forumUrl: server.url, apiKey: 'k' });
    expect(await api.readEmail('a b')).toBe('ann@example.com');
    expect(await api.readEmail('none')).toBe('');
    for (const [username, code] of [
      ['odd', 'ERR_DISCOURSE_REPLY_UNEXPECTED'],
      ['hidden', 'ERR_DISCOURSE_KEY_REFUSED'],
      ['gone', 'ERR_DISCOURSE_USER_UNKNOWN'],
    ] as const)
      await expect(api.readEmail(username)).rejects.toMatchObject({ code });
  });

  test.each([
    [{ forumUrl: 'http://forum.example.com', apiKey: 'k' }, 'https'],
    [{ forumUrl: 'https://forum.example.com', apiKey: '' }, 'DISCOURSE_ADMIN_API_KEY'],
    [
      { forumUrl: 'https://forum.example.com', apiKey: 'k', connectSecret: 'short' },
      'DISCOURSE_CONNECT_SECRET',
    ],
    [{ forumUrl: 'https://forum.example.com', apiKey: 'k', logOutPath: '/x' }, '{id}'],
  ])('refuses %j', (options, named) => {
    expect(() => new DiscourseApi(options)).toThrow(named);
  });
});
