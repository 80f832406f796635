import { createHmac, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';

import { type DiscourseOptions, discourse } from '../../../src/discourse/index.js';
import { createForumSso } from '../../../src/forum-sso.js';
import type { SiteUser } from '../../../src/site-user.js';
import { type Answer, AnsweringForum } from '../api/answering-forum.js';

const secret = randomBytes(16).toString('hex');
const alice: SiteUser = {
  id: 'u/1',
  email: 'alice@example.com',
  emailVerified: true,
  username: 'alice',
  groups: ['staff'],
};

const forums: AnsweringForum[] = [];
afterEach(async () => {
  await Promise.all(forums.splice(0).map((each) => each.stop()));
});

async function forum(answers: Record<string, Answer | Answer[]>): Promise<AnsweringForum> {
  const started = await AnsweringForum.start(answers);
  forums.push(started);
  return started;
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

  test('what the forum answers decides what comes next, and nothing secret is in it', async () => {
    const taken = { failed: 'FAILED', message: 'alice@example.com is taken' };
    const server = await forum({
      [sync]: [
        { status: 403, body: taken },
        { status: 429, body: 'Slow down', headers: { 'Retry-After': '9' } },
        { status: 500, body: '<html>' },
      ],
    });
    const sso = site(server.url);
    const results = [];
    for (let i = 0; i < 3; i++) results.push((await sso.pushNow(alice)).results[0]);
    expect(results).toMatchObject([
      { outcome: 'failed', code: 'ERR_DISCOURSE_RECORD_INVALID' },
      { outcome: 'failed', code: 'ERR_DISCOURSE_RATE_LIMITED', retryAfter: 9 },
      { outcome: 'failed', code: 'ERR_DISCOURSE_UNAVAILABLE', retryAfter: 0 },
    ]);
    expect(results[0]).not.toHaveProperty('retryAfter');
    const text = results
      .map((result) => JSON.stringify(result) + String(Reflect.get(Object(result), 'error')))
      .join();
    for (const hidden of ['the-admin-key', secret, 'alice@example.com']) expect(text).not.toContain(hidden);
  });

  test('groups that mapUser adds and the mode has no place for are not sent, and its own object stays as it is', async () => {
    const server = await forum({ [sync]: { status: 200, body: { id: 7, username: 'alice' } } });
    const all = { groups: ['a'], addGroups: ['b'], removeGroups: ['c'] };
    const made: unknown[] = [];
    const mapUser: NonNullable<DiscourseOptions['mapUser']> = (fields) => {
      const mapped = { ...fields, ...all };
      made.push(mapped);
      return mapped;
    };
    for (const groups of [{ mode: 'exact' as const }, { mode: 'managed' as const, names: ['x'] }]) {
      await site(server.url, { groups, mapUser }).pushNow(alice);
    }
    const [exact, managed] = server.calls.map(({ body }) => pushed(body));
    expect(exact).toMatchObject({ groups: 'a' });
    for (const name of ['add_groups', 'remove_groups']) expect(exact).not.toHaveProperty(name);
    expect(managed).toMatchObject({ add_groups: 'b', remove_groups: 'c' });
    expect(managed).not.toHaveProperty('groups');
    expect(made).toEqual([expect.objectContaining(all), expect.objectContaining(all)]);
  });

  test('mapUser can neither drop the groups of mode exact nor change the id', async () => {
    const server = await forum({ [sync]: { status: 200, body: { id: 7, username: 'alice' } } });
    const results = [
      await site(server.url, {
        groups: { mode: 'exact' },
        mapUser: ({ externalId, email }) => ({ externalId, email }),
      }).pushNow(alice),
      await site(server.url, { mapUser: (fields) => ({ ...fields, externalId: 'other' }) }).pushNow(alice),
      await site(server.url, { mapUser: ({ email }) => ({ email }) }).pushNow(alice),
    ].map(({ results: [result] }) => result);
    for (const result of results) expect(result).toMatchObject({ code: 'ERR_SITE_CALLBACK_FAILED' });
    expect(server.calls).toEqual([]);
  });
});

