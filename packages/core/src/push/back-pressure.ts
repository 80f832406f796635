import { ForumSsoError } from '../errors.js';

/** How long a count is good for, in milliseconds. */
const countLife = 1_000;

/** Refuses jobs when too many wait. The waiting are counted once a second; between, this process counts its own. */
export class BackPressure {
  readonly #limit: number;
  readonly #count: (connector: string) => Promise<number>;
  readonly #known = new Map<string, { waiting: number; readonly countedAt: number }>();

  constructor(limit: number, count: (connector: string) => Promise<number>) {
    this.#limit = limit;
    this.#count = count;
  }

  /** @throws ForumSsoError `ERR_PUSH_QUEUE_FULL` */
  async admit(connector: string): Promise<void> {
    let known = this.#known.get(connector);
    if (known === undefined || performance.now() - known.countedAt > countLife) {
      const countedAt = performance.now();
      known = { waiting: await this.#count(connector), countedAt };
      this.#known.set(connector, known);
    }
    if (known.waiting >= this.#limit) {
      throw new ForumSsoError(
        'ERR_PUSH_QUEUE_FULL',
        `${known.waiting} jobs wait for ${connector}, and the queue's limit is ${this.#limit}: see why they do not get done, or raise it.`,
      );
    }
    known.waiting++;
  }
}
