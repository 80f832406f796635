import { describeStore, findPostgres, storeCases } from '@forum-sso/testkit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CamelCasePlugin, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';

import { migrateToLatest, type OpenSqlStore, postgresStore, sqliteStore, sqlStore } from '../src/index.js';
import { inTurn, makeFolder, makeSchema, type TestFolder, type TestSchema } from './databases.js';

const postgres = await findPostgres();
const url = postgres?.url ?? '';
let schema: TestSchema;
let folder: TestFolder;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = await makeFolder();
  if (postgres !== null) schema = await makeSchema(url);
});

afterAll(async () => {
  await Promise.all(closing.map((close) => close()));
  await folder.remove();
  if (postgres !== null) await schema.drop();
  await postgres?.stop();
});

function kept(store: OpenSqlStore): OpenSqlStore {
  closing.push(store.close);
  return store;
}

describe('sqliteStore', () => {
  let path: string | undefined;
  describeStore(
    'in a file, with several connections',
    inTurn(8, async () => {
      path ??= folder.file();
      return kept(await sqliteStore({ path }));
    }),
  );
});

(postgres === null ? describe.skip : describe)('PostgreSQL', () => {
  describeStore(
    'postgresStore',
    inTurn(8, async () => kept(await postgresStore({ url, schema: schema.name }))),
  );

  // As a site would have it that uses Kysely itself, with table names of its own and a plugin that renames columns.
  describeStore(
    'sqlStore with the own Kysely of a site',
    inTurn(8, async () => {
      const pool = new pg.Pool({ connectionString: url, max: 4 });
      const db = new Kysely<{ person: { id: string } }>({
        dialect: new PostgresDialect({ pool }),
        plugins: [new CamelCasePlugin()],
      });
      closing.push(() => db.destroy());
      const place = { schema: schema.name, prefix: 'community_' };
      await migrateToLatest({ db, ...place });
      return sqlStore({ db, ...place });
    }),
  );

  test('a store whose claim reads first and writes then fails the suite', async () => {
    await schema.client.query(`create table ${schema.name}.careless (key text)`);
    const race = storeCases.oneTime.find(({ name }) => name.includes('1,000 keys'));
    const outcome = race?.run(async () => {
      const pool = new pg.Pool({ connectionString: url, max: 4 });
      const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
      closing.push(() => db.destroy());
      const table = sql.id(schema.name, 'careless');
      return {
        ...sqlStore({ db, schema: schema.name }),
        oneTime: {
          async claim(key) {
            const { rows } = await sql`select 1 from ${table} where key = ${key}`.execute(db);
            if (rows.length > 0) return false;
            await sql`insert into ${table} (key) values (${key})`.execute(db);
            return true;
          },
        },
      };
    });
    await expect(outcome).rejects.toThrow(/keys taken more than once/);
  });

  test('at a stricter isolation level a claim may fail, and is never given twice', async () => {
    const open = inTurn(8, async () => {
      const options = '-c default_transaction_isolation=serializable';
      const pool = new pg.Pool({ connectionString: url, max: 4, options });
      closing.push(() => pool.end());
      return postgresStore({ pool, schema: schema.name });
    });
    const stores = await Promise.all(Array.from({ length: 8 }, open));
    for (let i = 0; i < 100; i++) {
      const claims = await Promise.allSettled(stores.map(({ oneTime }) => oneTime.claim(`strict-${i}`, 60)));
      const yes = claims.filter((claim) => claim.status === 'fulfilled' && claim.value);
      expect(yes).toHaveLength(1);
    }
  });
});
