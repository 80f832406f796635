import type { QueueMetrics } from './queue.js';
import type { Decision } from './retry.js';

/** What this process has done for one connector. */
export class Tally {
  running = 0;
  readonly #counts: Record<Decision['next'], number> = { done: 0, retry: 0, pause: 0, dead: 0 };

  count({ next }: Decision): void {
    this.#counts[next]++;
  }

  get since(): QueueMetrics['since'] {
    const { done, retry, pause, dead } = this.#counts;
    return { done, retried: retry, paused: pause, dead };
  }
}
