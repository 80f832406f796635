import { strict as assert } from 'node:assert';

import type { OneTimeValues } from '@forum-sso/core';

import type { TypeScriptProcess } from './processes/typescript-process.js';

/** How many claims one connection has under way at a time. */
const concurrency = 64;
/** How often processes race at most, until more than one of them has taken something. */
const heats = 20;

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

/** The 1,000 keys of a heat, the same in every process. */
export function keysOfHeat(heat: string): string[] {
  return Array.from({ length: 1_000 }, (_, i) => `${heat}-nonce-${i}`);
}

/**
 * Lets processes race for the same keys, and checks each heat. A heat that one process has won before the others began
 * is no race, so there is another one then, with new keys.
 * @param processes each answers the name of a heat with what its connections took, a list for each connection
 * @throws AssertionError when a key was taken more than once or never, or one process alone won every heat
 */
export async function raceProcesses(processes: readonly TypeScriptProcess[]): Promise<void> {
  for (let i = 1; i <= heats; i++) {
    const heat = `heat-${i}`;
    for (const each of processes) each.send(heat);
    const taken: string[][] = [];
    for (const each of processes) taken.push(stringsOf(await each.next()));
    assertOneWinnerEach(keysOfHeat(heat), taken);
    if (taken.filter((keys) => keys.length > 0).length > 1) return;
  }
  assert.fail(`one process won each of ${heats} heats alone`);
}

function stringsOf(answer: unknown): string[] {
  assert.ok(Array.isArray(answer), `a process answered ${JSON.stringify(answer)}`);
  return answer.flat().map(String);
}
