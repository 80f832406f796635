import { ForumSsoError, isForumSsoError } from '@forum-sso/core';
import { Kysely, PostgresDialect } from 'kysely';

import { loadDriver } from './load-driver.js';
import { migrateToLatest } from './migrate.js';
import { type PgPool, poolRunner, surviveLostConnections } from './pg-pool.js';
import { sqlContext } from './sql-context.js';
import { type OpenSqlStore, storeOf } from './sql-store.js';
import type { TablePlace } from './tables.js';

/** The options of {@link postgresStore}: `url` or `pool`, not both. */
export interface PostgresStoreOptions extends TablePlace {
  /** Connection URL, `postgres://user:password@host:5432/database`; a pool of ten connections is opened. Needs `pg`. */
  readonly url?: string;
  /** The site's own `Pool` of the package `pg`. It stays the site's: `close` leaves it open. */
  readonly pool?: PgPool;
  /** Make the tables or bring them up to date before anything else. Default true. */
  readonly migrate?: boolean;
  /**
   * Let the database plan each statement once per connection. Default true; false behind a PgBouncer before 1.21 in
   * transaction mode.
   */
  readonly prepare?: boolean;
}

/** Milliseconds for a connection, and again for each statement. */
const deadline = 2_000;

/**
 * A store in PostgreSQL 11 or later, for sites of several processes.
 *
 * It lives through a database that goes away: statements reject at once or after two seconds, nothing is used up
 * meanwhile, and when the database is back, so is the store.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when the options cannot be used or `pg` is not installed;
 *   `ERR_STORE_UNAVAILABLE` when the tables cannot be made
 */
export async function postgresStore(options: PostgresStoreOptions): Promise<OpenSqlStore> {
  const { url, pool: sitePool, migrate = true, prepare = true, ...place } = options;
  if ((url === undefined) === (sitePool === undefined)) {
    const problem = 'url, pool: give one of the two.';
    throw new ForumSsoError('ERR_OPTIONS_INVALID', `postgresStore: ${problem}`, { problems: [problem] });
  }
  const pool = sitePool ?? (await openPool(url));
  surviveLostConnections(pool);
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    closed ??= sitePool === undefined ? pool.end() : Promise.resolve();
    await closed;
  };
  try {
    const run = poolRunner(pool, deadline, prepare);
    const store = storeOf({ ...sqlContext({ db, ...place }), read: run, write: run });
    if (migrate) await migrateToLatest({ db, ...place });
    return { ...store, close };
  } catch (cause) {
    await close();
    if (isForumSsoError(cause)) throw cause;
    throw new ForumSsoError(
      'ERR_STORE_UNAVAILABLE',
      'postgresStore: the tables could not be made. Is the database there, and may its user create tables?',
      { cause },
    );
  }
}

async function openPool(connectionString: string | undefined): Promise<PgPool> {
  const { default: pg } = await loadDriver('postgresStore', 'pg', () => import('pg'));
  return new pg.Pool({
    connectionString,
    max: 10,
    connectionTimeoutMillis: deadline,
    keepAlive: true,
    application_name: 'forum-sso',
  });
}
