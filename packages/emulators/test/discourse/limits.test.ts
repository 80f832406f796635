import { afterEach, describe, expect, test } from '@jest/globals';

import type { DiscourseEmulator, DiscourseEmulatorOptions } from '../../src/discourse/index.js';
import { adminKey, callApi, syncForm } from './api-client.js';
import { Browser } from './browser.js';
import { closeForums, startForum } from './site.js';

afterEach(closeForums);

const path = '/admin/users/-1.json';
const sam = { external_id: '7', email: 'sam@example.com', username: 'sam' };

/** A clock that stands still until it is told otherwise. */
class Clock {
  time = Date.parse('2026-03-01T12:00:00Z');
  readonly now = (): Date => new Date(this.time);
  pass(seconds: number): void {
    this.time += seconds * 1_000;
  }
}

const start = (options: DiscourseEmulatorOptions = {}): Promise<DiscourseEmulator> =>
  startForum({ apiKeys: [{ key: adminKey }], ...options });

async function statuses(forum: DiscourseEmulator, count: number): Promise<readonly number[]> {
  const list: number[] = [];
  for (let i = 0; i < count; i++) list.push((await callApi(forum, 'GET', path)).status);
  return list;
}

describe('the limit of the API', () => {
  test('is 60 calls a minute for all keys together, and says how long to wait', async () => {
    const clock = new Clock();
    const forum = await start({ now: clock.now });
    const other = forum.apiKeys.create({}).key;
    expect(new Set(await statuses(forum, 59))).toEqual(new Set([200]));
    expect((await callApi(forum, 'GET', path, { key: other })).status).toBe(200);
    clock.pass(12.3);
    const refused = await callApi(forum, 'GET', path, { key: other });
    expect(refused.status).toBe(429);
    expect(refused.json).toEqual({
      errors: [expect.stringContaining('48 seconds')],
      error_type: 'rate_limit',
      extras: { wait_seconds: 48, time_left: '48 seconds' },
    });
    expect(refused.headers.get('retry-after')).toBe('48');
    expect(refused.headers.get('discourse-rate-limit-error-code')).toBe('admin_api_key_rate_limit');
  });

  test('slides: each call makes room a minute later, and refused ones do not count', async () => {
    const clock = new Clock();
    const forum = await start({ now: clock.now, rateLimits: { adminApiPerMinute: 3 } });
    expect(await statuses(forum, 1)).toEqual([200]);
    clock.pass(20);
    expect(await statuses(forum, 4)).toEqual([200, 200, 429, 429]);
    clock.pass(39.999);
    expect(await statuses(forum, 1)).toEqual([429]);
    clock.pass(0.001);
    expect(await statuses(forum, 2)).toEqual([200, 429]);
    clock.pass(20);
    expect(await statuses(forum, 3)).toEqual([200, 200, 429]);
  });

  test('whoever obeys Retry-After is never refused twice in a row', async () => {
    const clock = new Clock();
    const forum = await start({ now: clock.now, rateLimits: { adminApiPerMinute: 2 } });
    for (let round = 0; round < 5; round++) {
      clock.pass(7.7);
      const reply = await callApi(forum, 'GET', path);
      if (reply.status !== 429) continue;
      clock.pass(Number(reply.headers.get('retry-after')));
      expect((await callApi(forum, 'GET', path)).status).toBe(200);
    }
  });

  test('a refused call does nothing; wrong keys and pages are not counted', async () => {
    const clock = new Clock();
    const forum = await start({ now: clock.now, rateLimits: { adminApiPerMinute: 1 } });
    for (let i = 0; i < 3; i++) await callApi(forum, 'GET', path, { key: 'wrong' });
    await new Browser().get(`${forum.origin}/`);
    await callApi(forum, 'GET', '/u/by-external/1.json', { key: null });
    expect(await statuses(forum, 1)).toEqual([200]);
    const { status } = await callApi(forum, 'POST', '/admin/users/sync_sso', { form: syncForm(sam) });
    expect([status, forum.users()]).toEqual([429, []]);
  });

  test.each(['current', 'before-july-2026'] as const)(
    'holds pushes up in the era %s, too',
    async (syncSso) => {
      const clock = new Clock();
      const forum = await start({ now: clock.now, syncSso, rateLimits: { adminApiPerMinute: 2 } });
      const push = () => callApi(forum, 'POST', '/admin/users/sync_sso', { form: syncForm(sam) });
      expect([(await push()).status, (await push()).status]).toEqual([200, 200]);
      clock.pass(59);
      const refused = await push();
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
      expect(refused.json).toMatchObject({ error_type: 'rate_limit', extras: { wait_seconds: 1 } });
      clock.pass(1);
      expect((await push()).status).toBe(200);
    },
  );

  test('has another span when a test asks for it', async () => {
    const clock = new Clock();
    const rateLimits = { adminApiPerMinute: 2, adminApiWindowSeconds: 3 };
    const forum = await start({ now: clock.now, rateLimits });
    expect(await statuses(forum, 3)).toEqual([200, 200, 429]);
    clock.pass(3);
    expect(await statuses(forum, 3)).toEqual([200, 200, 429]);
  });

  test('0 lets nobody through', async () => {
    const forum = await start({ rateLimits: { adminApiPerMinute: 0 } });
    expect(await statuses(forum, 1)).toEqual([429]);
  });
});

