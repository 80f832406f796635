import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';

import { assertOneWinnerEach, claimAll } from './claim-race.js';
import type { StoreCase } from './store-case.js';
import { freshName, racers } from './store-parts.js';

/** What a store's `oneTime` must do. */
export const claimCases: readonly StoreCase[] = [
  {
    name: 'one-time values: the first claim wins, every other loses, on every connection',
    async run(open) {
      const key = freshName('nonce');
      assert.equal(await (await open()).oneTime.claim(key, 60), true);
      assert.equal(await (await open()).oneTime.claim(key, 60), false);
      assert.equal(await (await open()).oneTime.claim(key, 1), false);
      assert.equal(await (await open()).oneTime.claim(`${key}2`, 60), true);
    },
  },
  {
    name: 'one-time values: keys are compared exactly',
    async run(open) {
      const { oneTime } = await open();
      const key = freshName('nonce');
      for (const variant of [
        key,
        key.toUpperCase(),
        `${key} `,
        ` ${key}`,
        `${key}é`,
        `${key}e\u0301`,
        `${key}%`,
      ]) {
        assert.equal(await oneTime.claim(variant, 60), true, JSON.stringify(variant));
        assert.equal(await oneTime.claim(variant, 60), false, JSON.stringify(variant));
      }
    },
  },
  {
    name: 'one-time values: keys of 512 characters of any script are kept whole',
    async run(open) {
      const { oneTime } = await open();
      for (const letter of ['a', 'ж', '漢', '\u{1F642}']) {
        const key = freshName('nonce');
        const filled = key + letter.repeat(Math.floor((511 - key.length) / letter.length));
        assert.equal(await oneTime.claim(`${filled}1`, 60), true);
        assert.equal(await oneTime.claim(`${filled}2`, 60), true);
        assert.equal(await oneTime.claim(`${filled}1`, 60), false);
      }
    },
  },
  {
    name: 'one-time values: a mark lives as long as it was told, also beyond a month, and a refused claim does not prolong it',
    async run(open) {
      const { oneTime } = await open();
      const [short, long] = [freshName('nonce'), freshName('nonce')];
      assert.equal(await oneTime.claim(long, 366 * 86_400), true);
      assert.equal(await oneTime.claim(short, 2), true);
      await sleep(1_000);
      assert.equal(await oneTime.claim(short, 60), false, 'still there after half of its life');
      await sleep(1_300);
      assert.equal(await oneTime.claim(short, 60), true, 'gone after its life');
      assert.equal(await oneTime.claim(short, 60), false);
      assert.equal(await oneTime.claim(long, 60), false);
    },
  },
  {
    name: 'one-time values: 1,000 keys claimed by several connections at once are taken once each',
    async run(open) {
      const keys = Array.from({ length: 1_000 }, () => freshName('nonce'));
      const stores = await Promise.all(Array.from({ length: racers }, open));
      const taken = await Promise.all(stores.map(({ oneTime }) => claimAll(oneTime, keys, 60)));
      assertOneWinnerEach(keys, taken);
    },
  },
  {
    name: 'one-time values: keys whose former mark is over are taken once each, too',
    async run(open) {
      const keys = Array.from({ length: 200 }, () => freshName('nonce'));
      const stores = await Promise.all(Array.from({ length: racers }, open));
      const first = await claimAll((await open()).oneTime, keys, 1);
      assert.equal(first.length, keys.length);
      await sleep(1_300);
      const taken = await Promise.all(stores.map(({ oneTime }) => claimAll(oneTime, keys, 60)));
      assertOneWinnerEach(keys, taken);
    },
  },
];
