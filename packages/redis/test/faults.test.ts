import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ForumSsoStore } from '@forum-sso/core';
import { findRedis, startRedis, startTcpProxy, type TcpProxy } from '@forum-sso/testkit';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { guardStore } from '../../core/src/store/guarded-store.js';
import { redisStore } from '../src/index.js';
import { clients, type OpenClient, sweepKeys } from './clients.js';

const redis = await findRedis();
const url = redis?.url ?? 'redis://127.0.0.1:6379';
const prefix = `forum-sso-test:${randomUUID()}:`;

afterAll(async () => {
  if (redis !== null) await sweepKeys(url, prefix);
  await redis?.stop();
});

/** Claims until the store answers again. */
async function untilHealed(store: ForumSsoStore): Promise<void> {
  for (const end = Date.now() + 10_000; ; await sleep(20)) {
    try {
      if (await store.oneTime.claim(randomUUID(), 60)) return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

(redis === null ? describe.skip : describe).each(['redis', 'ioredis'] as const)(
  'with a client of %s',
  (kind) => {
    let proxy: TcpProxy;
    let open: OpenClient;
    let store: ForumSsoStore;

    beforeEach(async () => {
      const { hostname, port } = new URL(url);
      proxy = await startTcpProxy({ host: hostname, port: Number(port) });
      open = await clients[kind](proxy.urlFor(url));
      store = guardStore(redisStore({ client: open.client, prefix }));
    });

    afterEach(async () => {
      await open.close();
      await proxy.close();
    });

    test('a Redis that is gone is an error at once, and heals by itself', async () => {
      expect(await store.oneTime.claim(`${kind}-before`, 60)).toBe(true);
      await store.revocations.join(`${kind}-user`, 'e1', 60);
      proxy.cut();
      await sleep(50);
      const start = performance.now();
      for (const call of [
        () => store.oneTime.claim(`${kind}-new`, 60),
        () => store.oneTime.claim(`${kind}-before`, 60),
        () => store.revocations.isLive(`${kind}-user`, 'e1', 'sid'),
        () => store.revocations.join(`${kind}-user`, 'e2', 60),
        () => store.revocations.endAll(`${kind}-user`),
        () => store.locks?.acquire(`${kind}-lock`, 'one', 60) ?? Promise.resolve(true),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
      }
      // Six that waited for their time to be over would take twelve seconds.
      expect(performance.now() - start).toBeLessThan(6_000);
      proxy.heal();
      await untilHealed(store);
      expect(await store.oneTime.claim(`${kind}-before`, 60)).toBe(false);
      expect(await store.oneTime.claim(`${kind}-new`, 60)).toBe(true);
      expect(await store.revocations.isLive(`${kind}-user`, 'e1', 'sid')).toBe(true);
    });

    test('a Redis that is silent is an error after two seconds, and heals by itself', async () => {
      proxy.stall();
      const start = performance.now();
      const claims = Promise.allSettled(
        Array.from({ length: 20 }, (_, i) => store.oneTime.claim(`${kind}-silent-${i}`, 60)),
      );
      for (const outcome of await claims) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_STORE_UNAVAILABLE' } });
      }
      const took = performance.now() - start;
      expect(took).toBeGreaterThan(1_900);
      expect(took).toBeLessThan(3_900);
      proxy.heal();
      await untilHealed(store);
      // What was on its way arrived late: it counts as used, and nobody was let in with it.
      expect(await store.oneTime.claim(`${kind}-silent-0`, 60)).toBe(false);
    });

    test('under breaks in the middle of everything no value is taken twice', async () => {
      const second = await clients[kind](proxy.urlFor(url));
      const stores = [store, guardStore(redisStore({ client: second.client, prefix }))];
      const won = new Map<string, number>();
      let refused = 0;
      let breaking = true;
      const work = stores.map(async (each) => {
        for (let i = 0; breaking || i % 50 !== 0; i++) {
          await Promise.all(
            Array.from({ length: 10 }, async (_, j) => {
              const key = `${kind}-break-${i}-${j}`;
              try {
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
        await sleep(60);
        proxy.cut();
        await sleep(30);
        proxy.heal();
        await Promise.all(stores.map(untilHealed));
      }
      breaking = false;
      await Promise.all(work);
      await second.close();
      expect(refused).toBeGreaterThan(0);
      expect(won.size).toBeGreaterThan(0);
      expect([...won.values()].filter((times) => times > 1)).toEqual([]);
    });

    test('a session is judged in one round trip', async () => {
      await store.revocations.join(`${kind}-trip`, 'e1', 60);
      proxy.delay(700);
      const start = performance.now();
      expect(await store.revocations.isLive(`${kind}-trip`, 'e1', 'sid')).toBe(true);
      expect(performance.now() - start).toBeLessThan(2_700);
    });
  },
);

test('a Redis that lost everything signs everybody out', async () => {
  const own = await startRedis();
  if (own === null) return;
  const { client, close } = await clients.redis(own.url);
  const store = redisStore({ client });
  await store.revocations.join('user', 'e1', 60);
  expect(await store.revocations.isLive('user', 'e1', 'sid')).toBe(true);
  await client.eval("return redis.call('FLUSHALL')", { keys: [], arguments: [] });
  expect(await store.revocations.isLive('user', 'e1', 'sid')).toBe(false);
  expect(await store.revocations.join('user', 'e2', 60)).toBe('e2');
  await close();
  await own.stop();
});
