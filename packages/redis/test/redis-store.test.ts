import { randomUUID } from 'node:crypto';

import { isForumSsoError } from '@forum-sso/core';
import { describeStore, findRedis, storeCases } from '@forum-sso/testkit';
import { afterAll, describe, expect, test } from '@jest/globals';
import { createClient } from 'redis';

import { redisStore } from '../src/index.js';
import { type ClientKind, clients, type OpenClient, sweepKeys } from './clients.js';

const redis = await findRedis();
const url = redis?.url ?? '';
const prefix = `forum-sso-test:${randomUUID()}:`;
const open: OpenClient[] = [];

afterAll(async () => {
  await Promise.all(open.map((client) => client.close()));
  if (redis !== null) await sweepKeys(url, prefix);
  await redis?.stop();
});

async function connect(kind: ClientKind) {
  const client = await clients[kind](url);
  open.push(client);
  return client.client;
}

(redis === null ? describe.skip : describe)('redisStore', () => {
  for (const kind of ['redis', 'ioredis'] as const) {
    describeStore(
      `with a client of ${kind}`,
      async () => redisStore({ client: await connect(kind), prefix: `${prefix}${kind}:` }),
      { without: ['links', 'profiles', 'numbers', 'jobs', 'people'] },
    );
  }

  test('clients of every kind see the same values', async () => {
    const stores = [];
    for (const kind of ['redis', 'redis pool', 'ioredis', 'redis 4', 'ioredis 5'] as const) {
      stores.push(redisStore({ client: await connect(kind), prefix }));
    }
    for (const [i, store] of stores.entries()) {
      expect(await store.oneTime.claim('shared', 60)).toBe(i === 0);
      expect(await store.locks.acquire('shared', `owner${i}`, 60)).toBe(i === 0);
      expect(await store.revocations.join('shared', `e${i}`, 60)).toBe('e0');
      expect(await store.revocations.isLive('shared', 'e0', 'sid')).toBe(true);
    }
    await stores[2]?.locks.release('shared', 'owner0');
    expect(await stores[1]?.locks.acquire('shared', 'owner1', 60)).toBe(true);
  });

  test('sites with other prefixes see nothing of it', async () => {
    const client = await connect('redis');
    for (const site of ['a:', 'b:']) {
      const store = redisStore({ client, prefix: prefix + site });
      expect(await store.oneTime.claim('nonce', 60)).toBe(true);
    }
  });

  test('every key has its life as its end, in Redis itself', async () => {
    const own = `${prefix}keys:`;
    const { oneTime, revocations, locks } = redisStore({ client: await connect('ioredis'), prefix: own });
    await oneTime.claim('n', 100);
    await oneTime.claim('n', 900);
    await revocations.join('u', 'e1', 900);
    await revocations.join('u', 'e2', 200);
    await revocations.endOne('s', 300);
    await locks.acquire('l', 'one', 400);
    await locks.acquire('l', 'two', 900);
    const keys = await sweepKeys(url, own);
    const lives = [...keys].map(([key, life]) => [key, Math.ceil(life / 1_000)]).sort();
    expect(lives).toEqual([
      ['ended:s', 300],
      ['epoch:u', 200],
      ['lock:l', 400],
      ['once:n', 100],
    ]);
  });

  test('a store whose claim reads first and writes then fails the suite on a real Redis', async () => {
    const race = storeCases.oneTime.find(({ name }) => name.includes('1,000 keys'));
    const outcome = race?.run(async () => {
      const client = createClient({ url });
      await client.connect();
      open.push({ client, close: async () => client.destroy() });
      return {
        ...redisStore({ client, prefix }),
        oneTime: {
          async claim(key, lifeSeconds) {
            const name = `${prefix}careless:${key}`;
            if ((await client.get(name)) !== null) return false;
            await client.set(name, '1', { EX: lifeSeconds });
            return true;
          },
        },
      };
    });
    await expect(outcome).rejects.toThrow(/keys taken more than once/);
  });

  test('a life or key that cannot be is refused', async () => {
    const { oneTime, revocations, locks } = redisStore({ client: await connect('redis'), prefix });
    for (const life of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER]) {
      await expect(oneTime.claim('life', life)).rejects.toThrow(RangeError);
      await expect(revocations.join('life', 'e1', life)).rejects.toThrow(RangeError);
      await expect(revocations.endOne('life', life)).rejects.toThrow(RangeError);
      await expect(locks.acquire('life', 'one', life)).rejects.toThrow(RangeError);
    }
    const key = 'x'.repeat(513);
    await expect(oneTime.claim(key, 60)).rejects.toThrow(RangeError);
    await expect(revocations.isLive('user', 'e1', key)).rejects.toThrow(RangeError);
    await expect(revocations.join(key, 'e1', 60)).rejects.toThrow(RangeError);
    await expect(locks.acquire(key, 'one', 60)).rejects.toThrow(RangeError);
    // Ill-formed text at least never gives anything twice.
    expect(await oneTime.claim('half \ud83d', 60)).toBe(true);
    expect(await oneTime.claim('half \ud83d', 60)).toBe(false);
    expect(await oneTime.claim('life', 60)).toBe(true);
    expect(await locks.acquire('life', 'one', 60)).toBe(true);
  });

  test('an error of Redis is an error, not a "no"', async () => {
    const client = createClient({ url });
    await client.connect();
    open.push({ client, close: async () => client.destroy() });
    await client.hSet(`${prefix}epoch:odd`, 'a', 'b');
    const { revocations } = redisStore({ client, prefix });
    await expect(revocations.isLive('odd', 'e1', 'sid')).rejects.toThrow('WRONGTYPE');
    await expect(revocations.join('odd', 'e1', 60)).rejects.toThrow('WRONGTYPE');
  });
});

describe('redisStore without a server', () => {
  test('says what is wrong with its options', () => {
    const attempt = (options: unknown): unknown => {
      try {
        return Reflect.apply(redisStore, undefined, [options]);
      } catch (error) {
        return isForumSsoError(error) ? error.problems.join('\n') : error;
      }
    };
    for (const client of [undefined, null, 'redis://127.0.0.1', {}, { get: () => {} }]) {
      expect(attempt({ client })).toMatch(/^client: must be a client/);
    }
    const fake = Object.fromEntries(['set', 'get', 'exists', 'del', 'eval'].map((name) => [name, () => {}]));
    expect(attempt({ client: fake, prefix: 'x'.repeat(65) })).toMatch(/^prefix: /);
    expect(attempt({ client: {}, prefix: 5 })).toMatch(/^client: .*\nprefix: /);
  });

  test('takes no reply for a yes or a no that is neither', async () => {
    const answering = (reply: unknown) => {
      const answer = async () => reply;
      return redisStore({ client: { set: answer, get: answer, exists: answer, del: answer, eval: answer } });
    };
    for (const reply of [undefined, 'QUEUED', 0, false, Buffer.from('OK')]) {
      await expect(answering(reply).oneTime.claim('a', 1)).rejects.toThrow('not expected');
    }
    for (const reply of [undefined, null, 1, Buffer.from('e1')]) {
      await expect(answering(reply).revocations.join('a', 'e1', 1)).rejects.toThrow('not expected');
    }
    for (const reply of [undefined, 5, Buffer.from('e1')]) {
      await expect(answering(reply).revocations.isLive('a', 'e1', 's')).rejects.toThrow('not expected');
    }
    for (const reply of [undefined, null, 'OK', 2]) {
      await expect(answering(reply).locks.acquire('a', 'one', 1)).rejects.toThrow('not expected');
    }
  });
});
