import type { SqliteDatabase, SqliteStatement } from 'kysely';

/** A connection to an SQLite file, of the packages `libsql` or `better-sqlite3`. */
export interface SqliteConnection extends SqliteDatabase {
  readonly inTransaction?: boolean;
}

/**
 * A connection that is replaced by a new one after a statement was refused because another process was writing.
 *
 * libsql 0.5 does not reset such a statement. SQLite takes it for one that still runs, and therefore commits nothing of
 * what the same connection writes afterwards, although every single write succeeds. A new connection has no such past.
 */
export function renewedDatabase(open: () => SqliteConnection): SqliteDatabase {
  let connection = open();
  let refused = false;

  const watched = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (isBusy(error)) refused = true;
      throw error;
    }
  };
  const renew = (): void => {
    if (!refused || connection.inTransaction === true) return;
    connection.close();
    connection = open();
    refused = false;
  };
  return {
    prepare(text): SqliteStatement {
      renew();
      const statement = watched(() => connection.prepare(text));
      return {
        reader: statement.reader,
        all: (parameters) => watched(() => statement.all(parameters)),
        run: (parameters) => watched(() => statement.run(parameters)),
        iterate: (parameters) => statement.iterate(parameters),
      };
    },
    close: () => connection.close(),
  };
}

function isBusy(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return typeof error.code === 'string' && /^SQLITE_(BUSY|LOCKED)/.test(error.code);
}
