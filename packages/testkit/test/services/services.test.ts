import { afterEach, expect, jest, test } from '@jest/globals';

import { probe } from '../../src/services/child-server.js';
import { findPostgres, startPostgres } from '../../src/services/postgres.js';
import { findRedis, startRedis } from '../../src/services/redis.js';

const { PATH, REDIS_URL, DATABASE_URL } = process.env;

afterEach(() => {
  jest.restoreAllMocks();
  for (const [name, value] of Object.entries({ PATH, REDIS_URL, DATABASE_URL })) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

const silent = 'redis://127.0.0.1:1';

test('a Redis of our own answers, and is gone when it is stopped', async () => {
  process.env.REDIS_URL = silent;
  const redis = await findRedis();
  if (redis === null) return;
  expect(redis.owned).toBe(true);
  const { port } = new URL(redis.url);
  expect(await probe('127.0.0.1', Number(port), Buffer.from('PING\r\n'))).toBe('+PONG\r\n');
  await redis.stop();
  expect(await probe('127.0.0.1', Number(port), Buffer.from('PING\r\n'))).toBeNull();
});

test('a Redis that cannot start says why', async () => {
  const started = startRedis(['--maxmemory-policy', 'no-such-policy']);
  const outcome = await started.then(
    (service) => (service === null ? 'no redis-server here' : 'started'),
    (error: unknown) => String(error),
  );
  expect(outcome).toMatch(/no-such-policy|no redis-server here/);
});

test('a PostgreSQL of our own answers, and is gone when it is stopped', async () => {
  const postgres = await startPostgres();
  if (postgres === null) return;
  process.env.DATABASE_URL = postgres.url;
  expect(await findPostgres()).toMatchObject({ url: postgres.url, owned: false });
  await postgres.stop();
  expect(await probe('127.0.0.1', Number(new URL(postgres.url).port), Uint8Array.of(1))).toBeNull();
}, 60_000);

test('where there is neither a server nor a program, the console says what is skipped', async () => {
  const said = jest.spyOn(console, 'error').mockImplementation(() => {});
  Object.assign(process.env, { PATH: '', REDIS_URL: silent, DATABASE_URL: 'postgres://127.0.0.1:1/test' });
  expect(await findRedis()).toBeNull();
  expect(await findPostgres()).toBeNull();
  expect(said.mock.calls.flat().join('\n')).toMatch(/SKIPPED.*Redis.*\nSKIPPED.*PostgreSQL/);
});
