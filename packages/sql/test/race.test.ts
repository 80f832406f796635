import { findPostgres, raceProcesses, startTypeScript, type TypeScriptProcess } from '@forum-sso/testkit';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { makeFolder, makeSchema, type TestFolder, type TestSchema } from './databases.js';

const postgres = await findPostgres();
let schema: TestSchema;
let folder: TestFolder;

beforeAll(async () => {
  folder = await makeFolder();
  if (postgres !== null) schema = await makeSchema(postgres.url);
});

afterAll(async () => {
  await folder.remove();
  if (postgres !== null) await schema.drop();
  await postgres?.stop();
});

/** Four processes with two connections each make the tables at the same time, then race for the same 1,000 keys. */
async function race(args: readonly string[]): Promise<void> {
  const file = new URL('./claiming-process.ts', import.meta.url);
  const processes: TypeScriptProcess[] = [];
  try {
    for (let i = 0; i < 4; i++) processes.push(startTypeScript(file, [...args, '2']));
    for (const each of processes) expect(await each.next()).toBe('loaded');
    for (const each of processes) each.send('migrate');
    for (const each of processes) expect(await each.next()).toBe('ready');
    await raceProcesses(processes);
  } finally {
    await Promise.all(processes.map((each) => each.stop()));
  }
}

(postgres === null ? test.skip : test)(
  'PostgreSQL: four processes make the tables at once and claim each value exactly once',
  async () => {
    await race(['postgres', postgres?.url ?? '', schema.name]);
    const { rows } = await schema.client.query(
      `select name from ${schema.name}.forum_sso_migrations order by name`,
    );
    expect(rows).toEqual([{ name: '0001_tables' }]);
  },
  90_000,
);

test('SQLite: four processes make the file at once and claim each value exactly once', async () => {
  await race(['sqlite', folder.file(), '']);
}, 90_000);
