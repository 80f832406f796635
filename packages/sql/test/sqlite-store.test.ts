import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { Kysely, SqliteDialect } from 'kysely';
import Database from 'libsql';
import { guardStore } from '../../core/src/store/guarded-store.js';

import { type OpenSqlStore, sqliteStore, sqlStore } from '../src/index.js';
import { makeFolder } from './databases.js';

const folder = await makeFolder();
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => folder.remove());

async function open(path: string): Promise<OpenSqlStore> {
  const store = await sqliteStore({ path });
  closing.push(store.close);
  return store;
}

/** Another program with the same file. */
function otherProgram(path: string): Database.Database {
  const database = new Database(path, { timeout: 100 });
  closing.push(() => database.close());
  return database;
}

describe('sqliteStore', () => {
  test('is shared and durable in a file, and neither in memory', async () => {
    const path = folder.file();
    const store = await open(path);
    expect(store.shared).toBe(true);
    const other = otherProgram(path);
    expect(other.prepare('pragma journal_mode').all()).toEqual([{ journal_mode: 'wal' }]);
    const [one, two] = [await open(':memory:'), await open(':memory:')];
    expect(one.shared).toBe(false);
    expect(await one.oneTime.claim('a', 60)).toBe(true);
    expect(await two.oneTime.claim('a', 60)).toBe(true);
  });

  test('makes files that only their owner can read', async () => {
    const path = folder.file();
    const store = await open(path);
    await store.oneTime.claim('a', 60);
    for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('many that open a new file at once in one process do not keep each other waiting', async () => {
    const path = folder.file();
    const start = performance.now();
    const stores = await Promise.all(Array.from({ length: 8 }, () => open(path)));
    const claims = await Promise.all(stores.map(({ oneTime }) => oneTime.claim('a', 60)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test('can be left without its tables', async () => {
    const store = await sqliteStore({ path: folder.file(), migrate: false });
    closing.push(store.close);
    await expect(store.oneTime.claim('a', 60)).rejects.toThrow(/forum_sso_one_time_values/);
  });

  test('takes the driver from the site', async () => {
    const opened: string[] = [];
    class Watched extends Database {
      constructor(path: string) {
        super(path);
        opened.push(path);
      }
    }
    const path = folder.file();
    const store = await sqliteStore({ path, Database: Watched, prefix: 'mine_' });
    closing.push(store.close);
    expect(opened).toEqual([path]);
    expect(await store.oneTime.claim('a', 60)).toBe(true);
    const rows = otherProgram(path).prepare('select key from mine_one_time_values').all();
    expect(rows).toEqual([{ key: 'a' }]);
  });

  test('what it cannot use is refused by name', async () => {
    for (const path of ['', 'libsql://example.com', 'file:site.db', 'https://example.com/a.db']) {
      await expect(sqliteStore({ path })).rejects.toMatchObject({
        code: 'ERR_OPTIONS_INVALID',
        problems: [expect.stringMatching(/^path: must be the path of a file/)],
      });
    }
    await expect(sqliteStore({ path: join(folder.file(), 'missing', 'a.db') })).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
      problems: [expect.stringMatching(/does its folder exist/)],
    });
    await expect(sqliteStore({ path: folder.file(), prefix: 'X' })).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
    });
    const path = folder.file();
    writeFileSync(path, 'This is a text, not a database. '.repeat(100));
    await expect(sqliteStore({ path })).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  });
});

describe('a file in which another program writes for too long', () => {
  test('is an error in time, and heals without losing what is written afterwards', async () => {
    const path = folder.file();
    const store = await open(path);
    const guarded = guardStore(store);
    await store.revocations.join('user', 'e1', 60);
    const other = otherProgram(path);
    for (let round = 0; round < 2; round++) {
      other.prepare('begin immediate').run();
      const start = performance.now();
      await expect(guarded.oneTime.claim('refused', 60)).rejects.toMatchObject({
        code: 'ERR_STORE_UNAVAILABLE',
      });
      expect(performance.now() - start).toBeLessThan(10_000);
      // Readers are not kept waiting.
      expect(await guarded.revocations.isLive('user', 'e1', 'sid')).toBe(true);
      other.prepare('commit').run();

      expect(await guarded.oneTime.claim(`after-${round}`, 60)).toBe(true);
      // Written for all, not only for this connection.
      const seen = other.prepare('select key from forum_sso_one_time_values order by key').all();
      expect(seen).toEqual(Array.from({ length: round + 1 }, (_, i) => ({ key: `after-${i}` })));
      other.prepare('create table if not exists its_own (a integer)').run();
      other.prepare('insert into its_own values (1)').run();
      expect(other.prepare('pragma wal_checkpoint(truncate)').all()).toMatchObject([{ busy: 0 }]);
    }
    expect(await guarded.oneTime.claim('refused', 60)).toBe(true);
  });

  test('is never the reason for a claim that only looks like one, with the own connection of a site', async () => {
    const path = folder.file();
    await open(path);
    const own = new Database(path, { timeout: 50 });
    const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: own }) });
    closing.push(() => db.destroy());
    const store = sqlStore({ db });
    const other = otherProgram(path);
    other.prepare('begin immediate').run();
    await expect(store.oneTime.claim('refused', 60)).rejects.toThrow(/locked/);
    other.prepare('commit').run();
    const seen: unknown[] = [];
    for (let i = 0; i < 50; i++) {
      const taken = await store.oneTime.claim(`key-${i}`, 60).catch(() => false);
      if (taken) seen.push({ key: `key-${i}` });
      other.prepare('insert into forum_sso_locks values (?, ?, ?)').run(`other-${i}`, 'one', 1);
    }
    const keys = other.prepare('select key from forum_sso_one_time_values').all();
    expect(new Set(keys.map((row) => JSON.stringify(row)))).toEqual(
      new Set(seen.map((row) => JSON.stringify(row))),
    );
  });

  test('keeps a migration waiting, not failing', async () => {
    const path = folder.file();
    const other = otherProgram(path);
    other.prepare('pragma journal_mode = wal').all();
    other.prepare('begin immediate').run();
    const opening = open(path);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    other.prepare('commit').run();
    const store = await opening;
    expect(await store.oneTime.claim('a', 60)).toBe(true);
    expect(other.prepare('select key from forum_sso_one_time_values').all()).toEqual([{ key: 'a' }]);
  });
});

