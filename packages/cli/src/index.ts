export { type BackoffPolicy, defaultBackoff } from './push/backoff.js';
export {
  type BulkOptions,
  type BulkResult,
  type BulkRun,
  type Memory,
  startBulk,
  type Tally,
} from './push/bulk.js';
export { type ColumnRules, columnTable, readColumnMap } from './push/columns.js';
export { Digests, type JournalKey } from './push/digests.js';
export { type Fault, FaultLog } from './push/fault-log.js';
export { Journal, type JournalTarget } from './push/journal.js';
export type { PushReport } from './push/report.js';
export type { RowRules } from './push/row-user.js';
export { openSource, type Source } from './push/rows/open-source.js';
export type { StopReason } from './push/sender.js';
export { SentTable } from './push/sent-table.js';
export { type IgnoredColumns, UserRows } from './push/user-rows.js';
export { type FetchSwitch, fetchSwitch } from './site/fetch-switch.js';
export { httpFetch } from './site/http-fetch.js';
export { openTarget, type SetUpSite, setUpSite, type Target } from './site/target.js';
export { UsageError } from './usage-error.js';
