import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ForumSsoStore } from '@forum-sso/core';
import { findPostgres, startTcpProxy, type TcpProxy } from '@forum-sso/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';

import { guardStore } from '../../core/src/store/guarded-store.js';
import { type OpenSqlStore, postgresStore } from '../src/index.js';
import { makeSchema, type TestSchema } from './databases.js';

const postgres = await findPostgres();
const url = postgres?.url ?? 'postgres://127.0.0.1:5432';
const unavailable = { code: 'ERR_STORE_UNAVAILABLE' };

(postgres === null ? describe.skip : describe)('a PostgreSQL with faults', () => {
  let schema: TestSchema;
  let proxy: TcpProxy;
  let opened: OpenSqlStore;
  let store: ForumSsoStore;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    schema = await makeSchema(url);
  });

  beforeEach(async () => {
    const { hostname, port } = new URL(url);
    proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    opened = await postgresStore({ url: proxy.urlFor(url), schema: schema.name });
    store = guardStore(opened);
  });

  afterEach(async () => {
    proxy.heal();
    await Promise.all(closing.splice(0).map((close) => close()));
    await opened.close();
    await proxy.close();
  });

  afterAll(async () => {
    await schema.drop();
    await postgres?.stop();
  });

  /** Claims until the store answers again. */
  async function untilHealed(): Promise<void> {
    const start = performance.now();
    for (;;) {
      try {
        if (await store.oneTime.claim(randomUUID(), 60)) return;
      } catch (error) {
        if (performance.now() - start > 10_000) throw error;
      }
      await sleep(20);
    }
  }

  test('gone: an error at once, and it heals by itself', async () => {
    expect(await store.oneTime.claim('before', 60)).toBe(true);
    await store.revocations.join('user', 'e1', 60);
    proxy.cut();
    await sleep(50);
    const start = performance.now();
    for (const call of [
      () => store.oneTime.claim('new', 60),
      () => store.oneTime.claim('before', 60),
      () => store.revocations.isLive('user', 'e1', 'sid'),
      () => store.revocations.join('user', 'e2', 60),
      () => store.revocations.endAll('user'),
      () =>
        opened.links.link('forum', '1', 'anna').catch((cause) => Promise.reject({ ...unavailable, cause })),
    ]) {
      await expect(call()).rejects.toMatchObject(unavailable);
    }
    // Six that waited for their time to be over would take twelve seconds.
    expect(performance.now() - start).toBeLessThan(6_000);
    proxy.heal();
    await untilHealed();
    expect(await store.oneTime.claim('before', 60)).toBe(false);
    expect(await store.oneTime.claim('new', 60)).toBe(true);
    expect(await store.revocations.isLive('user', 'e1', 'sid')).toBe(true);
    expect(await opened.links.findBySiteUser('forum', 'anna')).toBeNull();
  });

  test('gone in the middle of statements: each is an error, and no value is taken twice', async () => {
    const second = await postgresStore({ url: proxy.urlFor(url), schema: schema.name });
    closing.push(second.close);
    const stores = [store, guardStore(second)];
    const won = new Map<string, number>();
    let refused = 0;
    let breaking = true;
    const work = stores.map(async (each) => {
      for (let i = 0; breaking || i % 20 !== 0; i++) {
        await Promise.all(
          Array.from({ length: 8 }, async (_, j) => {
            try {
              const key = `break-${i}-${j}`;
              if (await each.oneTime.claim(key, 60)) won.set(key, (won.get(key) ?? 0) + 1);
            } catch {
              refused++;
            }
          }),
        );
        await sleep(1);
      }
    });
    // On a busy machine a break may meet nobody: then there is another one.
    for (let round = 0; round < 5 || (refused === 0 && round < 50); round++) {
      await sleep(100);
      proxy.cut();
      await sleep(30);
      proxy.heal();
      await untilHealed();
    }
    breaking = false;
    await Promise.all(work);
    expect(refused).toBeGreaterThan(0);
    expect(won.size).toBeGreaterThan(0);
    expect([...won.values()].filter((times) => times > 1)).toEqual([]);
  });

  test('silent: an error after two seconds, and it heals by itself, with no connection lost to the silence', async () => {
    await Promise.all(Array.from({ length: 10 }, (_, i) => store.oneTime.claim(`warm-${i}`, 60)));
    proxy.stall();
    const start = performance.now();
    // More than there are connections.
    const claims = await Promise.allSettled(
      Array.from({ length: 25 }, (_, i) => store.oneTime.claim(`silent-${i}`, 60)),
    );
    const took = performance.now() - start;
    for (const claim of claims) expect(claim).toMatchObject({ status: 'rejected', reason: unavailable });
    expect(took).toBeGreaterThan(1_900);
    expect(took).toBeLessThan(3_900);
    // Still silent: those who come later wait no longer than the first.
    const again = performance.now();
    await expect(store.oneTime.claim('later', 60)).rejects.toMatchObject(unavailable);
    expect(performance.now() - again).toBeLessThan(3_900);
    proxy.heal();
    await untilHealed();
    const healed = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.oneTime.claim(`healed-${i}`, 60)),
    );
    expect(healed.every(Boolean)).toBe(true);
  }, 20_000);

  test('slow, but within its time: no error', async () => {
    proxy.delay(100);
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.oneTime.claim(`slow-${i}`, 60)),
    );
    expect(claims.every(Boolean)).toBe(true);
  });

  test("a pool of the site's own survives the same, and stays open", async () => {
    const pool = new pg.Pool({ connectionString: proxy.urlFor(url), max: 3, connectionTimeoutMillis: 1_000 });
    closing.push(() => pool.end());
    const own = await postgresStore({ pool, schema: schema.name });
    expect(await own.oneTime.claim('own', 60)).toBe(true);
    const broken = Promise.allSettled(Array.from({ length: 9 }, (_, i) => own.oneTime.claim(`own-${i}`, 60)));
    proxy.cut();
    await broken;
    await sleep(100);
    proxy.heal();
    expect(await own.oneTime.claim('own', 60)).toBe(false);
    proxy.stall();
    const silent = await Promise.allSettled(['a', 'b', 'c', 'd'].map((key) => own.oneTime.claim(key, 60)));
    expect(silent.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    await sleep(100);
    proxy.heal();
    expect(await own.oneTime.claim('own', 60)).toBe(false);
    await own.close();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  }, 20_000);

  test('at the start it is an error that says so', async () => {
    proxy.cut();
    await expect(postgresStore({ url: proxy.urlFor(url), schema: schema.name })).rejects.toMatchObject({
      ...unavailable,
      detail: expect.stringContaining('Is the database there'),
    });
  });
});
