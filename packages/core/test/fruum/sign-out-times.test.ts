import { describe, expect, test } from '@jest/globals';

import { createSignOutTimes, issueSecond } from '../../src/fruum/sign-out-times.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { Revocations } from '../../src/store/store.js';

const start = new Date('2026-03-01T12:00:00.400Z');
const later = (ms: number): Date => new Date(start.getTime() + ms);

function inMemory() {
  let now = start;
  const { revocations } = memoryStore({ now: () => now });
  return {
    revocations,
    times: createSignOutTimes(revocations, 'fruum'),
    setClock(time: Date) {
      now = time;
    },
  };
}

describe('the time of the last sign-out', () => {
  test('is kept for each person and connector', async () => {
    const { times, revocations } = inMemory();
    expect(await times.last('7')).toBeNull();
    await times.record('7', start);
    expect(await times.last('7')).toEqual(start);
    expect(await times.last('8')).toBeNull();
    expect(await createSignOutTimes(revocations, 'fruum').last('7')).toEqual(start);
    expect(await createSignOutTimes(revocations, 'fruum2').last('7')).toBeNull();
  });

  test('moves on with the next one, and never back', async () => {
    const { times } = inMemory();
    await times.record('7', start);
    await times.record('7', later(5_000));
    expect(await times.last('7')).toEqual(later(5_000));
    await times.record('7', later(-60_000));
    expect((await times.last('7'))?.getTime()).toBeGreaterThan(later(5_000).getTime());
  });

  test('is kept as long as any hash made before may live', async () => {
    const { times, setClock } = inMemory();
    await times.record('7', start);
    setClock(later(24 * 3_600_000));
    expect(await times.last('7')).toEqual(start);
  });

  test('no id of a person stands in the store', async () => {
    const keys: string[] = [];
    const { revocations } = memoryStore();
    const watched: Revocations = {
      ...revocations,
      join: (key, fresh, life) => {
        keys.push(key);
        return revocations.join(key, fresh, life);
      },
    };
    await createSignOutTimes(watched, 'fruum').record('person@site', start);
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      expect(key).not.toContain('person');
      expect(key.length).toBeLessThan(200);
    }
  });

  test('a request that reads in the middle of a sign-out does not undo it', async () => {
    const { revocations } = memoryStore();
    let disturbances = 2;
    const disturbed: Revocations = {
      ...revocations,
      async endAll(key) {
        await revocations.endAll(key);
        // Another process looks now, finds nothing, and writes that nothing is known.
        if (disturbances-- > 0) await revocations.join(key, 'never', 60);
      },
    };
    const times = createSignOutTimes(disturbed, 'fruum');
    await times.record('7', start);
    expect(await times.last('7')).toEqual(start);
  });

  test('when it cannot be noted, that is an error', async () => {
    const { revocations } = memoryStore();
    const stubborn: Revocations = { ...revocations, endAll: async () => {} };
    await createSignOutTimes(stubborn, 'fruum').last('7');
    await expect(createSignOutTimes(stubborn, 'fruum').record('7', start)).rejects.toThrow(
      'ERR_STORE_UNAVAILABLE: The sign-out could not be noted.',
    );
  });
});

describe('the second that a hash counts as made in', () => {
  test('is this one, or the one after the last sign-out', () => {
    const second = Math.floor(start.getTime() / 1_000);
    expect(issueSecond(start, null)).toBe(second);
    expect(issueSecond(start, later(-60_000))).toBe(second);
    expect(issueSecond(later(300), start)).toBe(second + 1);
  });

  test('out, in, out, in within one second: each hash dies with the sign-out after it, and only then', async () => {
    const { times } = inMemory();
    const made: number[] = [];
    const alive = async (): Promise<boolean[]> => {
      const signedOut = (await times.last('7'))?.getTime() ?? Number.NEGATIVE_INFINITY;
      return made.map((second) => second * 1_000 > signedOut);
    };
    for (let turn = 0; turn < 5; turn++) {
      made.push(issueSecond(later(turn * 10), await times.last('7')));
      expect(await alive()).toEqual([...made.slice(1).map(() => false), true]);
      await times.record('7', later(turn * 10 + 5));
      expect(await alive()).toEqual(made.map(() => false));
    }
  });
});
