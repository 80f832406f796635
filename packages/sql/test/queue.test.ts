import { storeQueue } from '@forum-sso/core';
import { describeQueue, findPostgres } from '@forum-sso/testkit';
import { afterAll, beforeAll, describe } from '@jest/globals';
import pg from 'pg';

import { type OpenSqlStore, postgresStore, sqliteStore } from '../src/index.js';
import { makeFolder, makeSchema, type TestFolder, type TestSchema } from './databases.js';

const postgres = await findPostgres();
const url = postgres?.url ?? '';
const files = new Map<string, string>();
const closing: OpenSqlStore[] = [];
// More connections than a case has processes.
const pool = new pg.Pool({ connectionString: url, max: 12 });
let folder: TestFolder;
let schema: TestSchema | undefined;

beforeAll(async () => {
  folder = await makeFolder();
  if (postgres !== null) schema = await makeSchema(url);
});

afterAll(async () => {
  await Promise.all(closing.map((store) => store.close()));
  await folder.remove();
  await pool.end();
  await schema?.drop();
  await postgres?.stop();
});

describe('SQLite', () => {
  // One connection for each process, as there would be.
  describeQueue('storeQueue', async ({ place, ...options }) => {
    const path = files.get(place) ?? folder.file();
    files.set(place, path);
    const store = await sqliteStore({ path });
    closing.push(store);
    return { queue: storeQueue({ ...options, pollSeconds: 0.05 }), store };
  });
});

(postgres === null ? describe.skip : describe)('PostgreSQL', () => {
  describeQueue('storeQueue', async ({ place, ...options }) => {
    const prefix = `${place.replace('-', '_')}_`;
    const store = await postgresStore({
      pool,
      prefix,
      ...(schema === undefined ? {} : { schema: schema.name }),
    });
    closing.push(store);
    return { queue: storeQueue({ ...options, pollSeconds: 0.05 }), store };
  });
});
