/** The clock and the waiting of a push, replaced in tests. */
export interface Time {
  /** Milliseconds that only go forward. */
  now(): number;
  /** Waits; ends at once when the signal is given. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const realTime: Time = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal.addEventListener('abort', done);
    }),
};

/**
 * What is kept back of a limit: calls that leave evenly arrive a little less so, and a forum counts arrivals in a
 * sliding window.
 */
const reserve = 1.02;

/**
 * Lets calls go one after the other at even distances, and none while the community wants to be left alone. Bursts at
 * the end of one minute and the beginning of the next would pass twice the limit.
 */
export class Pacer {
  readonly #interval: number;
  readonly #time: Time;
  readonly #signal: AbortSignal;
  #nextAt = 0;
  #heldUntil = 0;
  #queue: Promise<void> = Promise.resolve();

  /**
   * @param perMinute null: as fast as the community answers
   * @param signal ends all waiting
   */
  constructor(perMinute: number | null, time: Time, signal: AbortSignal) {
    this.#interval = perMinute === null ? 0 : (60_000 / perMinute) * reserve;
    this.#time = time;
    this.#signal = signal;
  }

  /** Waits for one's turn. Nothing to wait for: undefined. */
  turn(): Promise<void> | undefined {
    if (this.#interval === 0 && this.#heldUntil <= this.#time.now()) return undefined;
    this.#queue = this.#queue.then(() => this.#wait());
    return this.#queue;
  }

  /** Nobody goes for so many milliseconds from now on. Never makes a wait shorter. */
  hold(milliseconds: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, this.#time.now() + milliseconds);
  }

  /** Milliseconds for which everybody still waits. */
  get heldFor(): number {
    return Math.max(0, this.#heldUntil - this.#time.now());
  }

  async #wait(): Promise<void> {
    for (;;) {
      const now = this.#time.now();
      const at = Math.max(this.#nextAt, this.#heldUntil);
      if (at <= now || this.#signal.aborted) break;
      await this.#time.sleep(at - now, this.#signal);
    }
    this.#nextAt = this.#time.now() + this.#interval;
  }
}
