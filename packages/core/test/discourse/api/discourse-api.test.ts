import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { DiscourseApi } from '../../../src/discourse/index.js';
import { isForumSsoError } from '../../../src/errors.js';
import { type Answer, AnsweringForum, notFound } from './answering-forum.js';

const secret = randomBytes(16).toString('hex');
const apiKey = randomBytes(32).toString('hex');
let forum: AnsweringForum;
let api: DiscourseApi;

beforeAll(async () => {
  forum = await AnsweringForum.start();
});
beforeEach(() => {
  forum.calls.length = 0;
  forum.answers = {};
  api = new DiscourseApi({ forumUrl: forum.url, apiKey, connectSecret: secret });
});
afterAll(() => forum.stop());

interface CallCase {
  readonly line: string;
  readonly call: (api: DiscourseApi) => Promise<unknown>;
  readonly success: unknown;
  /** What the method gives back then. */
  readonly gives?: unknown;
  /** The JSON that is sent. */
  readonly sends?: unknown;
  /** The code for a 404 that says "not_found"; null: that is an answer. */
  readonly unknown: string | null;
  /** The forum may have nothing more to say than that all is well. */
  readonly mayBeEmpty?: true;
}

const done = { success: 'OK' };
const until = new Date('2130-01-02T03:04:05Z');

/** Every call there is. */
const calls: Readonly<Record<string, CallCase>> = {
  syncSso: {
    line: 'POST /admin/users/sync_sso.json',
    call: (to) => to.syncSso({ externalId: 'u/1', email: 'ann@example.com' }),
    success: { id: 7, username: 'ann', active: false },
    gives: { id: '7', username: 'ann', active: false },
    unknown: 'ERR_DISCOURSE_KEY_REFUSED',
  },
  findByExternalId: {
    line: 'GET /u/by-external/u.%2F1.json',
    call: (to) => to.findByExternalId('u./1'),
    success: { user: { id: 7, username: 'ann' } },
    gives: { id: '7', username: 'ann' },
    unknown: null,
  },
  logOut: {
    line: 'POST /admin/users/7/log_out.json',
    call: (to) => to.logOut('7'),
    success: done,
    unknown: 'ERR_DISCOURSE_USER_UNKNOWN',
  },
  readUser: {
    line: 'GET /admin/users/7.json',
    call: (to) => to.readUser('7'),
    success: { id: 7, anything: true },
    gives: { id: 7, anything: true },
    unknown: 'ERR_DISCOURSE_KEY_REFUSED',
  },
  readEmail: {
    line: 'GET /u/a%20b/emails.json',
    call: (to) => to.readEmail('a b'),
    success: { email: 'ann@example.com', secondary_emails: [] },
    gives: 'ann@example.com',
    unknown: 'ERR_DISCOURSE_USER_UNKNOWN',
  },
  suspend: {
    line: 'PUT /admin/users/7/suspend.json',
    call: (to) => to.suspend('7', { reason: 'Spam.', until }),
    success: { suspension: {} },
    gives: true,
    sends: { suspend_until: '2130-01-02T03:04:05.000Z', reason: 'Spam.' },
    unknown: 'ERR_DISCOURSE_USER_UNKNOWN',
    mayBeEmpty: true,
  },
  unsuspend: {
    line: 'PUT /admin/users/7/unsuspend.json',
    call: (to) => to.unsuspend('7'),
    success: { suspension: {} },
    unknown: 'ERR_DISCOURSE_USER_UNKNOWN',
    mayBeEmpty: true,
  },
  deactivate: {
    line: 'PUT /admin/users/7/deactivate.json',
    call: (to) => to.deactivate('7'),
    success: done,
    unknown: 'ERR_DISCOURSE_USER_UNKNOWN',
    mayBeEmpty: true,
  },
  activate: {
    line: 'PUT /admin/users/7/activate.json',
    call: (to) => to.activate('7'),
    success: done,
    unknown: 'ERR_DISCOURSE_USER_UNKNOWN',
    mayBeEmpty: true,
  },
  anonymize: {
    line: 'PUT /admin/users/7/anonymize.json',
    call: (to) => to.anonymize('7'),
    success: { ...done, username: 'anon1' },
    unknown: 'ERR_DISCOURSE_USER_UNKNOWN',
    mayBeEmpty: true,
  },
  delete: {
    line: 'DELETE /admin/users/7.json',
    call: (to) => to.delete('7'),
    success: { deleted: true },
    unknown: 'ERR_DISCOURSE_USER_UNKNOWN',
    mayBeEmpty: true,
  },
  setExternalId: {
    line: 'PUT /u/a%20b.json',
    call: (to) => to.setExternalId('a b', 'u-2'),
    success: { ...done, user: {} },
    sends: { external_ids: { discourse_connect: 'u-2' } },
    unknown: 'ERR_DISCOURSE_USER_UNKNOWN',
    mayBeEmpty: true,
  },
  groupNames: {
    line: 'GET /groups.json?page=0',
    call: (to) => to.groupNames(),
    success: { groups: [{ name: 'a' }], total_rows_groups: 1 },
    gives: ['a'],
    unknown: 'ERR_DISCOURSE_REPLY_UNEXPECTED',
  },
};

