import { findPostgres } from '@forum-sso/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';

import { migrateToLatest, postgresStore } from '../src/index.js';
import { makeSchema, type TestSchema } from './databases.js';

const postgres = await findPostgres();
const url = postgres?.url ?? '';
const closing: (() => Promise<unknown>)[] = [];

afterAll(() => postgres?.stop());

test('any number of stores on a pool of the site listen to it once', async () => {
  const pool = new pg.Pool();
  for (let i = 0; i < 20; i++) await (await postgresStore({ pool, migrate: false })).close();
  expect({ connect: pool.listenerCount('connect'), error: pool.listenerCount('error') }).toEqual({
    connect: 1,
    error: 1,
  });
  await pool.end();
});

test('postgresStore wants a URL or a pool, not both and not neither', async () => {
  const pool = new pg.Pool();
  for (const options of [{}, { url, pool }]) {
    await expect(postgresStore(options)).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
      problems: ['url, pool: give one of the two.'],
    });
  }
  await pool.end();
});

(postgres === null ? describe.skip : describe)('postgresStore', () => {
  let schema: TestSchema;

  beforeAll(async () => {
    schema = await makeSchema(url);
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  afterAll(() => schema.drop());

  /** A pool of one connection, so that the test can ask about that very one. */
  function onePool(): pg.Pool {
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    closing.push(() => pool.end());
    return pool;
  }

  test('lets the database plan each statement once, unless it may not', async () => {
    for (const [prepare, expected] of [
      [undefined, 2],
      [false, 0],
    ] as const) {
      const pool = onePool();
      const store = await postgresStore({
        pool,
        schema: schema.name,
        ...(prepare === undefined ? {} : { prepare }),
      });
      await store.links.findBySiteUser('forum', 'anna');
      await store.links.findBySiteUser('forum', 'bert');
      await store.links.findByCommunityUser('forum', '1');
      const { rows } = await pool.query(
        `select name from pg_prepared_statements where name like 'forum_sso_%'`,
      );
      expect(rows).toHaveLength(expected);
    }
  });

  test('does not pile up listeners on a pool of the site', async () => {
    const pool = onePool();
    pool.on('error', () => {});
    const store = await postgresStore({ pool, schema: schema.name });
    for (let i = 0; i < 20; i++) await store.oneTime.claim(`listeners-${i}`, 60);
    expect(pool.listenerCount('error')).toBe(1);
    const client = await pool.connect();
    expect(client.listenerCount('error')).toBe(1);
    client.release();
  });

  test('makes no tables when it is told not to', async () => {
    const own = await makeSchema(url);
    closing.push(() => own.drop());
    const store = await postgresStore({ url, schema: own.name, migrate: false });
    closing.push(store.close);
    await expect(store.oneTime.claim('a', 60)).rejects.toThrow(/forum_sso_one_time_values/);
    expect(await migrateToLatest({ db: kysely(), schema: own.name })).toEqual(['0001_tables']);
    expect(await store.oneTime.claim('a', 60)).toBe(true);
  });

  test('may be closed twice', async () => {
    const store = await postgresStore({ url, schema: schema.name });
    await Promise.all([store.close(), store.close()]);
    await expect(store.oneTime.claim('closed', 60)).rejects.toThrow();
  });

  test('a schema that is not there is an error that names the database', async () => {
    await expect(postgresStore({ url, schema: 'no_such_schema' })).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      cause: { message: expect.stringContaining('no_such_schema') },
    });
  });

  function kysely(): Kysely<unknown> {
    return new Kysely<unknown>({ dialect: new PostgresDialect({ pool: onePool() }) });
  }
});
