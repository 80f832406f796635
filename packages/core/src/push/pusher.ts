import type { SuspendOptions } from '../connector.js';
import { errorFrom, ForumSsoError, isForumSsoError, isRefusal } from '../errors.js';
import type { NewEvent } from '../events/event.js';
import { type KeyRing, pseudonym } from '../keys/key-ring.js';
import { readSiteUser } from '../read-site-user.js';
import type { SiteUser } from '../site-user.js';
import type { ForumSsoStore, People } from '../store/store.js';
import { deliverPerson, deliverState, type PersonParts } from './deliver-person.js';
import {
  type ConnectorResult,
  deliverToAll,
  type NamedConnector,
  type PushReport,
  type RemovalReport,
  withRemainder,
} from './delivery.js';
import { type JobKind, type JobOutcome, jobKinds, type PushJob } from './job.js';
import { createJobSeal, laneOf } from './job-seal.js';
import { createLanes, type Lanes } from './lanes.js';
import type { PushQueue, QueueSetup, RunningQueue } from './queue.js';
import { decide } from './retry.js';

/** What became of a wish to push, for each connector. */
export type ReceiptResult =
  | { readonly connector: string; readonly outcome: 'queued' }
  | { readonly connector: string; readonly outcome: 'impossible'; readonly reason: string };

/** The answer of `forumSso.push`: what waits in the queue now. How it goes is told by events. */
export interface PushReceipt {
  readonly results: readonly ReceiptResult[];
}

/** What the site can do with the queue. */
export type QueueControl = Omit<RunningQueue, 'enqueue' | 'close'>;

/** All that is done for people outside a request. */
export interface Pusher {
  readonly queue: QueueControl;
  push(siteUserId: string): Promise<PushReceipt>;
  /** Queues the news of a sign-in to every community that wants it; see `forumSso.signedIn`. */
  signedIn(siteUserId: string): Promise<PushReceipt>;
  /** Queues a job for one connector. Never rejects. */
  pushLater(connector: string, siteUserId: string, kind: JobKind): Promise<boolean>;
  pushNow(user: SiteUser): Promise<PushReport>;
  signOut(siteUserId: string): Promise<PushReport>;
  suspend(siteUserId: string, options: SuspendOptions): Promise<PushReport>;
  remove(siteUserId: string): Promise<RemovalReport>;
  restore(siteUserId: string): Promise<PushReport>;
  close(seconds: number): Promise<void>;
}

export interface PusherParts {
  readonly connectors: readonly NamedConnector[];
  readonly queue: PushQueue;
  readonly store: ForumSsoStore;
  readonly people: People;
  readonly keys: KeyRing;
  readonly now: () => Date;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly findUser: ((siteUserId: string) => Promise<SiteUser | null>) | undefined;
  emit(event: NewEvent, connector?: string): void;
}

/** Milliseconds to wait while somebody else works on the same person. */
const patience = 30_000;

/** Puts connectors, store and queue together. */
export function createPusher(parts: PusherParts): Pusher {
  const { connectors, people, store, keys, now, emit } = parts;
  const byName = new Map(connectors.map((connector) => [connector.name, connector]));
  const locks = store.shared && store.locks !== undefined ? store.locks : parts.queue.locks;
  const lanes = createLanes(locks, parts.queue.leaseSeconds, parts.randomBytes);
  const person: PersonParts = { people, findUser: parts.findUser };
  const [logKey] = keys.subKeys('log');
  const nameOf = (siteUserId: string): string => pseudonym(logKey, siteUserId);
  const laneFor = (connector: string, siteUserId: string): string => laneOf(keys, connector, siteUserId);

  const work: QueueSetup['work'] = async (job, attempts, retry) => {
    const outcome = await attempt(byName.get(job.connector), person, job);
    const decision = decide(outcome, attempts, retry, randomFraction(parts.randomBytes));
    const user = nameOf(job.siteUserId);
    const { kind } = job;
    if (outcome.done) emit({ type: 'push.done', user, kind, notes: outcome.notes }, job.connector);
    if (!outcome.done && decision.next !== 'done') {
      const { code, detail } = outcome;
      const wait = decision.next === 'dead' ? {} : { milliseconds: decision.milliseconds };
      emit({ type: 'push.failed', user, kind, code, detail, next: decision.next, ...wait }, job.connector);
    }
    return decision;
  };

  const queue = parts.queue.open({
    connectors: connectors
      .filter(({ active }) => jobKinds.some((kind) => typeof active[kind] === 'function'))
      .map(({ name, active: { pace } }) => ({ name, ...(pace === undefined ? {} : { pace }) })),
    store,
    seal: createJobSeal(keys, now),
    now,
    enter: (job) => lanes.enter(laneFor(job.connector, job.siteUserId), 0),
    work,
    emit,
  });

  /** Does something for a person at every community, and leaves to the queue what may succeed later. */
  async function deliverNow(
    kind: Exclude<JobKind, 'push' | 'signIn'>,
    siteUserId: string,
  ): Promise<PushReport> {
    const report = await deliverToAll<unknown>(
      connectors,
      ({ [kind]: ability }) => ability,
      (_, name) => {
        const connector = byName.get(name);
        if (connector === undefined) throw new Error('Every connector has its name.');
        const deliver = () => deliverPerson(person, connector, kind, siteUserId);
        // Ending sessions harms nothing that runs beside it, and should not wait.
        return kind === 'signOut' ? deliver() : inLane(lanes, laneFor(name, siteUserId), deliver);
      },
    );
    const results = await Promise.all(
      report.results.map((result) => queueAgain(queue, result, kind, siteUserId)),
    );
    return { ...report, results };
  }

  /** Queues a job for a person, for every community that can do it. */
  async function queueForAll(
    kind: 'push' | 'signIn',
    siteUserId: string,
    caller: string,
  ): Promise<PushReceipt> {
    checkId(siteUserId);
    if (parts.findUser === undefined) {
      const detail = `${caller} reads people through findUser: give it to createForumSso${kind === 'push' ? ', or use pushNow' : ''}.`;
      throw new ForumSsoError('ERR_PUSH_NOT_SET_UP', detail);
    }
    const results: ReceiptResult[] = [];
    for (const {
      name: connector,
      active: { [kind]: ability },
    } of connectors) {
      if (ability === undefined) continue;
      if (typeof ability === 'string') {
        results.push({ connector, outcome: 'impossible', reason: ability });
        continue;
      }
      await queue.enqueue({ connector, siteUserId, kind });
      results.push({ connector, outcome: 'queued' });
    }
    return { results };
  }

  return {
    queue,
    push: (siteUserId) => queueForAll('push', siteUserId, 'forumSso.push'),
    signedIn: (siteUserId) => queueForAll('signIn', siteUserId, 'forumSso.signedIn'),
    async pushLater(connector, siteUserId, kind) {
      if (parts.findUser === undefined && kindsThatRead.has(kind)) return false;
      return enqueued(queue, { connector, siteUserId, kind });
    },
    async pushNow(user) {
      const valid = readSiteUser(user);
      if (isRefusal(valid)) throw errorFrom(valid);
      const version = await people.nextVersion(valid.id);
      return deliverToAll(
        connectors,
        ({ push }) => push,
        (_, name) => {
          const connector = byName.get(name);
          if (connector === undefined) throw new Error('Every connector has its name.');
          const deliver = () => deliverState(person, connector, valid, version);
          return inLane(lanes, laneFor(name, valid.id), deliver);
        },
      );
    },
    async signOut(siteUserId) {
      checkId(siteUserId);
      await store.revocations.endAll(siteUserId);
      return deliverNow('signOut', siteUserId);
    },
    async suspend(siteUserId, { reason = null, until = null }) {
      checkId(siteUserId);
      checkEnd(until);
      await people.suspend(siteUserId, { reason, until });
      return deliverNow('suspend', siteUserId);
    },
    async remove(siteUserId) {
      checkId(siteUserId);
      // First, so that nothing that is under way brings the person back.
      await people.remove(siteUserId);
      await store.revocations.endAll(siteUserId);
      return withRemainder(await deliverNow('remove', siteUserId));
    },
    async restore(siteUserId) {
      checkId(siteUserId);
      await people.restore(siteUserId);
      return deliverNow('restore', siteUserId);
    },
    close: (seconds) => queue.close(seconds),
  };
}

