import { setTimeout as sleep } from 'node:timers/promises';

import {
  ForumSsoError,
  isForumSsoError,
  type Locks,
  type PushQueue,
  type QueueOptions,
  type QueueSetup,
  type ReadQueueOptions,
  type RunningQueue,
  readQueueOptions,
} from '@forum-sso/core';
import type { ConnectionOptions, IRedisClient } from 'bullmq';

import { BullmqConnector } from './bullmq-connector.js';
import { bullmqLanes } from './bullmq-lanes.js';

/** The options of {@link bullmqQueue}. */
export interface BullmqQueueOptions extends QueueOptions {
  /** As BullMQ takes it: `{ url: 'redis://…' }`, or a client of the site's own. */
  readonly connection: ConnectionOptions;
  /** Stands in front of every key. Default `forum-sso`; in a cluster it has to be in braces: `{forum-sso}`. */
  readonly prefix?: string;
}

/** How long Redis may take to answer, in milliseconds. */
const deadline = 5_000;

/**
 * A push queue on BullMQ, for many processes that share a Redis. Each connector has a BullMQ queue of its own, named
 * `push-{connector}`; what is in it is sealed. Redis must not drop keys (`maxmemory-policy noeviction`), and keeps jobs
 * over a restart only with `appendonly yes`.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID`
 */
export function bullmqQueue({ connection, prefix = 'forum-sso', ...options }: BullmqQueueOptions): PushQueue {
  const read = readQueueOptions('bullmqQueue', options);
  const problems = [
    ...(typeof connection === 'object' && connection !== null
      ? []
      : ['connection: must be what BullMQ takes, such as { url: "redis://127.0.0.1:6379" }.']),
    ...(typeof prefix === 'string' && /^[\x21-\x7e]{1,64}$/.test(prefix) && !prefix.endsWith(':')
      ? []
      : ['prefix: must be 1 to 64 visible characters, without a colon at the end.']),
  ];
  if (problems.length > 0) {
    throw new ForumSsoError('ERR_OPTIONS_INVALID', `bullmqQueue: ${problems.join(' ')}`, { problems });
  }
  let connect: () => Promise<IRedisClient> = async () => {
    throw new Error('The queue is not open.');
  };
  const lanes = bullmqLanes(() => connect(), `${prefix}:lane:`);
  return {
    kind: 'bullmq',
    leaseSeconds: read.leaseSeconds,
    locks: {
      acquire: (key, owner, lifeSeconds) => inTime(() => lanes.acquire(key, owner, lifeSeconds)),
      release: (key, owner) => inTime(() => lanes.release(key, owner)),
    } satisfies Locks,
    open(setup) {
      const connectors = new Map(
        setup.connectors.map(({ name, pace }) => [
          name,
          new BullmqConnector(name, pace, { connection, prefix, options: read, setup }),
        ]),
      );
      const [first] = connectors.values();
      if (first !== undefined) connect = () => first.client();
      return openBullmqQueue(connectors, read, setup);
    },
  };
}

function openBullmqQueue(
  connectors: ReadonlyMap<string, BullmqConnector>,
  { work }: ReadQueueOptions,
  { seal }: QueueSetup,
): RunningQueue {
  const all = [...connectors.values()];
  if (work) for (const connector of all) connector.start();
  let closing: Promise<void> | undefined;

  /** The connector of a dead letter, and its id there. */
  const place = (letter: string): { readonly connector: BullmqConnector; readonly id: string } | null => {
    const [name = '', id] = letter.split(':');
    const connector = connectors.get(name);
    return connector === undefined || id === undefined ? null : { connector, id };
  };

  return {
    enqueue: (job) =>
      inTime(async () => {
        if (closing !== undefined)
          throw new ForumSsoError('ERR_PUSH_QUEUE_CLOSED', 'The push queue was closed.');
        const connector = connectors.get(job.connector);
        if (connector === undefined) throw new Error('Only connectors of the site have jobs.');
        await connector.pressure.admit(job.connector);
        await connector.add(seal.idOf(job), await seal.seal(job));
      }),
    metrics: () => inTime(() => Promise.all(all.map((connector) => connector.metrics()))),
    deadLetters: (limit = 100) =>
      inTime(async () => {
        const letters = await Promise.all(all.map((connector) => connector.deadLetters(limit)));
        return letters
          .flat()
          .sort((a, b) => b.at.getTime() - a.at.getTime())
          .slice(0, limit);
      }),
    async replay(ids) {
      const chosen = ids ?? (await Promise.all(all.map((connector) => connector.deadIds()))).flat();
      let replayed = 0;
      for (const letter of chosen) {
        const found = place(letter);
        if (found !== null && (await inTime(() => found.connector.replay(found.id)))) replayed++;
      }
      return replayed;
    },
    async discard(ids) {
      let discarded = 0;
      for (const letter of ids) {
        const found = place(letter);
        if (found !== null && (await inTime(() => found.connector.discard(found.id)))) discarded++;
      }
      return discarded;
    },
    async close(seconds) {
      closing ??= Promise.all(all.map((connector) => connector.close(seconds))).then(() => {});
      await closing;
    },
  };
}

/** What Redis does not answer in time has failed; whether it was done nobody knows, and doing it again does no harm. */
async function inTime<T>(call: () => Promise<T>): Promise<T> {
  const answered = new AbortController();
  const late = sleep(deadline, undefined, { signal: answered.signal, ref: false }).then(
    () => {
      throw new ForumSsoError('ERR_PUSH_QUEUE_UNAVAILABLE', `Redis did not answer within ${deadline} ms.`);
    },
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([call(), late]);
  } catch (cause) {
    if (isForumSsoError(cause)) throw cause;
    throw new ForumSsoError('ERR_PUSH_QUEUE_UNAVAILABLE', 'The push queue could not use its Redis.', {
      cause,
    });
  } finally {
    answered.abort();
  }
}
