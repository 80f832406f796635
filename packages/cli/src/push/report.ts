import type { BulkResult } from './bulk.js';
import type { FaultLog } from './fault-log.js';
import type { IgnoredColumns } from './user-rows.js';

/** How a push ended. */
export type PushOutcome =
  /** The whole file was gone through. */
  | 'complete'
  /** By Ctrl-C or a signal. */
  | 'interrupted'
  /** The community refuses every call or does not answer, or the journal cannot be written. */
  | 'stopped';

/** What `--report` writes. No secret, no content of a row but ids in the first faults. */
export interface PushReport {
  readonly command: 'push';
  readonly outcome: PushOutcome;
  readonly exitCode: number;
  readonly dryRun: boolean;
  readonly connector: string;
  /** Origin of the community; the empty string where it is not known. */
  readonly community: string;
  readonly source: string;
  readonly startedAt: string;
  readonly seconds: number;
  readonly rows: number;
  readonly sent: { readonly new: number; readonly changed: number };
  readonly unchanged: number;
  readonly suspended: number;
  readonly keptBack: number;
  readonly nothingToSend: number;
  readonly invalid: number;
  readonly failed: number;
  readonly cutOff: number;
  readonly calls: number;
  readonly retries: number;
  readonly slowDowns: number;
  readonly stopped: { readonly code: string; readonly detail: string } | null;
  readonly notes: Readonly<Record<string, number>>;
  readonly ignoredColumns: IgnoredColumns;
  readonly faults: { readonly total: number; readonly first: FaultLog['first'] };
  readonly journal: string | null;
}

export interface ReportParts
  extends Pick<
    PushReport,
    'outcome' | 'exitCode' | 'dryRun' | 'connector' | 'community' | 'source' | 'journal'
  > {
  readonly result: BulkResult;
  readonly faults: FaultLog;
  readonly ignored: IgnoredColumns;
  readonly startedAt: Date;
  readonly seconds: number;
}

export function pushReport({
  result,
  faults,
  ignored,
  startedAt,
  seconds,
  ...rest
}: ReportParts): PushReport {
  const { tally, calls, stopped, notes } = result;
  const { new: fresh, changed, ...others } = tally;
  return {
    command: 'push',
    ...rest,
    startedAt: startedAt.toISOString(),
    seconds: Math.round(seconds * 10) / 10,
    rows: Object.values(tally).reduce((sum, value) => sum + value, 0),
    sent: { new: fresh, changed },
    ...others,
    ...calls,
    stopped,
    notes: Object.fromEntries(notes),
    ignoredColumns: ignored,
    faults: { total: faults.total, first: faults.first },
  };
}
