import { randomBytes } from 'node:crypto';

import { createForumSso } from '@forum-sso/core';
import { discourse } from '@forum-sso/core/discourse';
import { findProgram, reportMissing, type Service, startRedis, testKeys } from '@forum-sso/testkit';
import { afterEach, describe, expect, test } from '@jest/globals';

import { checkRedis, redisStore } from '../src/index.js';
import { type ClientKind, clients } from './clients.js';

const here = findProgram('redis-server') !== null;
if (!here) reportMissing('a Redis with settings of its own', 'redis-server is not on the path.');

let server: Service | null = null;

afterEach(async () => {
  await server?.stop();
  server = null;
});

async function check(
  settings: readonly string[],
  through: readonly ClientKind[] = ['redis', 'redis pool', 'ioredis'],
): Promise<(string | null)[]> {
  server = await startRedis(settings);
  const answers: (string | null)[] = [];
  for (const kind of through) {
    const { client, close } = await clients[kind](server?.url ?? '');
    answers.push(await checkRedis(client));
    await close();
  }
  return answers;
}

(here ? describe : describe.skip)('checkRedis', () => {
  test('is content with a Redis that drops nothing', async () => {
    expect(await check(['--maxmemory-policy', 'noeviction'])).toEqual([null, null, null]);
  });

  test.each(['allkeys-lru', 'volatile-ttl', 'volatile-random'])(
    'warns of %s, and says why',
    async (policy) => {
      for (const warning of await check(['--maxmemory-policy', policy])) {
        expect(warning).toContain(`maxmemory-policy ${policy}`);
        expect(warning).toContain('twice');
        expect(warning).toContain('noeviction');
      }
    },
  );

  test('is asked at the start of an engine, whose event says what is at stake', async () => {
    for (const [policy, expected] of [
      ['allkeys-lru', [expect.stringContaining('could be used twice')]],
      ['noeviction', []],
    ] as const) {
      server = await startRedis(['--maxmemory-policy', policy]);
      const { client, close } = await clients.redis(server?.url ?? '');
      const store = redisStore({ client });
      let asked: Promise<string | null> = Promise.resolve(null);
      const warnings: unknown[] = [];
      createForumSso({
        baseUrl: 'https://site.example.com/sso',
        keys: testKeys,
        connectors: [
          discourse({ forumUrl: 'https://forum.example.com', secret: randomBytes(16).toString('hex') }),
        ],
        store: {
          ...store,
          warning: () => {
            asked = store.warning();
            return asked;
          },
        },
        events: (event) => event.type === 'setup.warning' && warnings.push(event.detail),
      });
      await asked;
      await new Promise(setImmediate);
      expect(warnings).toEqual(expected);
      await close();
      await server?.stop();
    }
  });

  test('says nothing where it may not look', async () => {
    const forbidden = '--user default on nopass ~* &* +@all -info -config'.split(' ');
    expect(await check(['--maxmemory-policy', 'allkeys-lru', ...forbidden])).toEqual([null, null, null]);
    await server?.stop();
    // ioredis itself does not connect to a server without INFO.
    const missing = ['--rename-command', 'INFO', ''];
    expect(await check(['--maxmemory-policy', 'allkeys-lru', ...missing], ['redis'])).toEqual([null]);
  });

  test('says nothing of a cluster', async () => {
    const unused = async () => null;
    const cluster = { set: unused, get: unused, exists: unused, del: unused, eval: unused };
    expect(await checkRedis(cluster)).toBeNull();
  });

  test('a server that cannot be reached is an error', async () => {
    for (const kind of ['redis', 'ioredis'] as const) {
      server = await startRedis();
      const { client, close } = await clients[kind](server?.url ?? '');
      await server?.stop();
      await expect(checkRedis(client)).rejects.toThrow();
      await close();
    }
  });
});