/** What is sent is what `findUser` returns. */
const kindsThatRead: ReadonlySet<JobKind> = new Set(['push', 'signIn']);

async function attempt(
  connector: NamedConnector | undefined,
  person: PersonParts,
  { kind, siteUserId }: PushJob,
): Promise<JobOutcome> {
  if (connector === undefined) {
    const detail = 'The connector that the job is for is no longer among those of the site.';
    return { done: false, code: 'ERR_PUSH_NOT_SET_UP', detail, slowDown: false };
  }
  const delivery = await deliverPerson(person, connector, kind, siteUserId);
  if ('skipped' in delivery) return { done: true, notes: [delivery.skipped] };
  if (delivery.done) return { done: true, notes: [...(delivery.notes ?? []), ...(delivery.byHand ?? [])] };
  const { refused: code, detail } = delivery.refusal;
  const retryAfter = delivery.retryAfter ?? (code === 'ERR_INTERNAL' ? 0 : undefined);
  return {
    done: false,
    code,
    detail,
    slowDown: delivery.slowDown === true,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}

async function inLane<T>(lanes: Lanes, lane: string, deliver: () => Promise<T>): Promise<T> {
  const leave = await lanes.enter(lane, patience);
  if (leave === null)
    throw new ForumSsoError('ERR_PUSH_BUSY', 'Another process was busy with this person for too long.');
  try {
    return await deliver();
  } finally {
    await leave();
  }
}

/** Leaves a failed result that is worth another try to the queue. */
async function queueAgain(
  queue: RunningQueue,
  result: ConnectorResult,
  kind: JobKind,
  siteUserId: string,
): Promise<ConnectorResult> {
  if (result.outcome !== 'failed' || result.retryAfter === undefined) return result;
  const queued = await enqueued(queue, { connector: result.connector, siteUserId, kind });
  return queued ? { ...result, queued } : result;
}

async function enqueued(queue: RunningQueue, job: PushJob): Promise<boolean> {
  try {
    await queue.enqueue(job);
    return true;
  } catch (error) {
    if (isForumSsoError(error)) return false;
    throw error;
  }
}

function checkId(siteUserId: unknown): void {
  if (typeof siteUserId === 'string' && siteUserId.length >= 1 && siteUserId.length <= 255) return;
  throw new ForumSsoError('ERR_SITE_USER_INVALID', "A person's id is a text of 1 to 255 characters.");
}

/** An end that is no date would be over for one community, and never for another. */
function checkEnd(until: unknown): void {
  if (until === null || (until instanceof Date && !Number.isNaN(until.getTime()))) return;
  throw new ForumSsoError('ERR_OPTIONS_INVALID', 'The end of a suspension (until) must be a valid Date.');
}

/** A number from 0 to below 1. */
function randomFraction(randomBytes: (size: number) => Uint8Array): number {
  const [a = 0, b = 0] = randomBytes(2);
  return (a * 256 + b) / 65_536;
}
