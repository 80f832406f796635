import { setImmediate as nextTurn } from 'node:timers/promises';

import { type ForumSsoStore, type Jobs, memoryStore, type People } from '@forum-sso/core';
import { expect, test } from '@jest/globals';

import { storeCases } from '../../src/describe-store.js';

type Fault =
  | { readonly part: 'jobs'; readonly change: (sound: Jobs) => Partial<Jobs> }
  | { readonly part: 'people'; readonly change: (sound: People) => Partial<People> };

const jobs = (change: (sound: Jobs) => Partial<Jobs>): Fault => ({ part: 'jobs', change });
const people = (change: (sound: People) => Partial<People>): Fault => ({ part: 'people', change });

const faults: readonly (readonly [what: string, fault: Fault, noticedBy: RegExp])[] = [
  [
    'that puts what waits already at the end',
    jobs((sound) => ({
      add: async (job) => {
        if ((await sound.read(job.id)) !== null) await sound.postpone(job.id, 0, false);
        await sound.add(job);
      },
    })),
    /keeps its place/,
  ],
  [
    'that completes what was added again',
    jobs((sound) => ({ complete: (id) => sound.complete(id, 1_000_000) })),
    /added again meanwhile stays/,
  ],
  [
    'that buries what was added again',
    jobs((sound) => ({ bury: (id, _, why) => sound.bury(id, 1_000_000, why) })),
    /is not buried/,
  ],
  [
    'that counts every delay as an attempt',
    jobs((sound) => ({ postpone: (id, delay) => sound.postpone(id, delay, true) })),
    /attempts are counted/,
  ],
  ['that loses its dead', jobs(() => ({ dead: async () => [] })), /the dead are listed/],
  [
    'whose slots are read first and written then',
    jobs((sound) => {
      const next = new Map<string, number>();
      return {
        hold: sound.hold,
        async takeSlot(connector, milliseconds) {
          const wait = (next.get(connector) ?? 0) - performance.now();
          await nextTurn();
          if (wait > 0) return wait;
          next.set(connector, performance.now() + milliseconds);
          return 0;
        },
      };
    }),
    /a slot is taken once/,
  ],
  [
    'that makes up for any lateness',
    jobs((sound) => ({ takeSlot: (connector, slot) => sound.takeSlot(connector, slot, 1_000_000) })),
    /very late does/,
  ],
  ['that holds nobody', jobs(() => ({ hold: async () => {} })), /while a connector is held/],
  [
    'that forgets suspensions of the removed in the wrong way',
    people((sound) => ({
      suspend: async (id, suspension) => {
        await sound.restore(id);
        return sound.suspend(id, suspension);
      },
    })),
    /never the other way round/,
  ],
  [
    'whose suspensions never end',
    people((sound) => ({
      suspend: (id, suspension) => sound.suspend(id, { ...suspension, until: null }),
    })),
    /is over then/,
  ],
  ['that gives a version twice', people(() => ({ nextVersion: async () => 1 })), /versions grow/],
  ['that takes any version', people(() => ({ takeVersion: async () => true })), /older version is not taken/],
];

test.each(faults)('the suite notices a store %s', async (_, fault, noticedBy) => {
  const sound = memoryStore();
  const store: ForumSsoStore =
    fault.part === 'jobs'
      ? { ...sound, jobs: { ...sound.jobs, ...fault.change(sound.jobs) } }
      : { ...sound, people: { ...sound.people, ...fault.change(sound.people) } };
  const [chosen, ...more] = storeCases[fault.part].filter(({ name }) => noticedBy.test(name));
  expect(more).toEqual([]);
  await expect(chosen?.run(async () => store)).rejects.toThrow();
});