describe('account life', () => {
  test('each has its address; a sign-out needs no look-up after a push, all else has one', async () => {
    const server = await forum({
      [sync]: { status: 200, body: { id: 7, username: 'alice' } },
      [lookUp]: known,
      'POST /admin/users/7/log_out.json': ok,
      'PUT /admin/users/7/suspend.json': ok,
      'PUT /admin/users/7/unsuspend.json': ok,
      'PUT /admin/users/7/anonymize.json': ok,
    });
    const sso = site(server.url);
    await sso.pushNow(alice);
    expect((await sso.signOut('u/1')).ok).toBe(true);
    expect((await sso.suspend('u/1', { reason: 'spam', until: new Date('2130-01-01') })).ok).toBe(true);
    expect((await sso.restore('u/1')).ok).toBe(true);
    expect((await sso.remove('u/1')).ok).toBe(true);
    expect(server.lines()).toEqual([
      ...[sync, 'POST /admin/users/7/log_out.json'],
      ...[lookUp, 'PUT /admin/users/7/suspend.json'],
      ...[lookUp, 'PUT /admin/users/7/unsuspend.json'],
      ...[lookUp, 'PUT /admin/users/7/anonymize.json'],
    ]);
    expect(JSON.parse(server.calls[3]?.body ?? '')).toEqual({
      suspend_until: '2130-01-01T00:00:00.000Z',
      reason: 'spam',
    });
  });

  test('whoever has the account by now is left alone: it is looked up before it is suspended or removed', async () => {
    const server = await forum({
      [sync]: { status: 200, body: { id: 7, username: 'alice' } },
      [lookUp]: { status: 200, body: { user: { id: 8, username: 'alice2' } } },
      'PUT /admin/users/8/suspend.json': ok,
      'PUT /admin/users/8/anonymize.json': ok,
    });
    const sso = site(server.url);
    await sso.pushNow(alice);
    // An admin of the forum has given account 7 to somebody else.
    expect((await sso.suspend('u/1')).ok).toBe(true);
    expect((await sso.remove('u/1')).ok).toBe(true);
    expect(server.lines().filter((line) => line.includes('/7/'))).toEqual([]);
  });

  test('a sign-out finds the new account when the remembered one is gone', async () => {
    const server = await forum({
      [sync]: { status: 200, body: { id: 7, username: 'alice' } },
      [lookUp]: [{ status: 200, body: { user: { id: 8, username: 'alice2' } } }, known],
      'POST /admin/users/8/log_out.json': ok,
    });
    const sso = site(server.url);
    await sso.pushNow(alice);
    expect((await sso.signOut('u/1')).ok).toBe(true);
    expect(server.lines().slice(1)).toEqual([
      'POST /admin/users/7/log_out.json',
      lookUp,
      'POST /admin/users/8/log_out.json',
    ]);
    await sso.pushNow(alice);
    // The forum says that it is still the same, and does not know it.
    expect((await sso.signOut('u/1')).results).toMatchObject([{ code: 'ERR_DISCOURSE_USER_UNKNOWN' }]);
  });

  test('a person has the id of the option externalId in all of it', async () => {
    const mapped = 'GET /u/by-external/site-u%2F1.json';
    const server = await forum({
      [sync]: { status: 200, body: { id: 7, username: 'alice' } },
      [mapped]: known,
      'PUT /admin/users/7/anonymize.json': ok,
    });
    const sso = site(server.url, { externalId: (id) => `site-${id}` });
    await sso.pushNow(alice);
    expect(pushed(server.calls[0]?.body ?? '')).toMatchObject({ external_id: 'site-u/1' });
    expect((await sso.remove('u/1')).ok).toBe(true);
    expect(server.lines()).toEqual([sync, mapped, 'PUT /admin/users/7/anonymize.json']);
    const failing = site(server.url, {
      externalId: () => {
        throw new Error('no');
      },
    });
    for (const report of [await failing.remove('u/1'), await failing.pushNow({ ...alice, id: 'u/2' })])
      expect(report.results).toMatchObject([{ code: 'ERR_SITE_CALLBACK_FAILED' }]);
    const blank = site(server.url, { externalId: () => 'null' });
    expect((await blank.signOut('u/1')).results).toMatchObject([{ code: 'ERR_SITE_USER_INVALID' }]);
    expect(server.calls).toHaveLength(3);
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

  test('removal may delete; a refusal says what to do instead', async () => {
    const server = await forum({
      [lookUp]: known,
      'DELETE /admin/users/7.json': { status: 403, body: { deleted: false, message: 'has posts' } },
    });
    expect((await site(server.url, { removal: 'delete' }).remove('u/1')).results).toMatchObject([
      { outcome: 'failed', code: 'ERR_DISCOURSE_DELETE_REFUSED' },
    ]);
  });

  test('suspended twice is suspended, and it is said that the end is the old one', async () => {
    const server = await forum({ [lookUp]: known, 'PUT /admin/users/7/suspend.json': { status: 409 } });
    expect((await site(server.url).suspend('u/1')).results).toMatchObject([
      { outcome: 'done', notes: [expect.stringContaining('suspended already')] },
    ]);
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
