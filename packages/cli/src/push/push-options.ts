import { resolve } from 'node:path';

import type { GroupsOption } from '@forum-sso/core/discourse';

import { UsageError } from '../usage-error.js';
import { type BackoffPolicy, defaultBackoff } from './backoff.js';
import { readColumnMap } from './columns.js';
import type { RowRules } from './row-user.js';

/** The options of `forum-sso push` as they were written. */
export interface PushArguments {
  readonly from: string;
  readonly format?: string;
  readonly delimiter?: string;
  readonly map?: readonly string[];
  readonly emailsVerified?: boolean;
  readonly allowStaff?: boolean;
  readonly config?: string;
  readonly to?: string;
  readonly groups?: string;
  readonly dryRun?: boolean;
  readonly journal?: string;
  readonly resume?: boolean;
  readonly fresh?: boolean;
  readonly rate?: string;
  readonly concurrency?: string;
  readonly attempts?: string;
  readonly backoff?: string;
  readonly timeout?: string;
  readonly errors?: string;
  readonly report?: string;
  readonly quiet?: boolean;
}

/** The same, read. */
export interface PushSettings {
  readonly from: string;
  readonly format: 'csv' | 'jsonl' | undefined;
  readonly delimiter: string | undefined;
  readonly rules: RowRules;
  readonly config: string | undefined;
  readonly to: string | undefined;
  readonly groups: GroupsOption | undefined;
  readonly dryRun: boolean;
  readonly journal: string | undefined;
  readonly mode: 'new' | 'resume' | 'fresh';
  /** People a minute; null: no limit; undefined: the community's own. */
  readonly perMinute: number | null | undefined;
  readonly concurrency: number;
  readonly backoff: BackoffPolicy;
  readonly timeoutMs: number | undefined;
  readonly errors: string | undefined;
  readonly report: string | undefined;
  readonly quiet: boolean;
}

/** @throws UsageError with everything that is wrong */
export function readPushArguments(given: PushArguments): PushSettings {
  const problems: string[] = [];
  const number = (
    option: string,
    text: string | undefined,
    least: number,
    most: number,
  ): number | undefined => {
    if (text === undefined) return undefined;
    const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    problems.push(`--${option} must be a number from ${least} to ${most}.`);
    return undefined;
  };
  const { format, delimiter, rate, map: mapOptions = [] } = given;
  if (format !== undefined && format !== 'csv' && format !== 'jsonl')
    problems.push('--format must be csv or jsonl.');
  const separator = delimiter === '\\t' ? '\t' : delimiter;
  if (separator !== undefined && !/^[^\s"]$|^\t$/.test(separator)) {
    problems.push('--delimiter must be one character, such as ";", or \\t.');
  }
  if (given.resume === true && given.fresh === true) problems.push('Say --resume or --fresh, not both.');
  const perMinute = rate === 'none' ? null : number('rate', rate, 0.1, 1_000_000);
  const concurrency = number('concurrency', given.concurrency, 1, 256);
  if (concurrency !== undefined && !Number.isInteger(concurrency))
    problems.push('--concurrency must be a whole number.');
  const attempts = number('attempts', given.attempts, 1, 100);
  const first = number('backoff', given.backoff, 0, 3_600);
  const timeout = number('timeout', given.timeout, 0.05, 10);
  const groups = readGroups(given.groups, problems);
  let map: ReadonlyMap<string, string> = new Map();
  try {
    map = readColumnMap(mapOptions);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(...error.problems);
  }
  problems.push(...sharedFiles(given));
  if (problems.length > 0) throw new UsageError(problems);
  return {
    from: given.from,
    format: format === 'csv' || format === 'jsonl' ? format : undefined,
    delimiter: separator,
    rules: { map, allowStaff: given.allowStaff ?? false, emailsVerified: given.emailsVerified ?? false },
    config: given.config,
    to: given.to,
    groups,
    dryRun: given.dryRun ?? false,
    journal: given.journal,
    mode: given.fresh === true ? 'fresh' : given.resume === true ? 'resume' : 'new',
    perMinute,
    concurrency: concurrency ?? 4,
    backoff: {
      attempts: Math.floor(attempts ?? defaultBackoff.attempts),
      firstMilliseconds: first === undefined ? defaultBackoff.firstMilliseconds : first * 1_000,
      longestMilliseconds: defaultBackoff.longestMilliseconds,
    },
    timeoutMs: timeout === undefined ? undefined : timeout * 1_000,
    errors: given.errors,
    report: given.report,
    quiet: given.quiet ?? false,
  };
}

/** What is written must not be what is read, nor be written over. */
function sharedFiles({ from, journal, errors, report }: PushArguments): readonly string[] {
  const seen = new Map<string, string>();
  const problems: string[] = [];
  for (const [option, path] of Object.entries({ from, journal, errors, report })) {
    if (path === undefined || path === '-') continue;
    const other = seen.get(resolve(path));
    if (other !== undefined) problems.push(`--${option} and --${other} name the same file.`);
    seen.set(resolve(path), option);
  }
  return problems;
}

/** `exact`, or the names that are managed. */
function readGroups(text: string | undefined, problems: string[]): GroupsOption | undefined {
  if (text === undefined) return undefined;
  if (text === 'exact') return { mode: 'exact' };
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length > 0) return { mode: 'managed', names };
  problems.push(
    '--groups must be "exact", or the names of the groups that follow the site, with commas between them.',
  );
  return undefined;
}
