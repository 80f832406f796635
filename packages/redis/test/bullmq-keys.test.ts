import { randomUUID } from 'node:crypto';

import { createForumSso, type ForumSsoEvent, isForumSsoError } from '@forum-sso/core';
import { findRedis, freePort, testKeys } from '@forum-sso/testkit';
import { afterAll, describe, expect, test } from '@jest/globals';
import { createClient } from 'redis';

import { bullmqQueue } from '../src/bullmq-queue.js';
import { sweepKeys } from './clients.js';

const redis = await findRedis();
const url = redis?.url ?? '';
const prefix = `forum-sso-test-${randomUUID().slice(0, 8)}`;

afterAll(async () => {
  if (redis !== null) await sweepKeys(url, prefix);
  await redis?.stop();
});

function siteAt(at: string, work: boolean, events: ForumSsoEvent[] = []) {
  return createForumSso({
    baseUrl: 'https://site.example.com/sso',
    keys: testKeys,
    connectors: [
      {
        kind: 'test',
        name: 'forum',
        setUp: () => ({
          routes: [],
          push: async () => {
            throw new Error('the address alice@example.com is broken');
          },
        }),
      },
    ],
    queue: bullmqQueue({
      connection: { url: at, retryStrategy: () => 200 },
      prefix,
      work,
      retry: { attempts: 1 },
    }),
    findUser: async (id) => ({ id, email: 'alice@example.com', emailVerified: true, name: 'Alice' }),
    events: (event) => events.push(event),
  });
}

(redis === null ? describe.skip : describe)('what is in Redis', () => {
  test('has the prefix, and nothing of a person: not while it waits, nor when it is dead', async () => {
    const client = await createClient({ url }).connect();
    const all = async (): Promise<string> => {
      let text = '';
      for await (const keys of client.scanIterator({ MATCH: '*', COUNT: 1_000 })) {
        for (const key of keys) {
          if (!key.includes(prefix)) continue;
          expect(key.startsWith(`${prefix}:`)).toBe(true);
          const type = await client.type(key);
          text += `${key} ${JSON.stringify(
            type === 'hash'
              ? await client.hGetAll(key)
              : type === 'list'
                ? await client.lRange(key, 0, -1)
                : type === 'zset'
                  ? await client.zRange(key, 0, -1)
                  : type === 'stream'
                    ? await client.xRange(key, '-', '+')
                    : await client.get(key),
          )}\n`;
        }
      }
      return text;
    };
    const web = siteAt(url, false);
    await web.push('person-17');
    const waiting = await all();
    expect(waiting).toContain('sealed');
    const worker = siteAt(url, true);
    for (let i = 0; (await worker.queue.deadLetters()).length === 0; i++) {
      if (i > 200) throw new Error('not dead');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const dead = await all();
    expect(dead).toContain('ERR_INTERNAL');
    for (const text of [waiting, dead]) {
      for (const hidden of ['person-17', 'alice', 'Alice']) expect(text).not.toContain(hidden);
    }
    expect(await worker.queue.deadLetters()).toMatchObject([{ siteUserId: 'person-17', attempts: 1 }]);
    await Promise.all([web.close(), worker.close()]);
    client.destroy();
  });

  test('that was edited becomes a dead letter', async () => {
    const web = siteAt(url, false);
    await web.push('person-18');
    const client = await createClient({ url }).connect();
    for await (const keys of client.scanIterator({ MATCH: `${prefix}:push-forum:*`, COUNT: 1_000 })) {
      for (const key of keys) {
        if (!/:\d+$/.test(key) || (await client.type(key)) !== 'hash') continue;
        if ((await client.hExists(key, 'finishedOn')) === 1) continue;
        await client.hSet(key, 'data', '{"connector":"forum","siteUserId":"person-1","kind":"remove"}');
      }
    }
    const worker = siteAt(url, true);
    let letters = await worker.queue.deadLetters();
    for (let i = 0; !letters.some(({ siteUserId }) => siteUserId === null); i++) {
      if (i > 200) throw new Error('not dead');
      await new Promise((resolve) => setTimeout(resolve, 20));
      letters = await worker.queue.deadLetters();
    }
    expect(letters[0]).toMatchObject({ code: 'ERR_PUSH_JOB_UNREADABLE', kind: null });
    await Promise.all([web.close(), worker.close()]);
    client.destroy();
  });
});

describe('bullmqQueue', () => {
  test('says what is wrong with its options', () => {
    const attempt = (options: unknown): unknown => {
      try {
        return Reflect.apply(bullmqQueue, undefined, [options]);
      } catch (error) {
        return isForumSsoError(error) ? error.problems.join('\n') : error;
      }
    };
    expect(attempt({})).toMatch(/^connection: /);
    expect(attempt({ connection: { url }, prefix: 'a:' })).toMatch(/^prefix: /);
    expect(attempt({ connection: { url }, prefix: 'a b' })).toMatch(/^prefix: /);
    expect(attempt({ connection: { url }, concurrency: 0 })).toMatch(/^concurrency: /);
  });

  test('without a Redis the site starts, and a push is refused in time', async () => {
    const events: ForumSsoEvent[] = [];
    const sso = siteAt(`redis://127.0.0.1:${await freePort()}`, true, events);
    const start = performance.now();
    await expect(sso.push('1')).rejects.toMatchObject({ code: 'ERR_PUSH_QUEUE_UNAVAILABLE' });
    expect(performance.now() - start).toBeLessThan(8_000);
    expect(events).toContainEqual(expect.objectContaining({ type: 'push.stalled', connector: 'forum' }));
    await sso.close(0);
  }, 30_000);
});
