import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  findProgram,
  findRedis,
  freePort,
  LimitedForum,
  startTypeScript,
  type TypeScriptProcess,
} from '@forum-sso/testkit';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';

import { sweepKeys } from './clients.js';

const redis = await findRedis();
const url = redis?.url ?? '';
const root = `forum-sso-test-${randomUUID().slice(0, 8)}`;
const worker = new URL('./push-worker.ts', import.meta.url);
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(async () => {
  if (redis !== null) await sweepKeys(url, root);
  await redis?.stop();
});

async function startWorkers(
  number: number,
  options: { url?: string; prefix: string; forum: LimitedForum; calls: number; seconds: number },
): Promise<TypeScriptProcess[]> {
  const workers: TypeScriptProcess[] = [];
  for (let i = 0; i < number; i++) {
    const { prefix, forum, calls, seconds } = options;
    const started = startTypeScript(worker, [
      ...[options.url ?? url, prefix, forum.url, String(calls), String(seconds), '1'],
    ]);
    closing.push(() => started.stop());
    workers.push(started);
  }
  for (const each of workers) expect(await each.next()).toBe('ready');
  return workers;
}

async function forumWith(calls: number, seconds: number): Promise<LimitedForum> {
  const forum = await LimitedForum.start(calls, seconds);
  closing.push(() => forum.stop());
  return forum;
}

async function nameAll(at: string, prefix: string, ids: readonly string[], name: string): Promise<void> {
  const client = new Redis(at);
  await Promise.all(ids.map((id) => client.set(`${prefix}:name:${id}`, name, 'EX', 600)));
  client.disconnect();
}

async function until(what: string, isSo: () => boolean, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1_000;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`Still not so: ${what}`);
    await sleep(20);
  }
}

