import type { ForumSsoStore, Jobs, Links, Locks, Numbers, People, Profiles } from '@forum-sso/core';

import { jobs } from './jobs.js';
import { links } from './links.js';
import { locks } from './locks.js';
import { numbers } from './numbers.js';
import { oneTimeValues } from './one-time-values.js';
import { people } from './people.js';
import { profiles } from './profiles.js';
import { revocations } from './revocations.js';
import { type SqlStoreOptions, sqlContext } from './sql-context.js';
import type { SqlContext } from './statement.js';

/** A store that keeps everything. */
export interface SqlStore extends ForumSsoStore {
  readonly links: Links;
  readonly profiles: Profiles;
  readonly locks: Locks;
  readonly numbers: Numbers;
  readonly jobs: Jobs;
  readonly people: People;
}

/** A store with a connection of its own. */
export interface OpenSqlStore extends SqlStore {
  /** Closes what was opened for the store. */
  close(): Promise<void>;
}

/**
 * A store in the tables that `migrateToLatest` makes, in a database that the site has anyway.
 *
 * Every method is one statement, atomic by itself at any isolation level; some have a second one for when the first had
 * nothing to do. Lives are counted by the clock of the database; the clocks of the processes play no part.
 * A method rejects when Kysely does.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when `db` is a transaction or for another database, or the tables' place
 *   cannot be used
 */
export function sqlStore<DB>(options: SqlStoreOptions<DB>): SqlStore {
  return storeOf(sqlContext(options));
}

/** The store on a context. */
export function storeOf(context: SqlContext): SqlStore {
  return {
    shared: true,
    oneTime: oneTimeValues(context),
    revocations: revocations(context),
    links: links(context),
    profiles: profiles(context),
    locks: locks(context),
    numbers: numbers(context),
    jobs: jobs(context),
    people: people(context),
  };
}