/** Our code, and the seconds to wait. */
type Refused = readonly [code: string, retryAfter: unknown];

/** Answers that mean the same whatever was asked for. */
const commonAnswers: readonly (readonly [what: string, Answer, Refused])[] = [
  [
    'too fast, as JSON: the body goes before the header',
    {
      status: 429,
      body: { errors: ['x'], error_type: 'rate_limit', extras: { wait_seconds: 7.2, time_left: 'x' } },
      headers: { 'Retry-After': '9' },
    },
    ['ERR_DISCOURSE_RATE_LIMITED', 8],
  ],
  [
    'too fast, as JSON without seconds',
    { status: 429, body: { extras: { wait_seconds: 'many' } }, headers: { 'Retry-After': '9' } },
    ['ERR_DISCOURSE_RATE_LIMITED', 9],
  ],
  [
    'too fast, as text',
    { status: 429, body: 'Slow down', headers: { 'Retry-After': '9', 'Content-Type': 'text/plain' } },
    ['ERR_DISCOURSE_RATE_LIMITED', 9],
  ],
  [
    'too fast, until a date',
    {
      status: 429,
      body: 'Slow down',
      headers: { Date: 'Tue, 01 Jan 2030 10:00:00 GMT', 'Retry-After': 'Tue, 01 Jan 2030 10:00:25 GMT' },
    },
    ['ERR_DISCOURSE_RATE_LIMITED', 25],
  ],
  ['too fast, without a number', { status: 429, body: 'Slow down' }, ['ERR_DISCOURSE_RATE_LIMITED', 60]],
  [
    'a wrong key',
    { status: 403, body: { errors: ['x'], error_type: 'invalid_access' } },
    ['ERR_DISCOURSE_KEY_REFUSED', undefined],
  ],
  ['read-only', { status: 503, body: { errors: ['x'] } }, ['ERR_DISCOURSE_UNAVAILABLE', 0]],
  [
    'maintenance that says how long',
    { status: 503, body: '', headers: { 'Retry-After': '600' } },
    ['ERR_DISCOURSE_UNAVAILABLE', 600],
  ],
  ['a fault', { status: 500, body: '<html>' }, ['ERR_DISCOURSE_UNAVAILABLE', 0]],
  ['a gateway without a forum', { status: 502, body: '<html>' }, ['ERR_DISCOURSE_UNAVAILABLE', 0]],
  [
    'a redirect',
    { status: 301, headers: { Location: 'https://evil.example/' } },
    ['ERR_DISCOURSE_ADDRESS_WRONG', undefined],
  ],
  ['a redirect without an address', { status: 307 }, ['ERR_DISCOURSE_ADDRESS_WRONG', undefined]],
  ['a page', { status: 200, body: '<html>Log in</html>' }, ['ERR_DISCOURSE_REPLY_UNEXPECTED', undefined]],
  ['a list', { status: 200, body: '[]' }, ['ERR_DISCOURSE_REPLY_UNEXPECTED', undefined]],
  [
    'another refusal',
    { status: 400, body: { errors: ['x'] } },
    ['ERR_DISCOURSE_REPLY_UNEXPECTED', undefined],
  ],
  ['too large', { status: 200, body: 'x'.repeat(1_000_001) }, ['ERR_DISCOURSE_ADDRESS_WRONG', undefined]],
];