/** A Redis that keeps its files and its port over a restart. */
async function startOwnRedis(settings: readonly string[], at: string): Promise<{ stop(): Promise<void> }> {
  const child = spawn('redis-server', ['--bind', '127.0.0.1', '--save', '', ...settings], {
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const client = new Redis(at, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => {});
  await client.ping();
  client.disconnect();
  return {
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const idsOf = (number: number): string[] => Array.from({ length: number }, (_, i) => `u${i}`);

(redis === null ? describe.skip : describe)('several processes', () => {
  test('four workers use more than 95 % of a limit and are never refused', async () => {
    // 40 in 20 seconds: the spacing of 120 a minute. The shorter it is, the more a busy machine's lateness weighs.
    const limit = { calls: 40, seconds: 20 };
    const forum = await forumWith(limit.calls, limit.seconds);
    forum.duration = 100;
    const prefix = `${root}-pace`;
    const workers = await startWorkers(4, { prefix, forum, ...limit });
    const warm = Array.from({ length: 8 }, (_, i) => `warm${i}`);
    const ids = idsOf(60);
    await nameAll(url, prefix, [...warm, ...ids], 'x');
    const pushAll = (these: readonly string[]): void => {
      for (const [i, each] of workers.entries())
        each.send(JSON.stringify(these.filter((_, place) => place % 4 === i)));
    };
    pushAll(warm);
    await until('each has connected', () => forum.names.size === warm.length, 30);
    // The first calls of a process are late, and so seem to be close to those that come one window after them.
    forum.accepted.length = 0;
    pushAll(ids);
    await until('all are there', () => forum.names.size === warm.length + ids.length, 80);
    expect(forum.refused).toBe(0);
    expect(forum.used).toBeGreaterThan(0.95);
    expect(forum.used).toBeLessThanOrEqual(1);
    expect([...forum.times.values()].every((times) => times === 1)).toBe(true);
  }, 90_000);

  test('Retry-After is obeyed by all of them', async () => {
    const limit = { calls: 1_000, seconds: 10 };
    const forum = await forumWith(limit.calls, limit.seconds);
    const prefix = `${root}-429`;
    const workers = await startWorkers(4, { prefix, forum, ...limit });
    const ids = idsOf(300);
    await nameAll(url, prefix, ids, 'x');
    for (const [i, each] of workers.entries())
      each.send(JSON.stringify(ids.filter((_, place) => place % 4 === i)));
    await until('it has begun', () => forum.names.size > 20, 20);
    forum.closedUntil = performance.now() + 4_000;
    await until('the time is over', () => performance.now() > forum.closedUntil, 10);
    const [first = 0] = forum.disobeyed;
    expect(first).toBeGreaterThan(0);
    // What was under way when the first of them was told so, on a busy machine; then silence.
    expect(forum.disobeyed.filter((at) => at > first + 2_000)).toEqual([]);
    await until('all are there', () => forum.names.size === ids.length, 30);
  }, 90_000);

  test('a worker that is killed loses nothing', async () => {
    const limit = { calls: 300, seconds: 10 };
    const forum = await forumWith(limit.calls, limit.seconds);
    forum.duration = 150;
    const prefix = `${root}-kill`;
    const [first, second, third] = await startWorkers(3, { prefix, forum, ...limit });
    const ids = idsOf(120);
    await nameAll(url, prefix, ids, 'old');
    first?.send(JSON.stringify(ids));
    expect(await first?.next()).toBe('queued');
    for (const [count, victim] of [
      [20, second],
      [50, first],
    ] as const) {
      await until(`${count} are there`, () => forum.names.size >= count, 30);
      // SIGKILL: it can say no goodbye.
      await victim?.stop();
    }
    await nameAll(url, prefix, ids, 'new');
    third?.send(JSON.stringify(ids));
    expect(await third?.next()).toBe('queued');
    await until('all are there, and new', () => ids.every((id) => forum.names.get(id) === 'new'), 60);
    // Each once or twice by right; what was under way when its worker was killed once more.
    const total = [...forum.times.values()].reduce((sum, times) => sum + times, 0);
    expect(total).toBeLessThanOrEqual(2 * ids.length + 2 * 8);
    expect(forum.refused).toBe(0);
  }, 120_000);

  test('two processes that update one person in quick succession end with the newer', async () => {
    const limit = { calls: 1_000, seconds: 5 };
    const forum = await forumWith(limit.calls, limit.seconds);
    forum.duration = 30;
    const prefix = `${root}-order`;
    const workers = await startWorkers(2, { prefix, forum, ...limit });
    const ids = idsOf(20);
    for (let version = 1; version <= 6; version++) {
      await nameAll(url, prefix, ids, `version ${version}`);
      const each = workers[version % 2];
      each?.send(JSON.stringify(ids));
      expect(await each?.next()).toBe('queued');
    }
    await until('all have the newest', () => ids.every((id) => forum.names.get(id) === 'version 6'), 30);
    await sleep(500);
    expect(new Set(forum.names.values())).toEqual(new Set(['version 6']));
  }, 60_000);
});

(findProgram('redis-server') === null ? describe.skip : describe)('an own Redis', () => {
  test('that is restarted in the middle loses nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'forum-sso-aof-'));
    closing.push(() => rm(folder, { recursive: true, force: true }));
    const port = await freePort();
    const settings = [
      '--dir',
      folder,
      '--port',
      String(port),
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
    ];
    const at = `redis://127.0.0.1:${port}`;
    let own = await startOwnRedis(settings, at);
    closing.push(() => own.stop());
    const limit = { calls: 200, seconds: 10 };
    const forum = await forumWith(limit.calls, limit.seconds);
    const workers = await startWorkers(2, { url: at, prefix: 'aof', forum, ...limit });
    const ids = idsOf(100);
    await nameAll(at, 'aof', ids, 'x');
    workers[0]?.send(JSON.stringify(ids));
    expect(await workers[0]?.next()).toBe('queued');
    await until('it has begun', () => forum.names.size >= 20, 20);
    await own.stop();
    await sleep(300);
    own = await startOwnRedis(settings, at);
    await until('all are there', () => forum.names.size === ids.length, 60);
    const twice = [...forum.times.values()].filter((times) => times > 1).length;
    expect(twice).toBeLessThanOrEqual(2 * 8);
  }, 120_000);
});
