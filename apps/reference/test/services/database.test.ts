import { findPostgres } from '@forum-sso/testkit';
import { afterAll, describe, expect, test } from '@jest/globals';

import { makeSchema } from '../../../../packages/sql/test/databases.js';
import { runSource } from '../support/run-source.js';
import { startTestDemo } from '../support/test-demo.js';
import { newVisitor } from '../support/visitor.js';
import { logInAtWiki, readerOf } from '../support/wiki.js';

const postgres = await findPostgres();
const schema = postgres === null ? null : await makeSchema(postgres.url);

afterAll(async () => {
  await schema?.drop();
  await postgres?.stop();
});

/** The database's address, for whoever is to find its tables in that schema. */
function inSchema(name: string): string {
  const url = new URL(postgres?.url ?? '');
  url.searchParams.set('options', `-csearch_path=${name}`);
  return url.href;
}

/**
 * Starts the demo on the database, logs people in at the wiki, one after the other, and ends it.
 * @returns the numbers by which the wiki knows them, by its names
 */
async function numbersAfter(...usernames: string[]): Promise<Record<string, string>> {
  const demo = await startTestDemo({ DATABASE_URL: inSchema(schema?.name ?? '') });
  try {
    const wiki = demo.community('discourse-connect-provider');
    for (const username of usernames) {
      const answer = await logInAtWiki({ site: demo.origin, wiki }, newVisitor(), username);
      expect(readerOf(answer)?.toLowerCase()).toBe(username);
    }
    const { text } = await newVisitor().open(`${wiki}/index.php?title=Special:ListUsers`);
    const rows = text.matchAll(/<tr data-account="([^"]+)"><td>[^<]*<\/td><td>(\d+)<\/td>/g);
    return Object.fromEntries([...rows].map(([, name = '', number = '']) => [name, number]));
  } finally {
    await demo.close();
  }
}

(schema === null ? describe.skip : describe)('the demo on PostgreSQL', () => {
  test('knows people at the wiki by the same numbers when it starts again', async () => {
    expect(await numbersAfter('alice')).toEqual({ Alice: '1' });
    // Had the numbers been forgotten, whoever comes first would be who alice was.
    expect(await numbersAfter('bob', 'alice')).toEqual({ Alice: '1', Bob: '2' });
  });

  test('says what the database said when it cannot be used', async () => {
    const demo = runSource(new URL('../../src/main.ts', import.meta.url), {
      PORT: '0',
      DATABASE_URL: inSchema('nowhere'),
    });
    try {
      await demo.waitFor(
        /^The demo cannot start:\n {2}- DATABASE_URL cannot be used: no schema has been selected to create in\. .+\n$/,
      );
      expect(await demo.ended).toEqual({ code: 1, signal: null });
    } finally {
      demo.child.kill('SIGKILL');
    }
  });
});
