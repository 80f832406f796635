import { createHash } from 'node:crypto';

import type { CompiledQuery, PostgresPool, QueryResult } from 'kysely';

/** What is used of a `Pool` of the package `pg`, 8.13 or later. */
export interface PgPool extends PostgresPool {
  query(query: PgQuery): Promise<{ readonly rows: unknown[] }>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'connect', listener: (client: PgPoolClient) => void): unknown;
  listenerCount(event: 'error'): number;
}

/** What is used of one of its connections. */
export interface PgPoolClient {
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** A statement for `pg`. */
export interface PgQuery {
  readonly text: string;
  readonly values: unknown[];
  /** One with a name is planned once per connection. */
  readonly name?: string;
  /** Milliseconds after which it fails, and its connection is closed. */
  readonly query_timeout: number;
}

/** Pools that listen for lost connections already: a site may have several stores on its pool, and open new ones. */
const listening = new WeakSet<PgPool>();

/**
 * Makes a lost connection an error of the statement that runs on it, and of nothing else: without listeners it would be
 * an error that nobody handles, which ends the process.
 */
export function surviveLostConnections(pool: PgPool): void {
  if (listening.has(pool)) return;
  listening.add(pool);
  const handledElsewhere = (): void => {};
  if (pool.listenerCount('error') === 0) pool.on('error', handledElsewhere);
  pool.on('connect', (client) => client.on('error', handledElsewhere));
}

/**
 * Runs statements on a pool, each on a connection of its own. The pool's own way is taken rather than Kysely's: it closes
 * a connection on which a statement failed or had no answer in time, so that silence does not use the pool up, and it
 * costs half as much.
 *
 * @param milliseconds for each statement, once there is a connection
 * @param prepare whether the database plans each statement once per connection
 */
export function poolRunner(
  pool: PgPool,
  milliseconds: number,
  prepare: boolean,
): (query: CompiledQuery) => Promise<QueryResult<unknown>> {
  return ({ sql: text, parameters }) => {
    const query = { text, values: [...parameters], query_timeout: milliseconds };
    return pool.query(prepare ? { ...query, name: nameOf(text) } : query);
  };
}

const names = new Map<string, string>();

/** The name of a prepared statement: the store has a few dozen texts at most, each always the same. */
function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = `forum_sso_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
  names.set(text, name);
  return name;
}
