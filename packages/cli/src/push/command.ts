import { resolve } from 'node:path';

import { isForumSsoError } from '@forum-sso/core';

import { type ExitCode, exitCodes } from '../exit-codes.js';
import { fetchSwitch } from '../site/fetch-switch.js';
import { httpFetch } from '../site/http-fetch.js';
import { loadOptions } from '../site/load-options.js';
import { openTarget, type SetUpSite, setUpSite, type Target } from '../site/target.js';
import { plain } from '../terminal/plain.js';
import { Progress } from '../terminal/progress.js';
import { UsageError } from '../usage-error.js';
import { type BulkResult, type Memory, startBulk } from './bulk.js';
import { Digests } from './digests.js';
import { FaultLog } from './fault-log.js';
import { Journal, type JournalTarget, readJournal } from './journal.js';
import { type PushArguments, type PushSettings, readPushArguments } from './push-options.js';
import { type PushOutcome, pushReport } from './report.js';
import { ReportFile } from './report-file.js';
import { openSource, type Source } from './rows/open-source.js';
import { SentTable } from './sent-table.js';
import { summaryLines } from './summary.js';
import { UserRows } from './user-rows.js';

/** `forum-sso push`. */
export async function push(given: PushArguments): Promise<ExitCode> {
  const settings = readPushArguments(given);
  const loaded = await loadOptions({
    config: settings.config,
    groups: settings.groups,
    folder: process.cwd(),
    variables: process.env,
    withStore: true,
  });
  // Node's own client knows nothing of proxies unless it is told to look for them.
  const viaProxy = process.env.NODE_USE_ENV_PROXY !== undefined;
  const http = httpFetch(settings.concurrency);
  try {
    const usual = viaProxy ? fetch : http.fetch;
    const gate = fetchSwitch(loaded.options.fetch ?? usual, settings.timeoutMs);
    const site = setUp(() => setUpSite(loaded.options, gate.fetch));
    const target = await openTarget(site, settings.to, gate);
    warn(site, target, loaded.options.store !== undefined);
    const source = await openSource(settings.from, settings.format);
    try {
      const rows = await UserRows.open(source, settings.rules, settings.delimiter);
      return await pushRows(settings, target, source, rows);
    } finally {
      await source.close();
    }
  } finally {
    http.close();
    await loaded.close();
  }
}

async function pushRows(
  settings: PushSettings,
  target: Target,
  source: Source,
  rows: UserRows,
): Promise<ExitCode> {
  const faults = new FaultLog(settings.errors);
  const reportFile = new ReportFile(settings.report);
  const memory = openMemory(settings, target);
  const interruption = listenForSignals();
  const startedAt = new Date();
  const begun = performance.now();
  try {
    const run = startBulk({
      target,
      rows,
      memory: memory.memory,
      dryRun: settings.dryRun,
      perMinute: settings.perMinute === undefined ? target.perMinute : settings.perMinute,
      concurrency: settings.concurrency,
      backoff: settings.backoff,
      faults,
      signal: interruption.signal,
    });
    const progress = settings.quiet ? null : showProgress(run, rows, source);
    const result = await run.result.finally(() => progress?.stop());
    const outcome = outcomeOf(result);
    faults.close();
    const exitCode = exitCodeOf(outcome, result, faults.failure === null, interruption.by());
    const report = pushReport({
      ...{ outcome, exitCode, dryRun: settings.dryRun, result, faults, startedAt },
      connector: target.connector,
      community: target.address === '' ? '' : new URL(target.address).origin,
      source: source.name,
      ignored: rows.ignored,
      seconds: (performance.now() - begun) / 1_000,
      journal: memory.path,
    });
    const failure = reportFile.write(report);
    // With the report on standard output, what is for people goes beside it.
    const out = settings.report === '-' ? process.stderr : process.stdout;
    out.write(`${summaryLines(report, settings.errors).join('\n')}\n`);
    if (faults.failure !== null) complain('--errors', settings.errors, faults.failure);
    if (failure === null) return exitCode;
    complain('--report', settings.report, failure);
    return exitCode === exitCodes.ok ? exitCodes.attention : exitCode;
  } finally {
    interruption.end();
    memory.close();
    reportFile.close();
  }
}

