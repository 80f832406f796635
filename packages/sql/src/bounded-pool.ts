import { createHash } from 'node:crypto';

import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';

/** What is used of a `Pool` of the package `pg`. */
export interface PgPool {
  connect(): Promise<PgPoolClient>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  listenerCount(event: 'error'): number;
}

/** What is used of one of its connections. */
export interface PgPoolClient {
  query<Row>(query: PgQuery): Promise<PostgresQueryResult<Row>>;
  /** With true, the connection is closed and not used again. */
  release(destroy?: boolean): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
}

/** A statement for `pg`; one with a name is planned once per connection. */
export interface PgQuery {
  readonly text: string;
  readonly values: unknown[];
  readonly name?: string;
}

/** How a pool is used. */
export interface PoolUse {
  /** Milliseconds for a connection, and again for each statement. */
  readonly deadline: number;
  /** True: statements are planned once per connection. */
  readonly prepare: boolean;
}

/**
 * A pool for Kysely that survives a database which goes away or falls silent:
 * - a connection that breaks while it is in use is an error of the statement, not one that nobody handles, which would
 *   end the process;
 * - a statement without an answer in time is an error, and its connection is closed instead of going back to the pool,
 *   so that silence does not use the pool up.
 */
export function boundedPool(pool: PgPool, use: PoolUse): PostgresPool {
  return {
    connect() {
      const connecting = pool.connect();
      return inTime(connecting, use.deadline, 'PostgreSQL gave no connection').then(
        (client) => new BoundedClient(client, use),
        (error: unknown) => {
          // One that comes after all goes back.
          connecting.then(
            (late) => late.release(),
            () => {},
          );
          throw error;
        },
      );
    },
    end: () => pool.end(),
  };
}

/** An error of a connection also fails the statement that runs on it, where it is handled. */
const handledByStatement = (): void => {};

class BoundedClient implements PostgresPoolClient {
  readonly #client: PgPoolClient;
  readonly #use: PoolUse;
  #late = false;

  constructor(client: PgPoolClient, use: PoolUse) {
    this.#client = client;
    this.#use = use;
    client.on('error', handledByStatement);
  }

  query<Row>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  query<Row>(
    text: string | PostgresCursor<Row>,
    values: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof text !== 'string') throw new TypeError('Cursors are not used here.');
    return this.#run(text, values);
  }

  async #run<Row>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<Row>> {
    const { prepare, deadline } = this.#use;
    const query = { text, values: [...values], ...(prepare ? { name: nameOf(text) } : {}) };
    try {
      return await inTime(this.#client.query<Row>(query), deadline, 'PostgreSQL did not answer');
    } catch (error) {
      if (error instanceof LateError) this.#late = true;
      throw error;
    }
  }

  release(): void {
    this.#client.removeListener('error', handledByStatement);
    this.#client.release(this.#late);
  }
}

class LateError extends Error {}

/** The outcome of some work, or a {@link LateError}. Written without `Promise.race`, which costs more than the timer. */
function inTime<T>(work: Promise<T>, milliseconds: number, complaint: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new LateError(`${complaint} within ${milliseconds} ms.`)),
      milliseconds,
    );
    // Where there is something to wait for, its socket keeps the process alive.
    timer.unref();
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
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
