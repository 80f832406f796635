import type { NewEvent } from '../events/event.js';
import type { ForumSsoStore, Locks } from '../store/store.js';
import type { JobKind, PushJob } from './job.js';
import type { JobSeal } from './job-seal.js';
import type { Leave } from './lanes.js';
import type { Pace } from './pace.js';
import type { Decision, RetryPolicy } from './retry.js';

/**
 * Where pushes wait and what works on them. Made by a function such as `storeQueue(options)` that does nothing but keep
 * its options; `createForumSso` then calls {@link PushQueue.open} once.
 */
export interface PushQueue {
  /** What it is: `store`, `bullmq`, … */
  readonly kind: string;
  /** After how many seconds the work of a process that died is taken over. */
  readonly leaseSeconds: number;
  /** Locks that reach as far as the queue does; used when the store has none that processes share. */
  readonly locks?: Locks;
  /** One sentence for each option that cannot be used; empty when all is well. */
  problems?(): readonly string[];
  /** Begins to work. Must not wait for anything: a server that cannot be reached is no reason not to start. */
  open(setup: QueueSetup): RunningQueue;
}

/** What the engine gives a queue. */
export interface QueueSetup {
  /** The communities that jobs can be for, and how fast each may be called. */
  readonly connectors: readonly { readonly name: string; readonly pace?: Pace }[];
  readonly store: ForumSsoStore;
  readonly seal: JobSeal;
  readonly now: () => Date;
  /** Makes sure that nobody else works on the job's person at that community. Null: somebody does. */
  enter(job: PushJob): Promise<Leave | null>;
  /**
   * Does a job: reads the newest state, sends it, tells the audit log. Call it between {@link enter} and leaving.
   * Never rejects.
   * @param attempts how often it was tried in vain before
   */
  work(job: PushJob, attempts: number, retry: RetryPolicy): Promise<Decision>;
  emit(event: NewEvent, connector: string): void;
}

/** A queue at work. */
export interface RunningQueue {
  /**
   * Adds a job. One that waits already is not added twice; one that runs is run once more afterwards.
   * @throws ForumSsoError `ERR_PUSH_QUEUE_FULL`, `ERR_PUSH_QUEUE_CLOSED`, `ERR_PUSH_QUEUE_UNAVAILABLE`,
   *   `ERR_STORE_UNAVAILABLE`
   */
  enqueue(job: PushJob): Promise<void>;
  metrics(): Promise<readonly QueueMetrics[]>;
  /** What was given up, the latest first. @param limit default 100 */
  deadLetters(limit?: number): Promise<readonly DeadLetter[]>;
  /**
   * Lets dead letters wait again.
   * @param ids left out: all of them
   * @returns how many
   */
  replay(ids?: readonly string[]): Promise<number>;
  /** Throws dead letters away. @returns how many there were */
  discard(ids: readonly string[]): Promise<number>;
  /**
   * Takes no more jobs and begins none; waits for those that run.
   * @param seconds at most so long; what runs longer is done again by whoever starts next
   */
  close(seconds: number): Promise<void>;
}

/** How a queue is doing, for one connector. */
export interface QueueMetrics {
  readonly connector: string;
  /** Jobs that wait or run, in all processes. */
  readonly waiting: number;
  /** Dead letters. */
  readonly dead: number;
  /** Seconds since the oldest of the waiting was added; null when none waits. */
  readonly oldestSeconds: number | null;
  /** Jobs that run in this process now. */
  readonly running: number;
  /** What this process has done since it started. */
  readonly since: {
    readonly done: number;
    readonly retried: number;
    /** How often the community asked to slow down. */
    readonly paused: number;
    readonly dead: number;
  };
}

/** A job that was given up. */
export interface DeadLetter {
  readonly id: string;
  readonly connector: string;
  /** Null when the job could not be read: it was sealed with another key, or changed. */
  readonly siteUserId: string | null;
  readonly kind: JobKind | null;
  readonly attempts: number;
  /** An error code. */
  readonly code: string;
  readonly detail: string;
  readonly at: Date;
}

/** The options that all queues have. */
export interface QueueOptions {
  /** Whether this process works on jobs or only adds them. Default true. */
  readonly work?: boolean;
  /** Jobs for one community that run in one process at the same time. Default 8. */
  readonly concurrency?: number;
  /** Jobs that may wait for one community before more are refused; counted about once a second. Default 100,000. */
  readonly limit?: number;
  readonly retry?: Partial<RetryPolicy>;
  /** Seconds after which the work of a process that died is taken over. Default 30. */
  readonly leaseSeconds?: number;
}
