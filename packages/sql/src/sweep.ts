import { sql } from 'kysely';

import { type SqlContext, writing } from './statement.js';
import type { Tables } from './tables.js';

/** The tables whose rows come to an end by themselves. */
export type ExpiringTable = 'oneTimeValues' | 'epochs' | 'endedSessions' | 'locks' | 'versions';

const keyColumns: Readonly<Record<ExpiringTable, string>> = {
  oneTimeValues: 'key',
  epochs: 'user_id',
  endedSessions: 'sid',
  locks: 'key',
  versions: 'key',
};

/** How many rows a sweep takes away at most, so that it never holds anybody up. */
const rowsAtOnce = 500;
/** Milliseconds between two sweeps of a table by one process, when there is no more to do. */
const pause = 60_000;

/**
 * Takes rows away that are over. Called after each write and never waited for; does something at most once a minute, or
 * at once again while there is more than one sweep takes. There is no timer: a process that does nothing sweeps nothing
 * and may end. A sweep that fails is left to the next one, for rows that are over count for nothing anyway.
 */
export function createSweep(context: SqlContext, table: ExpiringTable & keyof Tables): () => void {
  const { dialect, tables } = context;
  const key = sql.id(keyColumns[table]);
  // The time is tested on the row itself once more: it may have been taken over since the inner select.
  const remove = writing<never>(
    context,
    () => sql`
      delete from ${tables[table]}
      where expires_at <= ${dialect.now} and ${key} in (
        select ${key} from ${tables[table]} where expires_at <= ${dialect.now}
        order by expires_at limit ${sql.lit(rowsAtOnce)} ${dialect.skipBusyRows}
      )
      returning 1 as removed`,
  );
  let nextAt = 0;
  return () => {
    if (performance.now() < nextAt) return;
    nextAt = Number.POSITIVE_INFINITY;
    remove({}).then(
      (rows) => {
        nextAt = rows.length < rowsAtOnce ? performance.now() + pause : 0;
      },
      () => {
        nextAt = performance.now() + pause;
      },
    );
  };
}
