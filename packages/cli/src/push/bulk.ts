import { setMaxListeners } from 'node:events';

import type { SiteUser } from '@forum-sso/core';

import { errorCodeOf } from '../error-code.js';
import type { Target } from '../site/target.js';
import { type BackoffPolicy, defaultBackoff } from './backoff.js';
import type { Digests } from './digests.js';
import { FaultLog } from './fault-log.js';
import { Pacer, realTime, type Time } from './pacer.js';
import { Sender, type StopReason } from './sender.js';
import type { SentTable } from './sent-table.js';
import type { UserRow, UserRows } from './user-rows.js';

/** Who was sent with what: a journal, or, for a dry run, what was read of one. */
export interface Memory {
  readonly digests: Digests;
  readonly table: SentTable;
  /** Notes that a person was sent. */
  sent(user: string, content: string): void;
}

export interface BulkOptions {
  readonly target: Target;
  readonly rows: UserRows;
  readonly memory: Memory;
  /** Goes through everything and sends nothing. */
  readonly dryRun?: boolean;
  /** Most people a minute; null: as fast as the community answers. */
  readonly perMinute: number | null;
  /** Most calls at the same time. */
  readonly concurrency: number;
  readonly backoff?: BackoffPolicy;
  readonly faults?: FaultLog;
  /** Given to end the run: nothing new begins, what is under way is brought to its end. */
  readonly signal?: AbortSignal;
  readonly time?: Time;
  readonly random?: () => number;
}

/** Rows by what became of them. Their sum is the number of rows that were read. */
export interface Tally {
  /** Sent (or, in a dry run, to be sent) for the first time. */
  new: number;
  /** Sent (or to be sent) since they have changed. */
  changed: number;
  /** Sent before with the same content. */
  unchanged: number;
  /** Marked as suspended in the file: not sent. */
  suspended: number;
  /** Removed or suspended at the site: not sent. */
  keptBack: number;
  /** The community has no place for them by its own rules: nothing to send. */
  nothingToSend: number;
  /** Rows that cannot be used. */
  invalid: number;
  /** The community did not take them. */
  failed: number;
  /** Begun and not finished, since the run was ended. */
  cutOff: number;
}

export interface BulkResult {
  readonly tally: Readonly<Tally>;
  /** False when the run ended before the file did. */
  readonly complete: boolean;
  /** Why it stopped by itself. */
  readonly stopped: StopReason | null;
  /** Calls of the community; tries again among them; how often it asked to slow down. */
  readonly calls: { readonly calls: number; readonly retries: number; readonly slowDowns: number };
  /** What the community said about people who were sent, and how often. */
  readonly notes: ReadonlyMap<string, number>;
}

/** A run that is under way. */
export interface BulkRun {
  readonly tally: Readonly<Tally>;
  /** Milliseconds for which the community wants to be left alone. */
  readonly heldFor: number;
  readonly result: Promise<BulkResult>;
}

const noteLimit = 100;

/**
 * Brings the people of a file to one community: who was sent before with the same content is left out, everybody else is
 * sent, as many at a time as is allowed and at the pace that is allowed. Whoever was taken is noted at once.
 */
export function startBulk(options: BulkOptions): BulkRun {
  const run = new Bulk(options);
  return {
    tally: run.tally,
    get heldFor() {
      return run.pacer.heldFor;
    },
    result: run.run(),
  };
}

class Bulk {
  readonly tally: Tally = {
    ...{ new: 0, changed: 0, unchanged: 0, suspended: 0, keptBack: 0, nothingToSend: 0 },
    ...{ invalid: 0, failed: 0, cutOff: 0 },
  };
  readonly pacer: Pacer;
  readonly #options: BulkOptions;
  readonly #faults: FaultLog;
  readonly #sender: Sender;
  readonly #over = new AbortController();
  readonly #notes = new Map<string, number>();
  #stopped: StopReason | null = null;
  #reachedEnd = false;

  constructor(options: BulkOptions) {
    const { target, perMinute, backoff = defaultBackoff, time = realTime, random = Math.random } = options;
    this.#options = options;
    this.#faults = options.faults ?? new FaultLog();
    const { signal } = this.#over;
    // Everybody who waits listens for the end.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', () => options.rows.stop());
    this.pacer = new Pacer(perMinute, time, signal);
    const stop = (reason: StopReason): void => this.#stop(reason);
    this.#sender = new Sender({ target, pacer: this.pacer, backoff, time, random, signal, stop });
  }

