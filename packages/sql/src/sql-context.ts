import { ForumSsoError } from '@forum-sso/core';
import { CompiledQuery, type Kysely, type QueryResult } from 'kysely';

import { type DialectName, dialectOf } from './dialect.js';
import type { SqlContext } from './statement.js';
import { type TablePlace, tablesAt } from './tables.js';

/** The options of `sqlStore` and `migrateToLatest`. */
export interface SqlStoreOptions<DB> extends TablePlace {
  /** The site's Kysely instance, for SQLite or PostgreSQL. It stays the site's: nothing here closes it. */
  readonly db: Kysely<DB>;
  /** What the database is, for Kysely dialects that cannot be recognised by themselves. */
  readonly dialect?: DialectName;
}

/** Reads the options that the store and its migrations share. */
export function sqlContext<DB>({ db, dialect, ...place }: SqlStoreOptions<DB>): SqlContext {
  if (db.isTransaction) {
    const problem =
      'db: must not be a transaction: what was used would be unused again when it is rolled back.';
    throw new ForumSsoError('ERR_OPTIONS_INVALID', problem, { problems: [problem] });
  }
  // Plugins of the site, such as one for camel case, are not meant for these tables.
  const plain = db.withoutPlugins();
  const known = dialectOf(db, dialect);
  const read = (query: CompiledQuery): Promise<QueryResult<unknown>> => plain.executeQuery<unknown>(query);
  return {
    db: plain,
    dialect: known,
    tables: tablesAt(place),
    read,
    write: known.name === 'sqlite' ? (query) => committed(plain, query) : read,
  };
}

/**
 * Runs a statement in a transaction of its own. With SQLite that is not the same as without one: where another statement
 * of the connection is still open, a bare one succeeds without being committed, while `commit` fails.
 */
function committed<DB>(db: Kysely<DB>, query: CompiledQuery): Promise<QueryResult<unknown>> {
  return db.connection().execute(async (connection) => {
    await connection.executeQuery(begin);
    try {
      const result = await connection.executeQuery<unknown>(query);
      await connection.executeQuery(commit);
      return result;
    } catch (error) {
      await connection.executeQuery(rollback).catch(() => {});
      throw error;
    }
  });
}

const begin = CompiledQuery.raw('begin immediate');
const commit = CompiledQuery.raw('commit');
const rollback = CompiledQuery.raw('rollback');
