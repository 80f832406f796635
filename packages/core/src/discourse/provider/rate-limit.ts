/** A sliding window: at most `limit` calls in any `windowSeconds`. Counts in this process alone. */
export interface CallLimit {
  /** @returns null when the call may pass, else the seconds to wait */
  take(now: Date): number | null;
}

export function createCallLimit(limit: number, windowSeconds: number): CallLimit {
  const taken: number[] = [];
  return {
    take(now) {
      const time = now.getTime();
      while ((taken[0] ?? time) <= time - windowSeconds * 1_000) taken.shift();
      const [oldest] = taken;
      if (taken.length >= limit && oldest !== undefined) {
        return Math.max(1, Math.ceil((oldest + windowSeconds * 1_000 - time) / 1_000));
      }
      taken.push(time);
      return null;
    },
  };
}
