import { findPostgres, LimitedForum, startTypeScript, type TypeScriptProcess } from '@forum-sso/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { makeFolder, makeSchema, type TestFolder, type TestSchema } from './databases.js';

const postgres = await findPostgres();
const worker = new URL('./push-worker.ts', import.meta.url);
const ids = Array.from({ length: 60 }, (_, i) => `u${i}`);
let folder: TestFolder;
let schema: TestSchema;
let forum: LimitedForum;
let processes: TypeScriptProcess[] = [];

beforeAll(async () => {
  folder = await makeFolder();
});
beforeEach(async () => {
  forum = await LimitedForum.start(1_000, 10);
  if (postgres !== null) schema = await makeSchema(postgres.url);
});
afterEach(async () => {
  await Promise.all(processes.map((each) => each.stop()));
  processes = [];
  await forum.stop();
  if (postgres !== null) await schema.drop();
});
afterAll(async () => {
  await folder.remove();
  await postgres?.stop();
});

async function start(place: readonly string[]): Promise<TypeScriptProcess> {
  const started = startTypeScript(worker, [...place, forum.url]);
  processes.push(started);
  expect(await started.next()).toBe('ready');
  return started;
}

async function push(by: TypeScriptProcess | undefined): Promise<void> {
  by?.send(JSON.stringify(ids));
  expect(await by?.next()).toBe('queued');
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = performance.now() + 40_000;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`Still not so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const databases: readonly (readonly [name: string, place: () => readonly string[]])[] = [
  ['SQLite', () => ['sqlite', folder.file(), '']],
  ...(postgres === null ? [] : [['PostgreSQL', () => ['postgres', postgres.url, schema.name]] as const]),
];

describe.each(databases)('the queue in %s', (_, place) => {
  test('survives the only process that works on it, killed in the middle', async () => {
    const where = place();
    forum.nameNow = 'x';
    forum.duration = 50;
    const first = await start(where);
    await push(first);
    await until('it has begun', () => forum.names.size >= 10);
    // SIGKILL: it can say no goodbye.
    await first.stop();
    expect(forum.names.size).toBeLessThan(ids.length);
    await start(where);
    await until('all are there', () => forum.names.size === ids.length);
    const total = [...forum.times.values()].reduce((sum, times) => sum + times, 0);
    // Whoever was under way once more.
    expect(total).toBeLessThanOrEqual(ids.length + 8);
  }, 90_000);

  test('ends with the newer of two updates that different processes queue in quick succession', async () => {
    const where = place();
    forum.duration = 20;
    const both = [await start(where), await start(where)];
    for (let version = 1; version <= 4; version++) {
      forum.nameNow = `version ${version}`;
      await push(both[version % 2]);
    }
    await until('all have the newest', () => ids.every((id) => forum.names.get(id) === 'version 4'));
    // Nothing older comes after it.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(new Set(forum.names.values())).toEqual(new Set(['version 4']));
  }, 90_000);
});
