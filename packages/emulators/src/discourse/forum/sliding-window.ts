export interface SlidingWindowOptions {
  /** How many in one window. 0 lets nobody through. */
  readonly max: number;
  readonly seconds: number;
  readonly now: () => Date;
  /** Do refused ones count as well? Default no. */
  readonly countsRefused?: boolean;
}

/** Lets so many through in any span of so many seconds, for each key on its own. */
export class SlidingWindow {
  readonly #options: SlidingWindowOptions;
  readonly #times = new Map<string, number[]>();

  constructor(options: SlidingWindowOptions) {
    this.#options = options;
  }

  /** Null: go on, it was counted. Else the whole seconds to wait, at least 1. */
  take(key: string): number | null {
    const { max, seconds, now, countsRefused = false } = this.#options;
    if (max <= 0) return seconds;
    const time = now().getTime();
    const times = this.#times.get(key) ?? [];
    this.#times.set(key, times);
    const oldest = times[times.length - max];
    const isFree = oldest === undefined || time - oldest >= seconds * 1_000;
    if (isFree || countsRefused) {
      times.push(time);
      if (times.length > max) times.splice(0, times.length - max);
    }
    return isFree ? null : Math.max(1, Math.ceil(seconds - (time - oldest) / 1_000));
  }
}
