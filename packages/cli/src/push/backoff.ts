/** How a call is tried again that failed for a reason that may pass: status 5xx, a broken connection, silence. */
export interface BackoffPolicy {
  /** Calls in all for one person. */
  readonly attempts: number;
  /** Milliseconds before the second call; doubled before each one after it. */
  readonly firstMilliseconds: number;
  readonly longestMilliseconds: number;
}

export const defaultBackoff: BackoffPolicy = {
  attempts: 8,
  firstMilliseconds: 1_000,
  longestMilliseconds: 60_000,
};

/**
 * Milliseconds to wait after a failed call: exponential, and half of it random, so that what failed together does not
 * come back together.
 *
 * @param attempt number of the call that failed, from 1
 * @param random at least 0, less than 1
 */
export function backoffAfter(attempt: number, policy: BackoffPolicy, random: number): number {
  const { firstMilliseconds, longestMilliseconds } = policy;
  const full = Math.min(longestMilliseconds, firstMilliseconds * 2 ** (attempt - 1));
  return Math.round(full / 2 + (full / 2) * random);
}
