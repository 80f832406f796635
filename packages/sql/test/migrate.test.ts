import { isForumSsoError } from '@forum-sso/core';
import { findPostgres } from '@forum-sso/testkit';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  DummyDriver,
  Kysely,
  MysqlAdapter,
  MysqlQueryCompiler,
  PostgresDialect,
  SqliteDialect,
  sql,
} from 'kysely';
import Database from 'libsql';
import pg from 'pg';

import { migrateToLatest, sqlStore } from '../src/index.js';
import { makeFolder, makeSchema, type TestSchema } from './databases.js';

const postgres = await findPostgres();
const folder = await makeFolder();
const closing: (() => Promise<unknown>)[] = [];

afterAll(async () => {
  for (const close of closing.reverse()) await close();
  await folder.remove();
  await postgres?.stop();
});

function openSqlite(path: string): Kysely<unknown> {
  const db = new Kysely<unknown>({
    dialect: new SqliteDialect({ database: new Database(path, { timeout: 5_000 }) }),
  });
  closing.push(() => db.destroy());
  return db;
}

function openPostgres(): Kysely<unknown> {
  const pool = new pg.Pool({ connectionString: postgres?.url, max: 1 });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  closing.push(() => db.destroy());
  return db;
}

const kinds = postgres === null ? (['sqlite'] as const) : (['sqlite', 'postgres'] as const);

describe.each(kinds)('migrateToLatest on %s', (kind) => {
  let schema: TestSchema | undefined;
  let path: string;

  beforeEach(async () => {
    path = folder.file();
    if (kind !== 'postgres') return;
    const made = await makeSchema(postgres?.url ?? '');
    closing.push(() => made.drop());
    schema = made;
  });

  const open = (): Kysely<unknown> => (kind === 'sqlite' ? openSqlite(path) : openPostgres());
  const place = () => (schema === undefined ? {} : { schema: schema.name });
  const table = (name: string) => (schema === undefined ? sql.id(name) : sql.id(schema.name, name));

  test('makes the tables once, however often it is called', async () => {
    const db = open();
    expect(await migrateToLatest({ db, ...place() })).toEqual(['0001_tables']);
    const store = sqlStore({ db, ...place() });
    expect(await store.oneTime.claim('kept', 60)).toBe(true);
    expect(await migrateToLatest({ db, ...place() })).toEqual([]);
    expect(await migrateToLatest({ db: open(), ...place() })).toEqual([]);
    expect(await store.oneTime.claim('kept', 60)).toBe(false);
  });

  test('called by several at once, one makes them and the others find them made', async () => {
    // A driver for SQLite blocks the process that it runs in, so there the race is one of processes: see race.test.ts.
    const one = open();
    const results = await Promise.all(
      Array.from({ length: 8 }, () => migrateToLatest({ db: kind === 'sqlite' ? one : open(), ...place() })),
    );
    expect(results.flat()).toEqual(['0001_tables']);
  });

  test('does all or nothing', async () => {
    const db = open();
    await sql`create table ${table('forum_sso_profiles')} (something integer)`.execute(db);
    await expect(migrateToLatest({ db, ...place() })).rejects.toThrow(/forum_sso_profiles/);
    await expect(sql`select 1 from ${table('forum_sso_links')}`.execute(db)).rejects.toThrow(
      /forum_sso_links/,
    );
    await expect(sql`select 1 from ${table('forum_sso_migrations')}`.execute(db)).rejects.toThrow();
    await sql`drop table ${table('forum_sso_profiles')}`.execute(db);
    expect(await migrateToLatest({ db, ...place() })).toEqual(['0001_tables']);
  });

  test('leaves alone what a newer version did', async () => {
    const db = open();
    await migrateToLatest({ db, ...place() });
    const name = '9999_of_the_future';
    await sql`insert into ${table('forum_sso_migrations')} (name, applied_at) values (${name}, 1)`.execute(
      db,
    );
    expect(await migrateToLatest({ db, ...place() })).toEqual([]);
    expect(await sqlStore({ db, ...place() }).oneTime.claim('a', 60)).toBe(true);
  });

  test('sets of tables with other prefixes live side by side', async () => {
    const db = open();
    const [one, two] = [
      { db, ...place(), prefix: 'one_' },
      { db, ...place(), prefix: 'two_' },
    ];
    expect(await migrateToLatest(one)).toEqual(['0001_tables']);
    expect(await migrateToLatest(two)).toEqual(['0001_tables']);
    expect(await sqlStore(one).oneTime.claim('a', 60)).toBe(true);
    expect(await sqlStore(two).oneTime.claim('a', 60)).toBe(true);
    expect(await sqlStore(one).oneTime.claim('a', 60)).toBe(false);
  });

  test('without the tables every call of the store rejects', async () => {
    const { oneTime, revocations, links, profiles, locks } = sqlStore({ db: open(), ...place() });
    for (const call of [
      () => oneTime.claim('a', 60),
      () => revocations.isLive('a', 'e1', 's'),
      () => links.link('forum', '1', 'a'),
      () => profiles.read('forum', '1'),
      () => locks.acquire('a', 'one', 60),
    ]) {
      await expect(call()).rejects.toThrow(/forum_sso_/);
    }
  });
});

describe('the place and the database', () => {
  const db = openSqlite(':memory:');

  function problems(options: Parameters<typeof sqlStore>[0]): string {
    try {
      sqlStore(options);
      return 'none';
    } catch (error) {
      return isForumSsoError(error) ? error.problems.join('\n') : String(error);
    }
  }

  test('names that cannot be used are refused', () => {
    for (const prefix of ['', 'Forum_', '1_', 'a-', 'a b', 'a"', 'x'.repeat(33)]) {
      expect(problems({ db, prefix })).toMatch(/^prefix: /);
    }
    expect(problems({ db, schema: '' })).toMatch(/^schema: /);
    expect(problems({ db, schema: 'x'.repeat(64) })).toMatch(/^schema: /);
    expect(problems({ db, prefix: 'x'.repeat(32) })).toBe('none');
  });

  test('a transaction is no place for what must never be taken back', async () => {
    await db.transaction().execute(async (transaction) => {
      expect(problems({ db: transaction })).toMatch(/^db: must not be a transaction/);
      await expect(migrateToLatest({ db: transaction })).rejects.toMatchObject({
        code: 'ERR_OPTIONS_INVALID',
      });
    });
  });

  test('another database than the two is refused; an unknown dialect of the two can be named', async () => {
    const mysql = new Kysely<unknown>({
      dialect: {
        createAdapter: () => new MysqlAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: () => {
          throw new Error('not used');
        },
        createQueryCompiler: () => new MysqlQueryCompiler(),
      },
    });
    expect(problems({ db: mysql })).toMatch(/SQLite or PostgreSQL.*dialect/);
    expect(problems({ db: mysql, dialect: 'sqlite' })).toBe('none');
  });
});