/** Runs what the engine may refuse with a list of problems. */
function setUp(work: () => SetUpSite): SetUpSite {
  try {
    return work();
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    throw new UsageError(error.problems.length > 0 ? error.problems : error.detail);
  }
}

function warn({ warnings }: SetUpSite, { connector, standing }: Target, hasStore: boolean): void {
  const own = warnings.filter((warning) => warning.connector === connector);
  for (const { detail } of own) process.stderr.write(`Warning: ${plain(detail, 500)}\n`);
  if (standing === undefined && hasStore) {
    process.stderr.write(
      'Warning: the store cannot tell who was removed or suspended at the site, so they are sent like everybody else.\n',
    );
  }
}

/** The journal; for a dry run only what stands in it. */
function openMemory(
  settings: PushSettings,
  { kind, connector, address, keys }: Target,
): { readonly memory: Memory; readonly path: string | null; close(): void } {
  const path = resolve(settings.journal ?? `forum-sso-push-${connector}.journal`);
  const target: JournalTarget = { kind, connector, address, keys };
  if (settings.dryRun) {
    const found = settings.mode === 'fresh' ? null : readJournal(path, target);
    const { digests, table } = found ?? { digests: new Digests(keys[0]), table: new SentTable() };
    const memory = {
      digests,
      table,
      sent: () => {
        throw new Error('A dry run sends nothing.');
      },
    };
    return { memory, path: found === null ? null : path, close: () => {} };
  }
  const { journal, resumed, damagedLines } = Journal.open(path, target, settings.mode);
  if (resumed > 0)
    process.stderr.write(`Continues with ${plain(path)}: ${resumed} people were sent before.\n`);
  if (damagedLines > 0) {
    process.stderr.write(
      `Warning: ${damagedLines} lines of the journal cannot be read; those people are sent again.\n`,
    );
  }
  return { memory: journal, path, close: () => journal.close() };
}

interface Interruption {
  readonly signal: AbortSignal;
  /** What interrupted; null while nothing has. */
  by(): 'SIGINT' | 'SIGTERM' | null;
  end(): void;
}

/** The first signal lets what is under way come to its end; the second ends the process. */
function listenForSignals(): Interruption {
  const controller = new AbortController();
  let by: 'SIGINT' | 'SIGTERM' | null = null;
  const stop = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (by !== null) process.exit(signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated);
    by = signal;
    process.stderr.write('\nEnding: what is under way is brought to its end. Once more ends it at once.\n');
    controller.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return {
    signal: controller.signal,
    by: () => by,
    end: () => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
    },
  };
}

function showProgress(run: ReturnType<typeof startBulk>, rows: UserRows, { size }: Source): Progress {
  const { tally } = run;
  return new Progress({
    write: (text) => process.stderr.write(text),
    terminal: process.stderr.isTTY === true,
    columns: process.stderr.columns ?? 80,
    now: () => performance.now(),
    read: () => ({
      done: Object.values(tally).reduce((sum, value) => sum + value, 0),
      sent: tally.new + tally.changed,
      failed: tally.invalid + tally.failed,
      share: size === null || size === 0 ? null : Math.min(1, rows.bytes / size),
      heldFor: run.heldFor,
    }),
  });
}

function outcomeOf({ complete, stopped }: BulkResult): PushOutcome {
  if (complete) return 'complete';
  return stopped === null ? 'interrupted' : 'stopped';
}

function exitCodeOf(
  outcome: PushOutcome,
  { tally }: BulkResult,
  toldAll: boolean,
  by: 'SIGINT' | 'SIGTERM' | null,
): ExitCode {
  if (outcome === 'stopped') return exitCodes.stopped;
  if (outcome === 'interrupted') return by === 'SIGTERM' ? exitCodes.terminated : exitCodes.interrupted;
  return tally.invalid + tally.failed > 0 || !toldAll ? exitCodes.attention : exitCodes.ok;
}

function complain(option: string, path: string | undefined, code: string): void {
  process.stderr.write(`${option} ${plain(path ?? '')} could not be written to its end (${plain(code)}).\n`);
}
