import { afterEach, beforeEach, expect, test } from '@jest/globals';

import type { Delivery } from '../../src/connector.js';
import { refusal } from '../../src/errors.js';
import { storeQueue } from '../../src/push/store-queue.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { alice, Forum, siteOf, untilIdle } from './forum.js';

let forum: Forum;

beforeEach(async () => {
  forum = await Forum.start();
});
afterEach(() => forum.stop());

test('with faults in a third of all calls, and two processes, everybody ends in the newest state', async () => {
  // A fixed row of dice, so that a failure can be repeated.
  let seed = 17;
  const dice = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const there = new Map<string, string | undefined>();
  let [calls, faults] = [0, 0];
  const connector = {
    kind: 'test',
    name: 'test',
    setUp: () => ({
      routes: [],
      async push({ id, name }: typeof alice): Promise<Delivery> {
        calls++;
        const roll = dice();
        await new Promise((resolve) => setTimeout(resolve, dice() * 5));
        if (roll < 0.33) faults++;
        if (roll < 0.1)
          return { done: false, refusal: refusal('ERR_DISCOURSE_UNAVAILABLE', 'x'), retryAfter: 0 };
        // From here on the work is done, and only its answer is lost.
        there.set(id, name);
        if (roll < 0.2)
          return { done: false, refusal: refusal('ERR_DISCOURSE_UNAVAILABLE', 'x'), retryAfter: 0 };
        if (roll < 0.33) {
          const why = refusal('ERR_DISCOURSE_RATE_LIMITED', 'x');
          return roll < 0.21
            ? { done: false, refusal: why, retryAfter: 1, slowDown: true }
            : { done: false, refusal: why, retryAfter: 0 };
        }
        return { done: true };
      },
    }),
  };
  const retry = { attempts: 50, firstSeconds: 0.01, longestSeconds: 0.05 };
  const store = { ...memoryStore(), shared: true };
  const options = () => ({ connectors: [connector], store, queue: storeQueue({ retry, pollSeconds: 0.05 }) });
  const [one, two] = [siteOf(forum, options()), siteOf(forum, options())];
  const ids = Array.from({ length: 40 }, (_, i) => `p${i}`);
  for (const version of ['1', '2', '3']) {
    for (const id of ids) {
      const user = { ...alice, id, email: `${id}@example.com`, name: version };
      one.users.set(id, user);
      two.users.set(id, user);
      await (dice() < 0.5 ? one : two).sso.push(id);
    }
  }
  await untilIdle(one);
  await untilIdle(two);
  expect([...there.values()]).toEqual(ids.map(() => '3'));
  expect(faults / calls).toBeGreaterThan(0.2);
  expect(await one.sso.queue.deadLetters()).toEqual([]);
  await Promise.all([one.sso.close(), two.sso.close()]);
}, 40_000);
