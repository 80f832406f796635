import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { ForumSsoError, isForumSsoError } from '@forum-sso/core';
import { Kysely, type SqliteDatabase, SqliteDialect, sql } from 'kysely';

import { loadDriver } from './load-driver.js';
import { migrateToLatest } from './migrate.js';
import { renewedDatabase, type SqliteConnection } from './renewed-database.js';
import { sqlContext } from './sql-context.js';
import { type OpenSqlStore, storeOf } from './sql-store.js';

/** The class `Database` of the package `libsql`, or of `better-sqlite3`, which works alike. */
export type SqliteDatabaseClass = new (path: string) => SqliteConnection;

/** The options of {@link sqliteStore}. */
export interface SqliteStoreOptions {
  /** Path of the database file, which is made if need be, readable by its owner only; or `:memory:`, for tests. */
  readonly path: string;
  /** The driver. Default: the class of the package `libsql`, which is loaded when it is needed. */
  readonly Database?: SqliteDatabaseClass;
  /** What all tables' names start with. Default `forum_sso_`. */
  readonly prefix?: string;
  /** Make the tables or bring them up to date before anything else. Default true. */
  readonly migrate?: boolean;
}

/**
 * Milliseconds to wait for another process that writes. The whole process stands still meanwhile, so it is well below
 * the two seconds that a login waits for the store.
 */
const patience = 750;

/**
 * A store in an SQLite file, with nothing to install or run besides: for sites of one process, or a few on one machine.
 * It has a connection of its own; other programs may use the same file at the same time. What was written survives a
 * loss of power.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when the options cannot be used, the file cannot be opened, or the driver
 *   is not installed; `ERR_STORE_UNAVAILABLE` when the tables cannot be made
 */
export async function sqliteStore({
  path,
  Database,
  prefix,
  migrate = true,
}: SqliteStoreOptions): Promise<OpenSqlStore> {
  const inMemory = path === ':memory:';
  if (!inMemory && isAddress(path)) {
    throw unusable(
      'path: must be the path of a file; for a database elsewhere use sqlStore with a Kysely dialect.',
    );
  }
  const Driver = Database ?? (await loadDriver('sqliteStore', 'libsql', () => import('libsql'))).default;
  if (!inMemory) await makeFile(path);
  const place = prefix === undefined ? {} : { prefix };
  // Until the tables are there, waiting is done by timers: many may start at once, also in one process.
  let busyTimeout = 0;
  const open = (): SqliteConnection => prepared(new Driver(path), busyTimeout);
  const database = async (): Promise<SqliteDatabase> => (inMemory ? open() : renewedDatabase(open));
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database }) });
  try {
    const context = sqlContext({ db, ...place });
    if (!inMemory) await useWriteAheadLog(db);
    if (migrate) await migrateToLatest({ db, ...place });
    busyTimeout = patience;
    await sql`pragma busy_timeout = ${sql.lit(patience)}`.execute(db);
    // A renewed connection never has another statement open, so that a bare one is committed when it ends.
    return { ...storeOf({ ...context, write: context.read }), shared: !inMemory, close: () => db.destroy() };
  } catch (cause) {
    await db.destroy().catch(() => {});
    if (isForumSsoError(cause)) throw cause;
    const detail = `sqliteStore: the tables could not be made in ${path}.`;
    throw new ForumSsoError('ERR_STORE_UNAVAILABLE', detail, { cause });
  }
}

async function makeFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'a', 0o600);
    await file.close();
  } catch (cause) {
    throw unusable(`path: the file ${path} cannot be opened for writing; does its folder exist?`, cause);
  }
}

/** A URL, which drivers would take for more than a file. A drive letter is none. */
function isAddress(path: string): boolean {
  return path === '' || /^[a-z][a-z0-9+.-]+:/i.test(path);
}

function unusable(problem: string, cause?: unknown): ForumSsoError {
  return new ForumSsoError('ERR_OPTIONS_INVALID', `sqliteStore: ${problem}`, { problems: [problem], cause });
}

/** Sets what holds for each connection. */
function prepared(connection: SqliteConnection, busyTimeout: number): SqliteConnection {
  connection.prepare(`pragma busy_timeout = ${busyTimeout}`).all([]);
  connection.prepare('pragma synchronous = full').run([]);
  return connection;
}

/** Readers and the writer do not wait for each other then. The change itself does not wait for others, so it is tried again. */
async function useWriteAheadLog(db: Kysely<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await sql`pragma journal_mode = wal`.execute(db);
      return;
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(20);
    }
  }
}
