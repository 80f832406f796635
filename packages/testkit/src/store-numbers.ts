import { strict as assert } from 'node:assert';

import type { Numbers } from '@forum-sso/core';

import type { OpenStore, StoreCase } from './store-case.js';
import { freshName, openRacers } from './store-parts.js';

async function openNumbers(open: OpenStore): Promise<Numbers> {
  const { numbers } = await open();
  assert.ok(numbers, 'the store has no numbers');
  return numbers;
}

/** What a store's `numbers` must do. */
export const numberCases: readonly StoreCase[] = [
  {
    name: 'numbers: a person gets a number once, and keeps it, on every connection',
    async run(open) {
      const user = freshName('user');
      const number = await (await openNumbers(open)).numberOf(user);
      assert.ok(Number.isSafeInteger(number) && number >= 1, `${number}`);
      const other = await openNumbers(open);
      assert.equal(await other.numberOf(user), number);
      assert.equal(await other.siteUserOf(number), user);
    },
  },
  {
    name: 'numbers: they ascend',
    async run(open) {
      let last = 0;
      for (let i = 0; i < 20; i++) {
        const number = await (await openNumbers(open)).numberOf(freshName('user'));
        assert.ok(number > last, `${number} after ${last}`);
        last = number;
      }
    },
  },
  {
    name: 'numbers: ids are compared exactly',
    async run(open) {
      const numbers = await openNumbers(open);
      const name = freshName('user');
      const names = [name, name.toUpperCase(), `${name} `, ` ${name}`, `${name}é`, `${name}e\u0301`];
      const given = new Map<number, string>();
      for (const each of names) given.set(await numbers.numberOf(each), each);
      assert.equal(given.size, names.length);
      for (const [number, each] of given) assert.equal(await numbers.siteUserOf(number), each);
    },
  },
  {
    name: 'numbers: nobody has one that was not given, whatever it is',
    async run(open) {
      const numbers = await openNumbers(open);
      const number = await numbers.numberOf(freshName('user'));
      for (const other of [
        0,
        -number,
        number + 0.5,
        number + 1e9,
        Number.MAX_SAFE_INTEGER,
        Number.NaN,
        1e300,
      ]) {
        assert.equal(await numbers.siteUserOf(other), null, String(other));
      }
    },
  },
  {
    name: 'numbers: several who ask at once for one person get one number, and others get others',
    async run(open) {
      const connections = await openRacers(openNumbers, open);
      const all = new Set<number>();
      for (let round = 0; round < 20; round++) {
        const [same, ...own] = [freshName('user'), ...connections.map(() => freshName('user'))];
        const shared = await Promise.all(connections.map((numbers) => numbers.numberOf(same)));
        assert.equal(new Set(shared).size, 1, shared.join());
        const others = await Promise.all(connections.map((numbers, i) => numbers.numberOf(own[i] ?? '')));
        for (const number of [...shared.slice(0, 1), ...others]) {
          assert.ok(!all.has(number), `${number} was given twice`);
          all.add(number);
        }
      }
    },
  },
];