/** What a call was refused with, and when to try again; whatever it says holds nothing secret. */
async function refusalOf(call: () => Promise<unknown>): Promise<Refused> {
  const error: unknown = await call().then(
    (value) => {
      throw new Error(`It was taken: ${JSON.stringify(value)}`);
    },
    (cause: unknown) => cause,
  );
  if (!isForumSsoError(error)) throw error;
  const text = `${error.stack} ${error.detail} ${JSON.stringify(error)} ${String(error.cause)}`;
  for (const hidden of [apiKey, secret, 'ann@example.com', 'evil.example'])
    expect(text).not.toContain(hidden);
  return [error.code, 'retryAfter' in error ? error.retryAfter : undefined];
}

describe.each(Object.entries(calls))('%s', (_, { line, call, success, gives, sends, ...expected }) => {
  test('has its address, names us, and carries the key in headers alone', async () => {
    forum.answers = { [line]: { status: 200, body: success } };
    expect(await call(api)).toEqual(gives);
    const [sent, ...more] = forum.calls;
    expect(more).toEqual([]);
    expect(sent?.line).toBe(line);
    expect(sent?.headers).toMatchObject({
      ...{ 'api-key': apiKey, 'api-username': 'system', accept: 'application/json' },
      'user-agent': expect.stringMatching(/^forum-sso/),
    });
    expect(sent?.line + (sent?.body ?? '')).not.toContain(apiKey);
    if (sends !== undefined) expect(JSON.parse(sent?.body ?? '')).toEqual(sends);
  });

  test.each(commonAnswers)('answered with %s', async (_what, answer, refused) => {
    forum.answers = { [line]: answer };
    expect(await refusalOf(() => call(api))).toEqual(refused);
    // Nothing is tried twice here, and a redirect least of all.
    expect(forum.lines().filter((sent) => sent === line)).toHaveLength(1);
  });

  test('about what is not there', async () => {
    forum.answers = { [line]: notFound };
    if (expected.unknown === null) expect(await call(api)).toBeNull();
    else expect(await refusalOf(() => call(api))).toEqual([expected.unknown, undefined]);
  });

  test('answered with nothing', async () => {
    forum.answers = { [line]: { status: 200, body: '' } };
    if (expected.mayBeEmpty === true) await call(api);
    else expect(await refusalOf(() => call(api))).toEqual(['ERR_DISCOURSE_REPLY_UNEXPECTED', undefined]);
  });

  test('not answered', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const at = (port: number) =>
      new DiscourseApi({
        forumUrl: `http://127.0.0.1:${port}`,
        apiKey,
        connectSecret: secret,
        timeoutSeconds: 0.05,
      });
    const slow = at(typeof address === 'object' ? (address?.port ?? 0) : 0);
    expect(await refusalOf(() => call(slow))).toEqual(['ERR_DISCOURSE_UNAVAILABLE', 0]);
    silent.close().closeAllConnections();
    expect(await refusalOf(() => call(at(9)))).toEqual(['ERR_DISCOURSE_UNAVAILABLE', 0]);
  });
});

