import { getEventListeners } from 'node:events';

import { describe, expect, test } from '@jest/globals';

import { backoffAfter, defaultBackoff } from '../src/push/backoff.js';
import { Pacer, realTime, type Time } from '../src/push/pacer.js';

/** A clock that jumps to the next waiter as soon as everybody waits. */
function fakeTime(): Time & { run(): Promise<void> } {
  let now = 0;
  const waiting: { readonly at: number; readonly wake: () => void }[] = [];
  return {
    now: () => now,
    sleep: (milliseconds, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiting.push({ at: now + milliseconds, wake });
        signal.addEventListener('abort', wake);
      }),
    async run() {
      for (;;) {
        // Lets everything that can go on do so first.
        for (let i = 0; i < 50; i++) await Promise.resolve();
        waiting.sort((a, b) => a.at - b.at);
        const next = waiting.shift();
        if (next === undefined) return;
        now = Math.max(now, next.at);
        next.wake();
      }
    },
  };
}

const never = new AbortController().signal;

describe('the pace', () => {
  test('60 a minute go evenly, and no span of 60 seconds holds more', async () => {
    const time = fakeTime();
    const pacer = new Pacer(60, time, never);
    const gone: number[] = [];
    const all = Array.from({ length: 200 }, async () => {
      await pacer.turn();
      gone.push(time.now());
    });
    await time.run();
    await Promise.all(all);
    expect(gone).toHaveLength(200);
    for (const start of gone) {
      expect(gone.filter((at) => at >= start && at < start + 60_000).length).toBeLessThanOrEqual(60);
    }
    // More than 95 % of the limit is used.
    expect(200 / ((gone.at(-1) ?? 0) / 60_000) / 60).toBeGreaterThan(0.95);
  });

  test('nobody goes while the community wants to be left alone, and afterwards not all at once', async () => {
    const time = fakeTime();
    const pacer = new Pacer(600, time, never);
    const gone: number[] = [];
    const all = Array.from({ length: 10 }, async (_, index) => {
      await pacer.turn();
      if (index === 2) {
        pacer.hold(30_000);
        pacer.hold(10);
      }
      gone.push(time.now());
    });
    await time.run();
    await Promise.all(all);
    expect(gone.slice(0, 3).every((at) => at < 1_000)).toBe(true);
    const after = gone.slice(3);
    expect(Math.min(...after)).toBeGreaterThanOrEqual(30_000);
    for (const [index, at] of after.entries()) {
      if (index > 0) expect(at - (after[index - 1] ?? 0)).toBeGreaterThanOrEqual(100);
    }
  });

  test('without a limit there is nothing to wait for, unless the community asks for it', async () => {
    const time = fakeTime();
    const pacer = new Pacer(null, time, never);
    expect(pacer.turn()).toBeUndefined();
    pacer.hold(5_000);
    expect(pacer.heldFor).toBe(5_000);
    const turn = pacer.turn();
    await time.run();
    await turn;
    expect(time.now()).toBe(5_000);
    expect(pacer.turn()).toBeUndefined();
  });

  test('all waiting ends with the run', async () => {
    const over = new AbortController();
    const pacer = new Pacer(1, realTime, over.signal);
    await pacer.turn();
    const waiting = Promise.all([pacer.turn(), pacer.turn()]);
    over.abort();
    await waiting;
    const begun = performance.now();
    await realTime.sleep(60_000, over.signal);
    expect(performance.now() - begun).toBeLessThan(30_000);
  });

  test('who has waited listens no longer for the end of the run', async () => {
    const { signal } = new AbortController();
    for (let i = 0; i < 3; i++) await realTime.sleep(1, signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

test('back-off doubles, is half random, and has an end', () => {
  const policy = { ...defaultBackoff, firstMilliseconds: 1_000, longestMilliseconds: 20_000 };
  expect([1, 2, 3, 4, 5, 6, 50].map((attempt) => backoffAfter(attempt, policy, 0))).toEqual([
    ...[500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000],
  ]);
  expect(backoffAfter(3, policy, 0.999_999)).toBe(4_000);
});