test('without the driver it names the package to install', () => {
  const hooks = fileURLToPath(new URL('../../testkit/src/processes/typescript-hooks.mjs', import.meta.url));
  const directory = join(dirname(folder.file()), 'without');
  mkdirSync(directory);
  const missing = join(directory, 'missing.mjs');
  writeFileSync(
    missing,
    `import { register } from 'node:module';
     register('data:text/javascript,' + encodeURIComponent(\`
       export async function resolve(specifier, context, next) {
         if (specifier === 'libsql' || specifier === 'pg') throw new Error('no such package');
         return next(specifier, context);
       }\`));`,
  );
  const index = new URL('../src/index.ts', import.meta.url).href;
  const script = `
    import { postgresStore, sqliteStore } from ${JSON.stringify(index)};
    for (const open of [() => sqliteStore({ path: ':memory:' }), () => postgresStore({ url: 'postgres://localhost' })]) {
      await open().catch(({ code, problems }) => console.log(code, problems.join()));
    }`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--conditions=@forum-sso/source',
      '--import',
      hooks,
      '--import',
      missing,
      '--input-type=module',
      '-e',
      script,
    ],
    {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      env: { ...process.env, NODE_OPTIONS: '' },
    },
  );
  expect(stderr).toBe('');
  expect(stdout.trim().split('\n')).toEqual([
    'ERR_OPTIONS_INVALID sqliteStore needs the package "libsql", which could not be loaded: npm install libsql',
    'ERR_OPTIONS_INVALID postgresStore needs the package "pg", which could not be loaded: npm install pg',
  ]);
});
