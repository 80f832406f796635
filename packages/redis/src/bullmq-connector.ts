import { setTimeout as sleep } from 'node:timers/promises';

import {
  BackPressure,
  type DeadLetter,
  type Decision,
  type Pace,
  type PushJob,
  type QueueMetrics,
  type QueueSetup,
  type ReadQueueOptions,
  slotsOf,
  Tally,
} from '@forum-sso/core';
import {
  type ConnectionOptions,
  DelayedError,
  type IRedisClient,
  type Job,
  Queue,
  RateLimitError,
  UnrecoverableError,
  Worker,
} from 'bullmq';

export interface BullmqConnectorParts {
  readonly connection: ConnectionOptions;
  readonly prefix: string;
  readonly options: ReadQueueOptions;
  readonly setup: QueueSetup;
}

/** What is kept back of a limit: less than usual, since BullMQ is some milliseconds late with every job. */
const reserve = 0.02;
/** Milliseconds until the next try, when somebody else is busy with the same person. */
const busyPause = 200;
/** Milliseconds between two events about a Redis that cannot be reached. */
const stalledPause = 60_000;
/** How often a job may be left behind by processes that died, before it is taken for the cause of it. */
const deadliestJob = 10;
/** Jobs that are looked at to find the oldest of those that were put off. */
const glance = 1_000;
const waitingStates = ['waiting', 'active', 'delayed', 'prioritized'] as const;

/** Milliseconds to wait for a connection to end. */
const farewell = 1_000;
/** Most milliseconds between two attempts to connect. */
const longestReconnect = 5_000;

/** Sets BullMQ's mark that a limit was reached, as its own `rateLimit` does, but never for less time than it has. */
const holdScript = `
local left = math.max(0, redis.call('PTTL', KEYS[1]))
local wanted = math.max(left, tonumber(ARGV[1]))
if ARGV[2] == 'longer' then
  wanted = left + tonumber(ARGV[1])
end
return redis.call('SET', KEYS[1], '${Number.MAX_SAFE_INTEGER}', 'PX', wanted)`;

/** Tells BullMQ how long a job is to wait. */
class RetryLater extends Error {
  readonly milliseconds: number;

  constructor(milliseconds: number) {
    super('tried again later');
    this.milliseconds = milliseconds;
  }
}

/**
 * The BullMQ queue of one connector. BullMQ sees to order, delays, takeover and dead letters; how often and when a job is
 * tried again is our own decision, the same as with any other queue.
 */
export class BullmqConnector {
  readonly pressure: BackPressure;
  readonly #name: string;
  readonly #parts: BullmqConnectorParts;
  readonly #queue: Queue;
  readonly #tally = new Tally();
  /** Milliseconds that belong to a job. */
  readonly #slot: (job: PushJob) => number;
  /** Milliseconds that BullMQ itself leaves between two jobs. */
  readonly #shortestSlot: number;
  /** A hash of the dead letters by what they were to do. */
  readonly #deadKey: string;
  readonly #connection: ConnectionOptions;
  #worker: Worker | null = null;
  #closed = false;
  #stalledAt = Number.NEGATIVE_INFINITY;

