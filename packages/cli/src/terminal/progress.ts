import { count, duration } from './numbers.js';

/** What a progress line tells. */
export interface ProgressState {
  /** People that are done with. */
  readonly done: number;
  /** How many of them were sent. */
  readonly sent: number;
  readonly failed: number;
  /** Share of the work that is done, 0 to 1; null when nobody knows. */
  readonly share: number | null;
  /** Milliseconds for which everything waits. */
  readonly heldFor: number;
}

export interface ProgressOptions {
  readonly write: (text: string) => void;
  readonly read: () => ProgressState;
  /** A terminal gets one line that is written anew; a log gets plain lines. */
  readonly terminal: boolean;
  /** Columns of the terminal. */
  readonly columns: number;
  /** Milliseconds that only go forward. */
  readonly now: () => number;
}

/** Milliseconds between two lines. */
const everyOnTerminal = 100;
const everyInLog = 10_000;
/** Rate and remaining time are those of the last two minutes. */
const memory = 120_000;

interface Sample {
  readonly at: number;
  readonly sent: number;
  readonly share: number;
}

/** Shows how a long run is doing. */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #samples: Sample[] = [];
  readonly #begun: number;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#begun = options.now();
    this.#sample(options.read());
    this.#timer = setInterval(() => this.show(), options.terminal ? everyOnTerminal : everyInLog);
    this.#timer.unref();
  }

  show(): void {
    const { read, write, terminal, columns } = this.#options;
    const state = read();
    this.#sample(state);
    const text = this.line(state);
    // Back to the beginning, the line, the rest of the line cleared.
    write(terminal ? `\r${text.slice(0, Math.max(10, columns - 1))}\u001b[K` : `${text}\n`);
  }

  /** The line for a state, without anything that only a terminal understands. */
  line({ done, sent, failed, share, heldFor }: ProgressState): string {
    const { terminal, now } = this.#options;
    const first = this.#samples[0];
    const seconds = first === undefined ? 0 : (now() - first.at) / 1_000;
    const perMinute = first === undefined || seconds < 1 ? null : ((sent - first.sent) / seconds) * 60;
    const perSecond = first === undefined || share === null ? 0 : (share - first.share) / seconds;
    const left = share === null || !(perSecond > 0) ? null : (1 - share) / perSecond;
    const parts = [
      ...(share === null ? [] : [`${Math.floor(share * 100)} %`]),
      `${count(done)} rows`,
      `${count(sent)} sent`,
      ...(perMinute === null ? [] : [`${count(Math.round(perMinute))}/min`]),
      ...(failed === 0 ? [] : [`${count(failed)} not taken or unusable`]),
      ...(heldFor > 1_000 ? [`waits ${duration(heldFor / 1_000)} as asked`] : []),
      ...(left === null ? [`${duration((now() - this.#begun) / 1_000)} so far`] : [`${duration(left)} left`]),
    ];
    return (terminal && share !== null ? `${bar(share)} ` : '') + parts.join(' · ');
  }

  /** Ends it; a terminal's line is cleared. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#options.terminal) this.#options.write('\r\u001b[K');
  }

  #sample({ sent, share }: ProgressState): void {
    const at = this.#options.now();
    const last = this.#samples.at(-1);
    if (last !== undefined && at - last.at < 1_000) return;
    this.#samples.push({ at, sent, share: share ?? 0 });
    while (this.#samples.length > 2 && at - (this.#samples[0]?.at ?? at) > memory) this.#samples.shift();
  }
}

function bar(share: number): string {
  const width = 20;
  const full = Math.round(share * width);
  return `[${'='.repeat(full)}${' '.repeat(width - full)}]`;
}
