import {
  type ForumSsoStore,
  type Jobs,
  memoryStore,
  type PushQueue,
  type QueueSetup,
  type RunningQueue,
  storeQueue,
} from '@forum-sso/core';
import { expect, test } from '@jest/globals';

import type { OpenQueue } from '../../src/queue-case.js';
import { queueCases } from '../../src/queue-cases.js';

interface Fault {
  readonly jobs?: (sound: Jobs) => Partial<Jobs>;
  readonly setup?: (sound: QueueSetup) => Partial<QueueSetup>;
  readonly running?: (sound: RunningQueue) => Partial<RunningQueue>;
  readonly queue?: Parameters<typeof storeQueue>[0];
}

/** A queue that does one thing as none must. */
function broken({ jobs, setup, running, queue: options }: Fault): OpenQueue {
  const places = new Map<string, ForumSsoStore>();
  return async ({ place, ...wish }) => {
    const sound = places.get(place) ?? { ...memoryStore(), shared: true };
    places.set(place, sound);
    const inner = storeQueue({ ...wish, pollSeconds: 0.05, ...options });
    const queue: PushQueue = {
      ...inner,
      open(given) {
        const store = { ...given.store };
        if (store.jobs !== undefined && jobs !== undefined) {
          const kept = store.jobs;
          const changed = jobs(kept);
          store.jobs = new Proxy(kept, {
            get: (target, name) => Reflect.get(changed, name) ?? Reflect.get(target, name),
          });
        }
        const open = inner.open({ ...given, store, ...setup?.(given) });
        return { ...open, ...running?.(open) };
      },
    };
    return { queue, store: sound };
  };
}

const cases: readonly (readonly [what: string, fault: Fault, noticedBy: RegExp])[] = [
  [
    'forgets what is added while it runs',
    { jobs: (sound) => ({ complete: (id) => sound.complete(id, Number.MAX_SAFE_INTEGER) }) },
    /while one runs is run once more/,
  ],
  [
    'lets two work on one person',
    { setup: () => ({ enter: async () => async () => {} }) },
    /while one runs is run once more/,
  ],
  [
    'adds what waits already',
    {
      jobs: (sound) => ({ add: (job) => sound.add({ ...job, id: job.id + Math.random().toString(36) }) }),
    },
    /is not added twice/,
  ],
  ['has no pace', { jobs: () => ({ takeSlot: async () => 0 }) }, /kept evenly/],
  [
    'keeps the pace for each process by itself',
    {
      setup: ({ store }) => {
        const { jobs } = store;
        if (jobs === undefined) throw new Error('no jobs');
        const own = memoryStore().jobs;
        const proxy = new Proxy(jobs, {
          get: (target, name) =>
            name === 'takeSlot' || name === 'hold' ? Reflect.get(own, name) : Reflect.get(target, name),
        });
        return { store: { ...store, jobs: proxy } };
      },
    },
    /kept evenly/,
  ],
  [
    'gives every job one slot',
    {
      setup: ({ connectors }) => ({
        connectors: connectors.map(({ name, pace }) => ({
          name,
          ...(pace === undefined ? {} : { pace: { calls: pace.calls, seconds: pace.seconds } }),
        })),
      }),
    },
    /needs several calls/,
  ],
  ['goes on when it is asked to slow down', { jobs: () => ({ hold: async () => {} }) }, /slow down/],
  [
    'counts being slowed down as an attempt',
    {
      setup: ({ work }) => ({
        work: async (job, attempts, retry) => {
          const decision = await work(job, attempts, retry);
          return decision.next === 'pause' ? { next: 'dead', code: 'E', detail: '' } : decision;
        },
      }),
    },
    /slow down/,
  ],
  [
    'tries again at once',
    { jobs: (sound) => ({ postpone: (id, _, counts) => sound.postpone(id, 0, counts) }) },
    /later each time/,
  ],
  [
    'does not count attempts',
    { jobs: (sound) => ({ postpone: (id, delay) => sound.postpone(id, delay, false) }) },
    /then is a dead letter/,
  ],
  [
    'throws away what failed',
    {
      jobs: (sound) => ({
        async bury(id, generation, why) {
          const buried = await sound.bury(id, generation, why);
          await sound.discard(id);
          return buried;
        },
      }),
    },
    /then is a dead letter/,
  ],
  [
    'keeps dead letters beside a newer push',
    {
      jobs: (sound) => ({
        async dead(limit) {
          const dead = await sound.dead(limit);
          return dead.length === 2 ? [...dead, ...dead.slice(0, 1)] : dead;
        },
      }),
    },
    /takes its place/,
  ],
  ['has no limit', { queue: { limit: 1_000_000 } }, /too many jobs are refused/],
  [
    'begins jobs after it was closed',
    { running: (sound) => ({ close: () => sound.close(0).then(() => {}), enqueue: sound.enqueue }) },
    /closing waits for what runs/,
  ],
  [
    'waits for ever when it is closed',
    { running: (sound) => ({ close: () => sound.close(4) }) },
    /no longer than it is told/,
  ],
  [
    'stops at a job that cannot be read',
    {
      jobs: (sound) => ({
        bury: async (id, generation, why) =>
          why.code === 'ERR_PUSH_JOB_UNREADABLE' ? false : sound.bury(id, generation, why),
      }),
    },
    /cannot be read/,
  ],
  [
    'names people in its events',
    {
      setup: ({ emit }) => ({
        emit,
        work: async (job) => {
          emit({ type: 'push.stalled', detail: `push.failed for ${job.siteUserId}` }, job.connector);
          return { next: 'dead', code: 'E', detail: '' };
        },
      }),
    },
    /tell whom they are about/,
  ],
];

test.each(cases)(
  'the suite notices a queue that %s',
  async (_, fault, noticedBy) => {
    const [chosen, ...more] = queueCases.filter(({ name }) => noticedBy.test(name));
    expect(more).toEqual([]);
    await expect(chosen?.run(broken(fault))).rejects.toThrow();
  },
  60_000,
);

test('the suite notices a queue that loses jobs', async () => {
  const lossy = broken({ jobs: () => ({ add: async () => {} }) });
  const failed: string[] = [];
  for (const { name, run } of queueCases.slice(0, 2)) await run(lossy).catch(() => failed.push(name));
  expect(failed).toHaveLength(2);
});