  constructor(name: string, pace: Pace | undefined, parts: BullmqConnectorParts) {
    const { connection, prefix, options } = parts;
    this.#name = name;
    this.#parts = parts;
    const slots = pace === undefined ? null : slotsOf(pace, reserve);
    this.#slot = (job) => slots?.milliseconds(job.kind) ?? 0;
    this.#shortestSlot =
      pace === undefined ? 0 : slotsOf({ ...pace, callsOf: {} }, reserve).milliseconds('push');
    this.#connection = untilClosed(connection, () => this.#closed);
    this.#queue = new Queue(`push-${name}`, {
      connection: this.#connection,
      prefix,
      defaultJobOptions: {
        attempts: Number.MAX_SAFE_INTEGER,
        backoff: { type: 'forumSso' },
        removeOnComplete: true,
        removeOnFail: false,
        stackTraceLimit: 0,
        keepLogs: 0,
      },
    });
    this.#queue.on('error', (cause) => this.#stalled(cause));
    this.#deadKey = `${prefix}:push-${name}:dead-by-work`;
    this.pressure = new BackPressure(options.limit, async () => (await this.#count()).waiting);
  }

  client(): Promise<IRedisClient> {
    return this.#queue.backend.client;
  }

  start(): void {
    const { prefix, options } = this.#parts;
    const lease = options.leaseSeconds * 1_000;
    this.#worker = new Worker(this.#queue.name, (job, token) => this.#process(job, token), {
      connection: this.#connection,
      prefix,
      concurrency: options.concurrency,
      lockDuration: lease,
      stalledInterval: lease,
      maxStalledCount: deadliestJob,
      // One job per interval: the same number in one go would let twice as many pass around the turn of an interval.
      // Without a pace the limit is never reached by itself, but a limiter there must be for a pause to be heeded.
      limiter:
        this.#shortestSlot > 0
          ? { max: 1, duration: this.#shortestSlot }
          : { max: Number.MAX_SAFE_INTEGER / 2, duration: 1_000 },
      settings: {
        backoffStrategy: (_attempts, _type, error) =>
          error instanceof RetryLater ? error.milliseconds : options.retry.firstSeconds * 1_000,
      },
    });
    this.#worker.on('error', (cause) => this.#stalled(cause));
  }

  /** Adds a job; `id` says what it is to do. */
  async add(id: string, sealed: string): Promise<void> {
    await this.#queue.add('push', { sealed }, { deduplication: { id, keepLastIfActive: true } });
    await this.#forgetDead(id);
  }

  async metrics(): Promise<QueueMetrics> {
    const { waiting, dead } = await this.#count();
    const oldest = waiting === 0 ? null : await this.#oldest();
    return {
      ...{ connector: this.#name, waiting, dead, running: this.#tally.running, since: this.#tally.since },
      oldestSeconds: oldest === null ? null : Math.max(0, Date.now() - oldest) / 1_000,
    };
  }

  async deadLetters(limit: number): Promise<readonly DeadLetter[]> {
    const failed = await this.#queue.getJobs(['failed'], 0, limit - 1, false);
    return Promise.all(
      failed.filter(isPresent).map(async (dead) => {
        const job = await this.#read(dead);
        const [, code = 'ERR_INTERNAL', detail = dead.failedReason] =
          /^(ERR_[A-Z_]+): (.*)$/s.exec(dead.failedReason ?? '') ?? [];
        return {
          ...{ id: `${this.#name}:${dead.id}`, connector: this.#name, attempts: dead.attemptsMade, code },
          ...{ siteUserId: job?.siteUserId ?? null, kind: job?.kind ?? null },
          ...{ detail: detail ?? '', at: new Date(dead.finishedOn ?? dead.timestamp) },
        };
      }),
    );
  }

  async deadIds(): Promise<readonly string[]> {
    const failed = await this.#queue.getJobs(['failed'], 0, -1, true);
    return failed.filter(isPresent).map(({ id }) => `${this.#name}:${id}`);
  }

  /** Queues a dead job anew. @returns false when it is not dead */
  async replay(jobId: string): Promise<boolean> {
    const dead = await this.#dead(jobId);
    if (dead === null) return false;
    const id = dead.opts.deduplication?.id ?? `again-${jobId}`;
    await this.#queue.add('push', dead.data, { deduplication: { id, keepLastIfActive: true } });
    await this.#remove(dead);
    return true;
  }

  /** @returns false when it is not dead */
  async discard(jobId: string): Promise<boolean> {
    const dead = await this.#dead(jobId);
    if (dead === null) return false;
    await this.#remove(dead);
    return true;
  }

  async close(seconds: number): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    if (worker !== null) {
      const inTime = await within(worker.close(), seconds * 1_000);
      if (!inTime) await within(worker.disconnect(), farewell);
    }
    await within(this.#queue.close(), farewell);
  }

  async #process(bullmqJob: Job, token: string | undefined): Promise<void> {
    const job = await this.#read(bullmqJob);
    if (job === null) {
      const code = 'ERR_PUSH_JOB_UNREADABLE';
      const detail = 'The job was sealed with a key that is no longer in the key ring, or it was changed.';
      const { setup } = this.#parts;
      this.#tally.count({ next: 'dead', code, detail });
      setup.emit({ type: 'push.failed', user: null, kind: null, code, detail, next: 'dead' }, this.#name);
      throw new UnrecoverableError(`${code}: ${detail}`);
    }
    const leave = await this.#parts.setup.enter(job);
    if (leave === null) {
      await bullmqJob.moveToDelayed(Date.now() + busyPause, token);
      throw new DelayedError();
    }
    this.#tally.running++;
    try {
      const more = this.#slot(job) - this.#shortestSlot;
      if (more > 0) await this.#hold(more, 'longer');
      const decision = await this.#parts.setup.work(job, bullmqJob.attemptsMade, this.#parts.options.retry);
      this.#tally.count(decision);
      await this.#settle(bullmqJob, decision);
    } finally {
      await leave();
      this.#tally.running--;
    }
  }

  /** Tells BullMQ what becomes of the job: by returning, or by what is thrown. */
  async #settle(bullmqJob: Job, decision: Decision): Promise<void> {
    const id = bullmqJob.opts.deduplication?.id;
    switch (decision.next) {
      case 'done':
        if (id !== undefined) await this.#forgetDead(id);
        return;
      case 'pause':
        await this.#hold(decision.milliseconds, 'at least');
        throw new RateLimitError();
      case 'retry':
        throw new RetryLater(decision.milliseconds);
      case 'dead':
        if (id !== undefined) {
          await this.#forgetDead(id);
          await (await this.client()).hset(this.#deadKey, { [id]: bullmqJob.id ?? '' });
        }
        throw new UnrecoverableError(`${decision.code}: ${decision.detail}`);
    }
  }

  /** No job of this connector begins anywhere for so many milliseconds, or for so many more than now. */
  async #hold(milliseconds: number, how: 'at least' | 'longer'): Promise<void> {
    const client = await this.client();
    client.defineCommand('forumSsoHold', { numberOfKeys: 1, lua: holdScript });
    await client.runCommand('forumSsoHold', [this.#queue.toKey('limiter'), Math.ceil(milliseconds), how]);
  }

  async #read({ data }: Pick<Job, 'data'>): Promise<PushJob | null> {
    const sealed: unknown = isRecord(data) ? data.sealed : undefined;
    if (typeof sealed !== 'string') return null;
    const job = await this.#parts.setup.seal.open(sealed);
    return job !== null && job.connector === this.#name ? job : null;
  }

  /** Takes the dead letter away whose work is to be done anew, or is done. */
  async #forgetDead(id: string): Promise<void> {
    const client = await this.client();
    const jobId = await client.hget(this.#deadKey, id);
    if (jobId === null) return;
    await client.hdel(this.#deadKey, id);
    const dead = await this.#dead(jobId);
    await dead?.remove();
  }

  async #remove(dead: Job): Promise<void> {
    const id = dead.opts.deduplication?.id;
    const client = await this.client();
    if (id !== undefined && (await client.hget(this.#deadKey, id)) === dead.id)
      await client.hdel(this.#deadKey, id);
    await dead.remove();
  }

  async #dead(jobId: string): Promise<Job | null> {
    const job = await this.#queue.getJob(jobId);
    return job !== undefined && (await job.isFailed()) ? job : null;
  }

  async #count(): Promise<{ readonly waiting: number; readonly dead: number }> {
    const counts = await this.#queue.getJobCounts(...waitingStates, 'failed');
    const waiting = waitingStates.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
    return { waiting, dead: counts.failed ?? 0 };
  }

  /** When the oldest of the waiting jobs was added, in milliseconds since 1970. */
  async #oldest(): Promise<number | null> {
    const found = await Promise.all([
      this.#queue.getJobs(['waiting'], 0, 0, true),
      this.#queue.getJobs(['active', 'delayed'], 0, glance, true),
    ]);
    const times = found
      .flat()
      .filter(isPresent)
      .map(({ timestamp }) => timestamp);
    return times.length === 0 ? null : Math.min(...times);
  }

  #stalled(cause: unknown): void {
    if (performance.now() - this.#stalledAt < stalledPause) return;
    this.#stalledAt = performance.now();
    const detail = 'The push queue cannot use its Redis; it goes on trying.';
    this.#parts.setup.emit({ type: 'push.stalled', detail, cause }, this.#name);
  }
}

/** @returns false when it is not done in time; it goes on then */
async function within(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const late = new AbortController();
  const done = work.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([
    done,
    sleep(milliseconds, false, { signal: late.signal }).catch(() => true),
  ]);
  late.abort();
  return inTime;
}

/** Connection options with which nobody tries to connect any more once all is closed. A client of the site is its own. */
function untilClosed(connection: ConnectionOptions, isClosed: () => boolean): ConnectionOptions {
  if ('duplicate' in connection) return connection;
  const given: unknown = Reflect.get(connection, 'retryStrategy');
  return {
    ...connection,
    retryStrategy(times: number) {
      if (isClosed()) return null;
      const wanted: unknown =
        typeof given === 'function' ? Reflect.apply(given, connection, [times]) : undefined;
      if (typeof wanted === 'number' || wanted === null) return wanted;
      return Math.min(longestReconnect, 100 * 2 ** Math.min(times, 10));
    },
  };
}

/** BullMQ gives undefined for a job that went away while the list was read. */
function isPresent<T>(job: T | undefined): job is T {
  return job !== undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
