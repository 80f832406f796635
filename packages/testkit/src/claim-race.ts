import { strict as assert } from 'node:assert';

import type { OneTimeValues } from '@forum-sso/core';

/** How many claims one connection has under way at a time. */
const concurrency = 64;

/**
 * Lets one connection claim every key, many at a time and in the given order.
 * @returns the keys that it was told to have taken
 */
export async function claimAll(
  oneTime: OneTimeValues,
  keys: readonly string[],
  lifeSeconds: number,
): Promise<string[]> {
  const taken: string[] = [];
  const queue = keys.values();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (const key of queue) {
        if (await oneTime.claim(key, lifeSeconds)) taken.push(key);
      }
    }),
  );
  return taken;
}

/**
 * Checks the outcome of a race: what each racer took, put together, is every key exactly once.
 * @throws AssertionError with the number of keys that several took, or nobody
 */
export function assertOneWinnerEach(keys: readonly string[], taken: readonly (readonly string[])[]): void {
  const winners = new Map(keys.map((key) => [key, 0]));
  for (const key of taken.flat()) winners.set(key, (winners.get(key) ?? 0) + 1);
  const several = [...winners.values()].filter((number) => number > 1).length;
  const none = [...winners.values()].filter((number) => number === 0).length;
  assert.deepEqual(
    { several, none },
    { several: 0, none: 0 },
    `${several} keys taken more than once, ${none} never`,
  );
}