  async run(): Promise<BulkResult> {
    const { signal, dryRun = false, concurrency } = this.#options;
    const end = (): void => this.#over.abort();
    if (signal?.aborted === true) end();
    signal?.addEventListener('abort', end);
    try {
      // A rehearsal holds back every call of the process, so there is only one at a time.
      const workers = Array.from({ length: dryRun ? 1 : concurrency }, () => this.#work(end));
      for (const ended of await Promise.allSettled(workers))
        if (ended.status === 'rejected') throw ended.reason;
    } finally {
      signal?.removeEventListener('abort', end);
    }
    return {
      tally: this.tally,
      complete: this.#reachedEnd && this.#stopped === null && this.tally.cutOff === 0,
      stopped: this.#stopped,
      calls: this.#sender.counts,
      notes: this.#notes,
    };
  }

  /** @param end called when the file cannot be read any further */
  async #work(end: () => void): Promise<void> {
    const { rows } = this.#options;
    while (!this.#over.signal.aborted) {
      const row = await rows.next().catch((error: unknown) => {
        end();
        throw error;
      });
      if (row === null) {
        // Nobody knows what would have come.
        if (!this.#over.signal.aborted) this.#reachedEnd = true;
        return;
      }
      if ('user' in row) {
        const begun = this.#meet(row.line, row.user);
        if (begun !== undefined) await begun;
      } else {
        this.#refuse(row);
      }
    }
  }

  #refuse({ line, faults }: Extract<UserRow, { faults: unknown }>): void {
    this.tally.invalid++;
    for (const fault of faults) this.#faults.add({ line, ...fault });
  }

  /** Undefined when there is nothing to wait for. */
  #meet(line: number, user: SiteUser): Promise<void> | undefined {
    const { memory, dryRun = false } = this.#options;
    const key = memory.digests.user(user.id);
    const content = memory.digests.content(user);
    const visited = memory.table.visit(key, content);
    if (visited === 'repeated') {
      this.tally.invalid++;
      this.#faults.add({
        line,
        id: user.id,
        fault: 'has the id of an earlier row, and the first one counts',
      });
      return undefined;
    }
    // Before what was sent: a person who was suspended since then must not be sent again.
    if (user.suspended === true) {
      this.tally.suspended++;
      return undefined;
    }
    if (visited === 'unchanged') {
      this.tally.unchanged++;
      return undefined;
    }
    if (dryRun) return this.#rehearse(line, user, visited);
    return this.#send(line, user, { key, content, visited });
  }

  async #rehearse(line: number, user: SiteUser, visited: 'new' | 'changed'): Promise<void> {
    const { rehearse } = this.#options.target;
    if (rehearse === null) {
      this.tally[visited]++;
      return;
    }
    const { sends, refusal, notes } = await rehearse(user);
    if (sends) {
      this.tally[visited]++;
    } else if (refusal !== undefined) {
      this.tally.failed++;
      this.#faults.add({ line, id: user.id, code: refusal.refused, fault: refusal.detail });
    } else {
      this.tally.nothingToSend++;
      this.#note(notes);
    }
  }

  async #send(
    line: number,
    user: SiteUser,
    { key, content, visited }: { key: string; content: string; visited: 'new' | 'changed' },
  ): Promise<void> {
    const outcome = await this.#sender.send(user);
    switch (outcome.kind) {
      case 'sent':
        this.tally[visited]++;
        this.#note(outcome.notes);
        this.#remember(key, content);
        break;
      case 'kept-back':
        this.tally.keptBack++;
        break;
      case 'failed':
        this.tally.failed++;
        this.#faults.add({ line, id: user.id, code: outcome.code, fault: outcome.detail });
        break;
      case 'cut-off':
        this.tally.cutOff++;
    }
  }

  #remember(key: string, content: string): void {
    try {
      this.#options.memory.sent(key, content);
    } catch (error) {
      // Going on would send everybody twice at the next run.
      const detail = `The journal cannot be written (${errorCodeOf(error)}).`;
      this.#stop({ code: 'ERR_INTERNAL', detail });
    }
  }

  #note(notes: readonly string[]): void {
    for (const note of notes) {
      const times = this.#notes.get(note);
      if (times !== undefined || this.#notes.size < noteLimit) this.#notes.set(note, (times ?? 0) + 1);
    }
  }

  #stop(reason: StopReason): void {
    this.#stopped ??= reason;
    this.#over.abort();
  }
}
