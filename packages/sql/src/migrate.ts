import { setTimeout as sleep } from 'node:timers/promises';

import { type Kysely, type QueryExecutorProvider, sql } from 'kysely';

import { type Migration, migrations } from './migrations.js';
import { type SqlStoreOptions, sqlContext } from './sql-context.js';
import { type SqlContext, textOf } from './statement.js';

/** Milliseconds that a migration of SQLite waits for other writers. */
const sqlitePatience = 60_000;

/**
 * Makes the tables, or brings them up to date. It can be called at every start, by several processes at once: one works,
 * the others wait and find it done. All or nothing: it runs in one transaction. Tables that a newer version has changed
 * already are left as they are.
 *
 * @returns the names of the migrations that were applied now
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` as `sqlStore` does; else what the database says
 */
export async function migrateToLatest<DB>(options: SqlStoreOptions<DB>): Promise<readonly string[]> {
  const context = sqlContext(options);
  const db = options.db.withoutPlugins();
  if (await isUpToDate(db, context)) return [];
  return context.dialect.name === 'postgres' ? onPostgres(db, context) : onSqlite(db, context);
}

/** Spares a start with nothing to do the wait for others. */
async function isUpToDate(db: QueryExecutorProvider, context: SqlContext): Promise<boolean> {
  try {
    return (await missingMigrations(db, context)).length === 0;
  } catch {
    // No table yet. Whatever else it is will show again.
    return false;
  }
}

function onPostgres<DB>(db: Kysely<DB>, context: SqlContext): Promise<readonly string[]> {
  // At a stricter level the transaction would not see what the one before it did while it waited.
  return db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${context.tables.place}, 0))`.execute(
        transaction,
      );
      return applyMissing(transaction, context);
    });
}

function onSqlite<DB>(db: Kysely<DB>, context: SqlContext): Promise<readonly string[]> {
  return db.connection().execute(async (connection) => {
    await beginAlone(connection);
    try {
      const applied = await applyMissing(connection, context);
      await sql`commit`.execute(connection);
      return applied;
    } catch (error) {
      await sql`rollback`.execute(connection).catch(() => {});
      throw error;
    }
  });
}

/**
 * Begins as the only writer. Drivers for SQLite wait by blocking the whole process, so that one never sees the end of
 * what another connection of the same process does; here the rest of the waiting is done by a timer.
 */
async function beginAlone(connection: QueryExecutorProvider): Promise<void> {
  for (const end = performance.now() + sqlitePatience; ; await sleep(10)) {
    try {
      await sql`begin immediate`.execute(connection);
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}

async function applyMissing(db: QueryExecutorProvider, context: SqlContext): Promise<readonly string[]> {
  const { tables, dialect } = context;
  await sql`create table if not exists ${tables.migrations} (
    name ${dialect.exactText} not null primary key,
    applied_at bigint not null
  )`.execute(db);
  const missing = await missingMigrations(db, context);
  for (const { name, statements } of missing) {
    for (const each of statements(context)) await each.execute(db);
    await sql`insert into ${tables.migrations} (name, applied_at) values (${name}, ${dialect.now})`.execute(
      db,
    );
  }
  return missing.map(({ name }) => name);
}

async function missingMigrations(
  db: QueryExecutorProvider,
  { tables }: SqlContext,
): Promise<readonly Migration[]> {
  const { rows } = await sql<unknown>`select name from ${tables.migrations}`.execute(db);
  const done = new Set(rows.map((row) => textOf(row, 'name')));
  return migrations.filter(({ name }) => !done.has(name));
}
