import { ForumSsoError } from '@forum-sso/core';
import {
  type DialectAdapter,
  PostgresAdapter,
  type QueryExecutorProvider,
  type RawBuilder,
  SqliteAdapter,
  sql,
} from 'kysely';

/** The databases that the statements are written for. */
export type DialectName = 'postgres' | 'sqlite';

/** Where the two databases differ. */
export interface SqlDialect {
  readonly name: DialectName;
  /** Milliseconds since 1970 by the clock of the database: one clock for all processes. */
  readonly now: RawBuilder<unknown>;
  /** Column type of texts that are compared and ordered byte by byte. */
  readonly exactText: RawBuilder<unknown>;
  /** Type and rules of a key that counts up and never gives a number twice, not even after its row was deleted. */
  readonly countingKey: RawBuilder<unknown>;
  /** Ends a select whose rows are about to be deleted: leaves those alone that another process is busy with. */
  readonly skipBusyRows: RawBuilder<unknown>;
}

const dialects: Readonly<Record<DialectName, SqlDialect>> = {
  postgres: {
    name: 'postgres',
    now: sql`cast(date_part('epoch', clock_timestamp()) * 1000 as bigint)`,
    exactText: sql`text collate "C"`,
    countingKey: sql`bigint generated always as identity primary key`,
    skipBusyRows: sql`for update skip locked`,
  },
  sqlite: {
    name: 'sqlite',
    now: sql`cast((julianday('now') - 2440587.5) * 86400000 as integer)`,
    exactText: sql`text`,
    countingKey: sql`integer primary key autoincrement`,
    skipBusyRows: sql``,
  },
};

/**
 * The dialect of a Kysely instance.
 * @param given what the site says it is, for dialects that cannot be recognised
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when it is neither SQLite nor PostgreSQL
 */
export function dialectOf(db: QueryExecutorProvider, given?: DialectName): SqlDialect {
  const name = given ?? recognise(db.getExecutor().adapter);
  const dialect = name === null ? undefined : dialects[name];
  if (dialect !== undefined) return dialect;
  const problem =
    'db: must be a Kysely instance for SQLite or PostgreSQL; if it is one, say so by the option dialect ("sqlite" or "postgres").';
  throw new ForumSsoError('ERR_OPTIONS_INVALID', problem, { problems: [problem] });
}

function recognise(adapter: DialectAdapter): DialectName | null {
  if (adapter instanceof PostgresAdapter) return 'postgres';
  if (adapter instanceof SqliteAdapter) return 'sqlite';
  // Of another copy of Kysely.
  if (adapter.constructor.name === 'PostgresAdapter') return 'postgres';
  return adapter.constructor.name === 'SqliteAdapter' ? 'sqlite' : null;
}
