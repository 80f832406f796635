import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';

import { createLanes } from '../../src/push/lanes.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { Locks } from '../../src/store/store.js';

describe('lanes', () => {
  test('in one process, whoever came first enters first', async () => {
    const lanes = createLanes(undefined, 30, randomBytes);
    const entered: number[] = [];
    const leave = await lanes.enter('a', 0);
    const others = [1, 2, 3].map(async (i) => {
      const out = await lanes.enter('a', 5_000);
      entered.push(i);
      await sleep(5);
      await out?.();
    });
    expect(await lanes.enter('a', 0)).toBeNull();
    await leave?.();
    await Promise.all(others);
    expect(entered).toEqual([1, 2, 3]);
    expect(await lanes.enter('a', 0)).not.toBeNull();
    expect(await lanes.enter('b', 0)).not.toBeNull();
  });

  test('one who has lost patience is passed over', async () => {
    const lanes = createLanes(undefined, 30, randomBytes);
    const leave = await lanes.enter('a', 0);
    const impatient = lanes.enter('a', 20);
    const patient = lanes.enter('a', 5_000);
    expect(await impatient).toBeNull();
    await leave?.();
    expect(await patient).not.toBeNull();
  });

  test('two processes share them', async () => {
    const { locks } = memoryStore();
    const [one, two] = [createLanes(locks, 30, randomBytes), createLanes(locks, 30, randomBytes)];
    const leave = await one.enter('a', 0);
    expect(await two.enter('a', 30)).toBeNull();
    const waiting = two.enter('a', 5_000);
    await sleep(50);
    await leave?.();
    expect(await waiting).not.toBeNull();
  });

  test('while somebody is inside the lock is prolonged; whoever died is out after the lease', async () => {
    const { locks } = memoryStore();
    const acquired: number[] = [];
    const counted: Locks = {
      ...locks,
      acquire: (key, owner, seconds) => {
        acquired.push(seconds);
        return locks.acquire(key, owner, seconds);
      },
    };
    const [one, two] = [createLanes(counted, 1, randomBytes), createLanes(locks, 1, randomBytes)];
    const leave = await one.enter('a', 0);
    await sleep(1_500);
    expect(acquired.length).toBeGreaterThanOrEqual(4);
    expect(await two.enter('a', 0)).toBeNull();
    await leave?.();
    // A process that died renews nothing.
    await locks.acquire('dead', 'its owner', 1);
    expect(await two.enter('dead', 0)).toBeNull();
    expect(await two.enter('dead', 3_000)).not.toBeNull();
  });

  test('when the locks fail nobody is inside, and the next may try', async () => {
    let fail = true;
    const { locks } = memoryStore();
    const flaky: Locks = {
      ...locks,
      acquire: async (...given) => {
        if (fail) throw new Error('down');
        return locks.acquire(...given);
      },
    };
    const lanes = createLanes(flaky, 30, randomBytes);
    await expect(lanes.enter('a', 0)).rejects.toThrow('down');
    fail = false;
    expect(await lanes.enter('a', 0)).not.toBeNull();
  });
});
