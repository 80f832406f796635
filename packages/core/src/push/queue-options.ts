import { ForumSsoError } from '../errors.js';
import type { QueueOptions } from './queue.js';
import { defaultRetry, type RetryPolicy } from './retry.js';

/** The options of a queue with all defaults. */
export interface ReadQueueOptions {
  readonly work: boolean;
  readonly concurrency: number;
  readonly limit: number;
  readonly retry: RetryPolicy;
  readonly leaseSeconds: number;
}

const wholeNumbers: readonly (readonly [name: 'concurrency' | 'limit' | 'leaseSeconds', most: number])[] = [
  ['concurrency', 1_000],
  ['limit', 100_000_000],
  ['leaseSeconds', 3_600],
];

/**
 * Reads the options that all queues have.
 * @param maker the function that was called, for the error's text
 * @throws ForumSsoError `ERR_OPTIONS_INVALID`
 */
export function readQueueOptions(maker: string, options: QueueOptions): ReadQueueOptions {
  const read = {
    work: options.work ?? true,
    concurrency: options.concurrency ?? 8,
    limit: options.limit ?? 100_000,
    retry: { ...defaultRetry, ...options.retry },
    leaseSeconds: options.leaseSeconds ?? 30,
  };
  const { attempts, firstSeconds, longestSeconds } = read.retry;
  const problems = [
    ...(typeof read.work === 'boolean' ? [] : ['work: must be true or false.']),
    ...wholeNumbers.flatMap(([name, most]) =>
      isWhole(read[name], most) ? [] : [`${name}: must be a whole number from 1 to ${most}.`],
    ),
    ...(isWhole(attempts, 1_000) ? [] : ['retry.attempts: must be a whole number from 1 to 1000.']),
    ...(isSeconds(firstSeconds) && isSeconds(longestSeconds) && firstSeconds <= longestSeconds
      ? []
      : ['retry.firstSeconds and retry.longestSeconds: must be more than 0, the first not the greater one.']),
  ];
  if (problems.length > 0) {
    throw new ForumSsoError('ERR_OPTIONS_INVALID', `${maker}: ${problems.join(' ')}`, { problems });
  }
  return read;
}

function isWhole(value: unknown, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
}

function isSeconds(value: unknown): boolean {
  return typeof value === 'number' && value > 0 && value <= 86_400;
}
