import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

/** A schema of a test's own. */
export interface TestSchema {
  readonly name: string;
  /** A connection outside of any store. */
  readonly client: pg.Client;
  /** Removes the schema with all that is in it. */
  drop(): Promise<void>;
}

export async function makeSchema(url: string): Promise<TestSchema> {
  const name = `forum_sso_test_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`create schema ${name}`);
  return {
    name,
    client,
    async drop() {
      await client.query(`drop schema ${name} cascade`);
      await client.end();
    },
  };
}

/** A folder of a test's own. */
export interface TestFolder {
  /** A path in it that no other call gives. */
  file(): string;
  remove(): Promise<void>;
}

export async function makeFolder(): Promise<TestFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'forum-sso-sqlite-'));
  return {
    file: () => join(folder, `${randomUUID()}.db`),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Gives a few connections in turn, and makes them as they are needed. */
export function inTurn<T>(number: number, make: () => Promise<T>): () => Promise<T> {
  const made: Promise<T>[] = [];
  let calls = 0;
  return () => {
    const place = calls++ % number;
    made[place] ??= make();
    return made[place];
  };
}
