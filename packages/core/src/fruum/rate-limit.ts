/** How often one person may connect. */
export interface RateLimit {
  /** Whole number, at least 1. */
  readonly requests: number;
  /** Length of the window in seconds. */
  readonly seconds: number;
}

/** Most people that are counted at a time; beyond, the oldest window is forgotten. */
const peopleLimit = 50_000;

/**
 * Counts requests by person, in windows of fixed length, in this process. It is asked only after a hash has verified,
 * so a stranger can neither fill it nor lock anybody out.
 *
 * @returns a function that counts one request and says whether it may pass
 */
export function createRateLimit(
  { requests, seconds }: RateLimit,
  now: () => Date,
): (userId: string) => boolean {
  const windows = new Map<string, { readonly startedAt: number; count: number }>();
  return (userId) => {
    const time = now().getTime();
    const window = windows.get(userId);
    if (window !== undefined && Math.abs(time - window.startedAt) < seconds * 1_000) {
      window.count++;
      return window.count <= requests;
    }
    // Set anew, so that the map stays in the order of the windows' starts.
    windows.delete(userId);
    for (const [oldest, { startedAt }] of windows) {
      if (windows.size < peopleLimit && time - startedAt < seconds * 1_000) break;
      windows.delete(oldest);
    }
    windows.set(userId, { startedAt: time, count: 1 });
    return true;
  };
}
