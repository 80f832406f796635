import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { type ForumSsoStore, isForumSsoError } from '@forum-sso/core';
import { findPostgres, testKeys } from '@forum-sso/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Kysely, SqliteDialect } from 'kysely';
import Database from 'libsql';

import { makeFolder, makeSchema, type TestFolder } from './databases.js';

const postgres = await findPostgres();
const { DATABASE_URL } = process.env;
const closing: (() => Promise<unknown>)[] = [];
let folder = '';
let data: TestFolder;
let examples: readonly string[] = [];

beforeAll(async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
  // Inside the package, so that it finds itself and its dependencies.
  folder = await mkdtemp(fileURLToPath(new URL('readme-examples-', import.meta.url)));
  data = await makeFolder();
  await Promise.all(examples.map((code, index) => writeFile(join(folder, `example-${index + 1}.ts`), code)));
  const settings = { extends: '../../tsconfig.json', include: ['*.ts'] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  if (DATABASE_URL === undefined) delete process.env.DATABASE_URL;
  else process.env.DATABASE_URL = DATABASE_URL;
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await data.remove();
  await postgres?.stop();
});

/** Loads an example as a user would run it; the same one anew each time. */
async function load(number: number): Promise<Readonly<Record<string, unknown>>> {
  const copy = join(folder, `run-${closing.length}-${Date.now()}.ts`);
  await writeFile(copy, examples[number - 1] ?? '');
  return import(pathToFileURL(copy).href);
}

interface Closable extends ForumSsoStore {
  close(): Promise<void>;
}

function isStore(value: unknown): value is Closable {
  return typeof value === 'object' && value !== null && 'oneTime' in value && 'revocations' in value;
}

async function claimsOnce(store: unknown): Promise<void> {
  if (!isStore(store)) throw new Error('The example exports no store.');
  expect(await store.oneTime.claim('readme', 60)).toBe(true);
  expect(await store.oneTime.claim('readme', 60)).toBe(false);
}

describe('the examples of the README', () => {
  test('are two, and compile', async () => {
    expect(examples).toHaveLength(2);
    const compiler = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
    const { stdout } = await promisify(execFile)(process.execPath, [compiler, '-p', folder]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  }, 60_000);

  test('the ten lines work with an SQLite file', async () => {
    delete process.env.DATABASE_URL;
    const secret = 'the-secret-of-the-readme-forum-4711';
    const SQLITE_FILE = data.file();
    Object.assign(process.env, { FORUM_SSO_KEYS: testKeys, DISCOURSE_CONNECT_SECRET: secret, SQLITE_FILE });
    const { store } = await load(1);
    await claimsOnce(store);
    if (isStore(store)) await store.close();
  });

  (postgres === null ? test.skip : test)('and with PostgreSQL', async () => {
    const schema = await makeSchema(postgres?.url ?? '');
    closing.push(() => schema.drop());
    const url = new URL(postgres?.url ?? '');
    url.searchParams.set('options', `-c search_path=${schema.name}`);
    process.env.DATABASE_URL = url.href;
    const { store } = await load(1);
    await claimsOnce(store);
    if (isStore(store)) await store.close();
  });

  test("a site's own Kysely", async () => {
    const { openStore } = await load(2);
    if (typeof openStore !== 'function') throw new Error('The example exports no openStore.');
    const database = new Database(data.file());
    const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database }) });
    closing.push(() => db.destroy());
    await claimsOnce(await openStore(db));
    await db.transaction().execute(async (transaction) => {
      const error: unknown = await openStore(transaction).catch((cause: unknown) => cause);
      expect(isForumSsoError(error) && error.code).toBe('ERR_OPTIONS_INVALID');
    });
  });
});
