import { describe, expect, test } from '@jest/globals';

import { memoryStore } from '../../src/store/memory-store.js';

const full = { code: 'ERR_STORE_UNAVAILABLE', status: 503 };

describe('a full in-memory store', () => {
  let time = Date.parse('2026-01-01');
  const now = (): Date => new Date(time);

  test('refuses, and forgets nothing that still counts', async () => {
    const { oneTime } = memoryStore({ now, limit: 3 });
    for (const nonce of ['a', 'b', 'c']) expect(await oneTime.claim(nonce, 60)).toBe(true);
    await expect(oneTime.claim('d', 60)).rejects.toMatchObject(full);
    for (const nonce of ['a', 'b', 'c']) expect(await oneTime.claim(nonce, 60)).toBe(false);
  });

  test('takes more as soon as something is over', async () => {
    const { oneTime } = memoryStore({ now, limit: 3 });
    for (const [nonce, life] of [
      ['a', 30],
      ['b', 10],
      ['c', 20],
    ] as const)
      await oneTime.claim(nonce, life);
    time += 9_999;
    await expect(oneTime.claim('d', 60)).rejects.toMatchObject(full);
    time += 1;
    expect(await oneTime.claim('d', 60)).toBe(true);
    await expect(oneTime.claim('e', 60)).rejects.toMatchObject(full);
    expect(await oneTime.claim('a', 60)).toBe(false);
    time += 10_000;
    expect(await oneTime.claim('e', 60)).toBe(true);
  });

  test('lets people it knows sign in and out, and others when somebody has left', async () => {
    const { revocations } = memoryStore({ now, limit: 2 });
    const epoch = await revocations.join('ann', 'one', 60);
    await revocations.join('ben', 'two', 60);
    await expect(revocations.join('cid', 'three', 60)).rejects.toMatchObject(full);
    expect(await revocations.join('ann', 'four', 60)).toBe(epoch);
    await revocations.endAll('ben');
    expect(await revocations.join('cid', 'three', 60)).toBe('three');
    expect(await revocations.isLive('ann', epoch, 'sid')).toBe(true);
    expect(await revocations.isLive('ben', 'two', 'sid')).toBe(false);
  });

  test('never revives an ended session', async () => {
    const { revocations } = memoryStore({ now, limit: 2 });
    const epoch = await revocations.join('ann', 'one', 600);
    await revocations.endOne('s1', 600);
    await revocations.endOne('s2', 600);
    await expect(revocations.endOne('s3', 600)).rejects.toMatchObject(full);
    expect(await revocations.isLive('ann', epoch, 's1')).toBe(false);
    expect(await revocations.isLive('ann', epoch, 's2')).toBe(false);
  });
});

test('what is over takes no room for ever', async () => {
  let time = 0;
  const { oneTime } = memoryStore({ now: () => new Date(time), limit: 1_500 });
  let taken = 0;
  for (let i = 0; i < 10_000; i++) {
    time += 10;
    if (await oneTime.claim(`nonce ${i}`, 10)) taken++;
  }
  expect(taken).toBe(10_000);
});
