import { setTimeout as sleep } from 'node:timers/promises';

import { ForumSsoError } from '../errors.js';
import { memoryStore } from '../store/memory-store.js';
import type { Jobs, WaitingJob } from '../store/store.js';
import { BackPressure } from './back-pressure.js';
import type { PushJob } from './job.js';
import type { JobSeal } from './job-seal.js';
import type { Leave } from './lanes.js';
import { type Slots, slotsOf } from './pace.js';
import type { DeadLetter, PushQueue, QueueMetrics, QueueOptions, QueueSetup, RunningQueue } from './queue.js';
import { type ReadQueueOptions, readQueueOptions } from './queue-options.js';
import type { Decision } from './retry.js';
import { Tally } from './tally.js';

/** The options of {@link storeQueue}. */
export interface StoreQueueOptions extends QueueOptions {
  /** Seconds between two looks for jobs that other processes have added or left behind. Default 5. */
  readonly pollSeconds?: number;
}

/** Jobs that are looked at in one go. */
const glance = 50;
/** Milliseconds until the next look, when others are busy with everything that is due. */
const busyPause = 200;
const unhurried: Slots = { milliseconds: () => 0, late: 0 };
/** Milliseconds until the next look, when the store has failed. */
const faultPause = 5_000;

/**
 * A queue within the site's own processes: it keeps its jobs in the store, so with an SQL store they survive a restart,
 * and any number of processes share the work and the pace. With a store that keeps no jobs they are in memory.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID`
 */
export function storeQueue(options: StoreQueueOptions = {}): PushQueue {
  const read = readQueueOptions('storeQueue', options);
  const { pollSeconds = 5 } = options;
  if (!(pollSeconds > 0 && pollSeconds <= 3_600)) {
    const problem = 'pollSeconds: must be more than 0 and at most 3600.';
    throw new ForumSsoError('ERR_OPTIONS_INVALID', `storeQueue: ${problem}`, { problems: [problem] });
  }
  return {
    kind: 'store',
    leaseSeconds: read.leaseSeconds,
    open: (setup) => openStoreQueue(setup, read, pollSeconds * 1_000),
  };
}

function openStoreQueue(setup: QueueSetup, options: ReadQueueOptions, poll: number): RunningQueue {
  const { seal, store } = setup;
  const jobs = store.jobs ?? memoryStore({ now: setup.now }).jobs;
  // Nobody but this process adds to its own memory.
  const pause = store.jobs !== undefined && store.shared ? poll : null;
  const waitingFor = async (connector: string): Promise<number> =>
    (await jobs.counts()).find((count) => count.connector === connector)?.waiting ?? 0;
  const pressure = new BackPressure(options.limit, waitingFor);
  const workers = new Map(
    setup.connectors.map(({ name, pace }) => {
      const slots = pace === undefined ? null : slotsOf(pace);
      return [name, new Worker(name, slots, jobs, setup, options, pause)] as const;
    }),
  );
  if (options.work) for (const worker of workers.values()) worker.start();
  let closed = false;

  return {
    async enqueue(job) {
      if (closed) throw new ForumSsoError('ERR_PUSH_QUEUE_CLOSED', 'The push queue was closed.');
      await pressure.admit(job.connector);
      await jobs.add({ id: seal.idOf(job), connector: job.connector, body: await seal.seal(job) });
      workers.get(job.connector)?.wake();
    },
    async metrics() {
      const counts = new Map((await jobs.counts()).map((count) => [count.connector, count]));
      return [...workers].map(([connector, { tally }]): QueueMetrics => {
        const { waiting = 0, dead = 0, oldestMilliseconds = null } = counts.get(connector) ?? {};
        const oldestSeconds = oldestMilliseconds === null ? null : Math.max(0, oldestMilliseconds) / 1_000;
        return { connector, waiting, dead, oldestSeconds, running: tally.running, since: tally.since };
      });
    },
    deadLetters: (limit = 100) => readDeadLetters(jobs, seal, limit),
    async replay(ids) {
      const chosen = ids ?? (await jobs.dead(Number.MAX_SAFE_INTEGER)).map(({ id }) => id);
      let revived = 0;
      for (const id of chosen) if (await jobs.revive(id)) revived++;
      for (const worker of workers.values()) worker.wake();
      return revived;
    },
    async discard(ids) {
      let discarded = 0;
      for (const id of ids) if (await jobs.discard(id)) discarded++;
      return discarded;
    },
    async close(seconds) {
      closed = true;
      const late = new AbortController();
      const all = Promise.all([...workers.values()].map((worker) => worker.close()));
      await Promise.race([all, sleep(seconds * 1_000, undefined, { signal: late.signal }).catch(() => {})]);
      late.abort();
    },
  };
}

async function readDeadLetters(jobs: Jobs, seal: JobSeal, limit: number): Promise<readonly DeadLetter[]> {
  const dead = await jobs.dead(limit);
  return Promise.all(
    dead.map(async ({ id, connector, body, attempts, code, detail, diedAt }) => {
      const job = await seal.open(body);
      return {
        ...{ id, connector, siteUserId: job?.siteUserId ?? null, kind: job?.kind ?? null },
        ...{ attempts, code, detail, at: diedAt },
      };
    }),
  );
}

