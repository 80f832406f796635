import type { JobOutcome } from './job.js';

/** When a job is tried again. */
export interface RetryPolicy {
  /** After so many attempts in vain a job is dead. Default 15, which is about five hours. */
  readonly attempts: number;
  /** Seconds to wait after the first attempt; twice as many after each one more. Default 10. */
  readonly firstSeconds: number;
  /** Most seconds to wait. Default 3,600. */
  readonly longestSeconds: number;
}

export const defaultRetry: RetryPolicy = { attempts: 15, firstSeconds: 10, longestSeconds: 3_600 };

/** What becomes of a job after an attempt. */
export type Decision =
  | { readonly next: 'done' }
  /** It waits. */
  | { readonly next: 'retry'; readonly milliseconds: number }
  /** Its whole community waits, and the attempt does not count. */
  | { readonly next: 'pause'; readonly milliseconds: number }
  | { readonly next: 'dead'; readonly code: string; readonly detail: string };

/**
 * Decides what comes after an attempt.
 * @param attempts attempts in vain before this one
 * @param random a number from 0 to below 1
 */
export function decide(outcome: JobOutcome, attempts: number, policy: RetryPolicy, random: number): Decision {
  if (outcome.done) return { next: 'done' };
  const { code, detail, retryAfter, slowDown } = outcome;
  if (slowDown)
    return { next: 'pause', milliseconds: Math.max(1, retryAfter ?? policy.firstSeconds) * 1_000 };
  if (retryAfter === undefined || attempts + 1 >= policy.attempts) return { next: 'dead', code, detail };
  const doubled = Math.min(policy.longestSeconds, policy.firstSeconds * 2 ** attempts);
  // Jitter spreads what failed together; the community's own wish is the least.
  const seconds = Math.max(retryAfter, doubled * (0.5 + random / 2));
  return { next: 'retry', milliseconds: Math.ceil(seconds * 1_000) };
}