describe('sync_sso', () => {
  const line = 'POST /admin/users/sync_sso.json';
  const sync = () => api.syncSso({ externalId: '1' });

  test('is a signed form', async () => {
    forum.answers = { [line]: { status: 200, body: { id: 7, username: 'ann' } } };
    expect(await api.syncSso({ externalId: '1', addGroups: ['a', 'b'], removeGroups: ['c'] })).toEqual({
      ...{ id: '7', username: 'ann', active: true },
    });
    const [sent] = forum.calls;
    expect(sent?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    const { sso = '', sig } = Object.fromEntries(new URLSearchParams(sent?.body));
    expect(sig).toBe(createHmac('sha256', secret).update(sso).digest('hex'));
    expect(Object.fromEntries(new URLSearchParams(Buffer.from(sso, 'base64').toString()))).toEqual({
      ...{ external_id: '1', add_groups: 'a,b', remove_groups: 'c' },
    });
  });

  test.each<[string, Answer, string]>([
    ['DiscourseConnect is off', { status: 404, body: '' }, 'ERR_DISCOURSE_CONNECT_OFF'],
    ['the key is no admin’s', notFound, 'ERR_DISCOURSE_KEY_REFUSED'],
    [
      'the record is invalid',
      { status: 403, body: { failed: 'FAILED', message: 'ann@example.com is taken' } },
      'ERR_DISCOURSE_RECORD_INVALID',
    ],
    [
      'the secret differs, in any language',
      { status: 422, body: { failed: 'FAILED', message: 'ログインエラー' } },
      'ERR_DISCOURSE_SYNC_REFUSED',
    ],
    ['a 403 of something in between', { status: 403, body: '<html>' }, 'ERR_DISCOURSE_REPLY_UNEXPECTED'],
  ])('says what is wrong: %s', async (_, answer, code) => {
    forum.answers = { [line]: answer };
    expect(await refusalOf(sync)).toEqual([code, undefined]);
  });

  test('needs the secret', async () => {
    const without = new DiscourseApi({ forumUrl: forum.url, apiKey });
    expect(await refusalOf(() => without.syncSso({ externalId: '1' }))).toEqual([
      'ERR_OPTIONS_INVALID',
      undefined,
    ]);
  });

  test('in mode "exact" there is no way to leave the groups out: no type allows it, and no call either', async () => {
    const exact = new DiscourseApi({
      forumUrl: forum.url,
      apiKey,
      connectSecret: secret,
      groupsMode: 'exact',
    });
    // @ts-expect-error A forum would empty all memberships.
    expect(await refusalOf(() => exact.syncSso({ externalId: '1' }))).toEqual([
      'ERR_SSO_FIELD_UNUSABLE',
      undefined,
    ]);
    // @ts-expect-error The same.
    const undefinedGroups: Parameters<typeof exact.syncSso>[0] = { externalId: '1', groups: undefined };
    expect((await refusalOf(() => exact.syncSso(undefinedGroups)))[0]).toBe('ERR_SSO_FIELD_UNUSABLE');
    // @ts-expect-error Such a forum would ignore them.
    const added: Parameters<typeof exact.syncSso>[0] = { externalId: '1', groups: [], addGroups: ['a'] };
    // @ts-expect-error Such a forum would ignore the whole list.
    const whole: Parameters<typeof api.syncSso>[0] = { externalId: '1', groups: ['a'] };
    expect([added, whole]).toHaveLength(2);
    expect(forum.calls).toEqual([]);
  });
});

describe('an account that nobody may touch', () => {
  const forbidden: Answer = { status: 403, body: { errors: ['x'], error_type: 'invalid_access' } };
  const account = { 'GET /admin/users/7.json': { status: 200, body: { id: 7, admin: true } } };
  const { suspend, unsuspend, deactivate, activate, anonymize, delete: remove } = calls;

  test.each(Object.entries({ suspend, unsuspend, deactivate, activate, anonymize, remove }))(
    'is told from a key that may not: %s',
    async (_, entry) => {
      if (entry === undefined) throw new Error('no such call');
      forum.answers = { [entry.line]: forbidden, ...account };
      expect(await refusalOf(() => entry.call(api))).toEqual(['ERR_DISCOURSE_ACCOUNT_PROTECTED', undefined]);
      // Of an account that is not there real forums say the same when it is to be deleted.
      forum.answers = { [entry.line]: forbidden, 'GET /admin/users/-1.json': { status: 200 } };
      expect(await refusalOf(() => entry.call(api))).toEqual(['ERR_DISCOURSE_USER_UNKNOWN', undefined]);
      forum.answers = { [entry.line]: forbidden, 'GET /admin/users/7.json': forbidden };
      expect(await refusalOf(() => entry.call(api))).toEqual(['ERR_DISCOURSE_KEY_REFUSED', undefined]);
    },
  );

  test.each<[string, Answer]>([
    ['by status', { status: 403, body: { deleted: false, message: 'User ann has 3 posts.' } }],
    ['in the answer alone', { status: 200, body: { deleted: false, user: {} } }],
  ])('is not deleted when it has posts, whether the forum says so %s', async (_, answer) => {
    forum.answers = { 'DELETE /admin/users/7.json': answer };
    expect(await refusalOf(() => api.delete('7'))).toEqual(['ERR_DISCOURSE_DELETE_REFUSED', undefined]);
  });

  test('an admin’s right is needed to say that an account is not there', async () => {
    expect(await refusalOf(() => api.readUser('7'))).toEqual(['ERR_DISCOURSE_KEY_REFUSED', undefined]);
    forum.answers = { 'GET /admin/users/-1.json': { status: 200 } };
    expect(await api.readUser('7')).toBeNull();
  });
});

test('an address is read only by whoever may see it', async () => {
  forum.answers = {
    'GET /u/none/emails.json': { status: 200, body: { email: null } },
    'GET /u/odd/emails.json': { status: 200, body: { email: 7 } },
    'GET /u/hidden/emails.json': { status: 403, body: { failed: 'FAILED' } },
  };
  expect(await api.readEmail('none')).toBe('');
  expect((await refusalOf(() => api.readEmail('odd')))[0]).toBe('ERR_DISCOURSE_REPLY_UNEXPECTED');
  expect((await refusalOf(() => api.readEmail('hidden')))[0]).toBe('ERR_DISCOURSE_KEY_REFUSED');
});

test('suspended twice is suspended', async () => {
  forum.answers = { 'PUT /admin/users/7/suspend.json': { status: 409, body: { failed: 'FAILED' } } };
  expect(await api.suspend('7')).toBe(false);
  expect(JSON.parse(forum.calls[0]?.body ?? '')).toMatchObject({ suspend_until: '3000-01-01T00:00:00.000Z' });
});

test('the id from an answer is remembered until it is out of date', async () => {
  forum.answers = {
    'POST /admin/users/sync_sso.json': { status: 200, body: { id: 7, username: 'ann' } },
    'GET /u/by-external/2.json': { status: 200, body: { user: { id: 8, username: 'ben' } } },
    'PUT /admin/users/7/anonymize.json': { status: 200, body: done },
    'PUT /u/ben.json': { status: 200, body: done },
  };
  await api.syncSso({ externalId: '1' });
  expect([await api.forumIdOf('1'), await api.forumIdOf('2'), await api.forumIdOf('2')]).toEqual([
    '7',
    '8',
    '8',
  ]);
  expect(forum.calls).toHaveLength(2);
  await api.anonymize('7');
  expect(await api.forumIdOf('1')).toBeNull();
  await api.setExternalId('ben', null);
  forum.answers = {};
  expect(await api.forumIdOf('2')).toBeNull();
});

test('groups: finds what is missing over several pages, and creates it', async () => {
  forum.answers = {
    'GET /groups.json?page=0': {
      status: 200,
      body: { groups: [{ name: 'Staff' }, { name: 'a' }], total_rows_groups: 3 },
    },
    'GET /groups.json?page=1': { status: 200, body: { groups: [{ name: 'b' }], total_rows_groups: 3 } },
    'POST /admin/groups.json': { status: 200, body: { basic_group: {} } },
  };
  expect(await api.ensureGroups(['staff', 'b', 'new'])).toEqual(['new']);
  expect(JSON.parse(forum.calls.at(-1)?.body ?? '')).toEqual({ group: { name: 'new' } });
  expect(forum.calls).toHaveLength(3);
});

test('one connection serves call after call', async () => {
  forum.answers = {
    'GET /u/by-external/1.json': { status: 200, body: { user: { id: 7, username: 'ann' } } },
  };
  await api.findByExternalId('1');
  const before = forum.connections;
  for (let i = 0; i < 10; i++) await api.findByExternalId('1');
  expect(forum.connections).toBe(before);
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