/** Works on the jobs of one connector. */
class Worker {
  readonly tally = new Tally();
  readonly #connector: string;
  readonly #slots: Slots | null;
  readonly #jobs: Jobs;
  readonly #setup: QueueSetup;
  readonly #options: ReadQueueOptions;
  readonly #poll: number | null;
  /** Ids of the jobs that run here. */
  readonly #running = new Map<string, Promise<void>>();
  #loop: Promise<void> = Promise.resolve();
  #closing = false;
  #awake = false;
  #wakeUp = (): void => {};

  constructor(
    connector: string,
    slots: Slots | null,
    jobs: Jobs,
    setup: QueueSetup,
    options: ReadQueueOptions,
    poll: number | null,
  ) {
    this.#connector = connector;
    this.#slots = slots;
    this.#jobs = jobs;
    this.#setup = setup;
    this.#options = options;
    this.#poll = poll;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** Lets it look for jobs now. */
  wake(): void {
    this.#awake = true;
    this.#wakeUp();
  }

  /** Begins nothing more. @returns when all that runs has ended */
  async close(): Promise<void> {
    this.#closing = true;
    this.wake();
    await this.#loop;
    await Promise.all(this.#running.values());
  }

  async #run(): Promise<void> {
    while (!this.#closing) {
      this.#awake = false;
      let pause: number | null;
      try {
        pause = await this.#turn();
      } catch (cause) {
        const detail = 'The store did not answer the push queue; it tries again in a few seconds.';
        this.#setup.emit({ type: 'push.stalled', detail, cause }, this.#connector);
        pause = faultPause;
      }
      await this.#rest(pause);
    }
  }

  /** Starts what can be started. @returns milliseconds until it makes sense to look again; null: when something changes */
  async #turn(): Promise<number | null> {
    while (!this.#closing && this.#running.size < this.#options.concurrency) {
      const { jobs, nextInMilliseconds } = await this.#jobs.peek(this.#connector, glance);
      const pause = await this.#startOne(jobs.filter(({ id }) => !this.#running.has(id)));
      if (pause === 'nothing') return nextInMilliseconds;
      if (pause !== 'started') return pause;
    }
    return null;
  }

  /** Starts the first job whose person nobody else is busy with, as soon as the pace allows. */
  async #startOne(waiting: readonly WaitingJob[]): Promise<'started' | 'nothing' | number> {
    let othersAreBusy = false;
    for (const { id, body, generation } of waiting) {
      const job = await this.#setup.seal.open(body);
      if (job === null || job.connector !== this.#connector) {
        await this.#buryUnreadable(id, generation);
        continue;
      }
      const leave = await this.#setup.enter(job);
      if (leave === null) {
        othersAreBusy = true;
        continue;
      }
      const pause = await this.#startInLane(id, job, leave).catch(async (error: unknown) => {
        await leave();
        throw error;
      });
      if (pause !== 'nothing') return pause;
    }
    return othersAreBusy ? busyPause : 'nothing';
  }

  async #startInLane(id: string, job: PushJob, leave: Leave): Promise<'started' | 'nothing' | number> {
    // Whoever was in the lane before may have done it.
    const current = await this.#jobs.read(id);
    // Without a pace a slot takes no time, but there is none while the community wants to be left alone.
    const { milliseconds, late } = this.#slots ?? unhurried;
    const wait =
      current === null ? 0 : await this.#jobs.takeSlot(this.#connector, milliseconds(job.kind), late);
    if (current === null || wait > 0) {
      await leave();
      return current === null ? 'nothing' : wait;
    }
    this.tally.running++;
    const run = this.#perform(current, job).finally(async () => {
      await leave();
      this.#running.delete(id);
      this.tally.running--;
      this.wake();
    });
    this.#running.set(id, run);
    return 'started';
  }

  async #perform({ id, attempts, generation }: WaitingJob, job: PushJob): Promise<void> {
    const decision = await this.#setup.work(job, attempts, this.#options.retry);
    this.tally.count(decision);
    try {
      await this.#settle(id, generation, decision);
    } catch (cause) {
      // It stays as it was, and is done once more.
      const detail = 'The store did not take down how a push ended; it will be done once more.';
      this.#setup.emit({ type: 'push.stalled', detail, cause }, this.#connector);
      await sleep(busyPause);
    }
  }

  async #settle(id: string, generation: number, decision: Decision): Promise<void> {
    switch (decision.next) {
      case 'done':
        await this.#jobs.complete(id, generation);
        return;
      case 'retry':
        await this.#jobs.postpone(id, decision.milliseconds, true);
        return;
      case 'pause':
        await this.#jobs.hold(this.#connector, decision.milliseconds);
        await this.#jobs.postpone(id, decision.milliseconds, false);
        return;
      case 'dead':
        await this.#jobs.bury(id, generation, decision);
    }
  }

  async #buryUnreadable(id: string, generation: number): Promise<void> {
    const code = 'ERR_PUSH_JOB_UNREADABLE';
    const detail = 'The job was sealed with a key that is no longer in the key ring, or it was changed.';
    if (!(await this.#jobs.bury(id, generation, { code, detail }))) return;
    this.tally.count({ next: 'dead', code, detail });
    this.#setup.emit(
      { type: 'push.failed', user: null, kind: null, code, detail, next: 'dead' },
      this.#connector,
    );
  }

  async #rest(pause: number | null): Promise<void> {
    const limits = [pause, this.#poll].filter((limit) => limit !== null);
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
      if (this.#awake || this.#closing) return resolve();
      // setTimeout takes no more than 24 days. A process with nothing else to do may end.
      if (limits.length > 0) setTimeout(resolve, Math.min(2 ** 31 - 1, ...limits)).unref();
    });
    this.#wakeUp = () => {};
  }
}