describe('the limit for each address', () => {
  test('is off unless asked for, and answers in plain text', async () => {
    const clock = new Clock();
    const forum = await start({ now: clock.now, rateLimits: { perIp: { perMinute: 5, perTenSeconds: 3 } } });
    const browser = new Browser();
    const get = () => browser.get(`${forum.origin}/`);
    for (let i = 0; i < 3; i++) expect((await get()).status).toBe(200);
    const refused = await get();
    expect([refused.status, refused.headers.get('content-type')]).toEqual([429, 'text/plain; charset=utf-8']);
    expect(refused.headers.get('retry-after')).toBe('10');
    expect(refused.headers.get('discourse-rate-limit-error-code')).toBe('ip_10_secs_limit');
    expect(() => JSON.parse(refused.text)).toThrow();
    clock.pass(10);
    expect([(await get()).status, (await get()).status]).toEqual([200, 200]);
    clock.pass(10);
    const slow = await callApi(forum, 'GET', path);
    expect(slow.status).toBe(429);
    expect(slow.headers.get('discourse-rate-limit-error-code')).toBe('ip_60_secs_limit');
    expect((await statuses(await start(), 59)).every((status) => status === 200)).toBe(true);
  });
});

describe('faults', () => {
  test('latency: the answer comes, later', async () => {
    const forum = await start();
    forum.faults.set([{ pathPrefix: '/admin/users', latencyMs: 80 }]);
    const begin = performance.now();
    expect((await callApi(forum, 'GET', path)).status).toBe(200);
    expect(performance.now() - begin).toBeGreaterThan(70);
  });

  test('errors, broken connections and silence, by the dice', async () => {
    let dice = 0;
    const forum = await start({ random: () => dice });
    forum.faults.set([{ pathPrefix: '/', errorRate: 0.1, resetRate: 0.1, hangRate: 0.1 }]);
    const call = (signal?: AbortSignal) =>
      callApi(forum, 'POST', '/admin/users/sync_sso', {
        form: syncForm(sam),
        ...(signal === undefined ? {} : { signal }),
      });
    const failed = await call();
    expect([failed.status, failed.headers.get('content-type')]).toEqual([500, 'text/html; charset=utf-8']);
    dice = 0.19;
    await expect(call()).rejects.toThrow('fetch failed');
    dice = 0.29;
    await expect(call(AbortSignal.timeout(150))).rejects.toThrow(/timeout|aborted/);
    // Nothing of it was carried out.
    expect(forum.users()).toEqual([]);
    dice = 0.31;
    expect((await call()).status).toBe(200);
  });

  test('the longest path that fits counts, and the emulator’s own addresses are spared', async () => {
    const forum = await start();
    forum.faults.set([
      { pathPrefix: '/', errorRate: 1 },
      { pathPrefix: '/admin/users', latencyMs: 1 },
    ]);
    expect((await callApi(forum, 'GET', path)).status).toBe(200);
    const browser = new Browser();
    expect((await browser.get(`${forum.origin}/`)).status).toBe(500);
    expect((await browser.get(`${forum.origin}/emulator/users`)).status).toBe(200);
    expect((await browser.get(`${forum.origin}/admin/faults`)).status).toBe(200);
    forum.faults.set([]);
    expect((await browser.get(`${forum.origin}/`)).status).toBe(200);
  });

  test('afterwards: the work is done, and its answer lost', async () => {
    const forum = await start();
    const sync = (id: string) =>
      callApi(forum, 'POST', '/admin/users/sync_sso', {
        form: syncForm({ external_id: id, email: `u${id}@example.com` }),
        signal: AbortSignal.timeout(150),
      });
    forum.faults.set([{ pathPrefix: '/admin', errorRate: 1, afterwards: true }]);
    const failed = await sync('1');
    expect([failed.status, failed.headers.get('content-type')]).toEqual([500, 'text/html; charset=utf-8']);
    expect(failed.text).not.toContain('u1');
    forum.faults.set([{ pathPrefix: '/admin', resetRate: 1, afterwards: true }]);
    await expect(sync('2')).rejects.toThrow('fetch failed');
    forum.faults.set([{ pathPrefix: '/admin', hangRate: 1, afterwards: true }]);
    await expect(sync('3')).rejects.toThrow(/timeout|aborted/);
    expect(forum.users().map((user) => user.externalId)).toEqual(['1', '2', '3']);
  });

  test('a forum with a hanging request closes at once', async () => {
    const forum = await start({ faults: [{ pathPrefix: '/u', hangRate: 1 }] });
    const hanging = new Browser().get(`${forum.origin}/u`).catch(() => 'gone');
    await new Promise((resolve) => setTimeout(resolve, 30));
    await closeForums();
    expect(await hanging).toBe('gone');
  });

  test('rules that make no sense are refused, whole', async () => {
    const forum = await start();
    const good = { pathPrefix: '/u', latencyMs: 5 };
    forum.faults.set([good]);
    for (const bad of [
      { pathPrefix: 'u' },
      { pathPrefix: '/', latencyMs: -1 },
      { pathPrefix: '/', errorRate: 0.6, hangRate: 0.5 },
      { pathPrefix: '/', resetRate: Number.NaN },
    ]) {
      expect(() => forum.faults.set([good, bad])).toThrow(TypeError);
    }
    expect(forum.faults.rules()).toEqual([good]);
  });

  test('programs in other languages switch them as JSON', async () => {
    const forum = await start();
    const put = (body: unknown, headers = {}) =>
      new Browser().fetch(`${forum.origin}/emulator/faults`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    const { status, text } = await put([{ pathPrefix: '/u', errorRate: 1 }]);
    expect([status, JSON.parse(text)]).toMatchObject([200, [{ pathPrefix: '/u', errorRate: 1 }]]);
    expect((await new Browser().get(`${forum.origin}/u`)).status).toBe(500);
    expect((await put({ pathPrefix: '/u' })).status).toBe(422);
    expect((await put([{ pathPrefix: 'u' }])).status).toBe(422);
    expect((await put([{ pathPrefix: '/u', errorRate: 'often' }])).status).toBe(422);
    expect((await put([], { origin: 'https://evil.example' })).status).toBe(403);
    expect((await put([])).status).toBe(200);
    expect((await new Browser().get(`${forum.origin}/u`)).status).toBe(200);
  });
});
