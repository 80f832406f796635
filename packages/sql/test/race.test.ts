import {
  assertOneWinnerEach,
  findPostgres,
  startTypeScript,
  type TypeScriptProcess,
} from '@forum-sso/testkit';
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

/**
 * Four processes with two connections each make the tables at the same time, then claim the same 1,000 keys.
 * @returns what each connection took
 */
async function race(args: readonly string[]): Promise<string[][]> {
  const file = new URL('./claiming-process.ts', import.meta.url);
  const processes: TypeScriptProcess[] = [];
  const say = async (message: string, answer?: string): Promise<unknown[]> => {
    for (const each of processes) each.send(message);
    const answers: unknown[] = [];
    for (const each of processes) answers.push(await each.next());
    if (answer !== undefined) expect(answers).toEqual(processes.map(() => answer));
    return answers;
  };
  try {
    for (let i = 0; i < 4; i++) processes.push(startTypeScript(file, [...args, '2']));
    for (const each of processes) expect(await each.next()).toBe('loaded');
    await say('migrate', 'ready');
    const taken: string[][] = [];
    for (const lists of await say('1000')) {
      if (!Array.isArray(lists)) throw new Error('The process gave no lists.');
      taken.push(...lists);
    }
    expect(taken).toHaveLength(8);
    // A race that one connection has won before the others began is none.
    expect(taken.filter((list) => list.length > 0).length).toBeGreaterThan(1);
    return taken;
  } finally {
    await Promise.all(processes.map((each) => each.stop()));
  }
}

const keys = Array.from({ length: 1_000 }, (_, i) => `nonce-${i}`);

(postgres === null ? test.skip : test)(
  'PostgreSQL: four processes make the tables at once and claim each value exactly once',
  async () => {
    assertOneWinnerEach(keys, await race(['postgres', postgres?.url ?? '', schema.name]));
    const { rows } = await schema.client.query(
      `select name from ${schema.name}.forum_sso_migrations order by name`,
    );
    expect(rows).toEqual([{ name: '0001_tables' }]);
  },
  90_000,
);

test('SQLite: four processes make the file at once and claim each value exactly once', async () => {
  assertOneWinnerEach(keys, await race(['sqlite', folder.file(), '']));
}, 90_000);
