import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';

import type { StoreCase } from './store-case.js';
import { freshName, racers } from './store-parts.js';

/** What a store's `revocations` must do. */
export const revocationCases: readonly StoreCase[] = [
  {
    name: 'revocations: without an epoch no session is live',
    async run(open) {
      const { revocations } = await open();
      const user = freshName('user');
      for (const epoch of ['', 'null', 'undefined', 'e1']) {
        assert.equal(await revocations.isLive(user, epoch, freshName('sid')), false, epoch);
      }
    },
  },
  {
    name: 'revocations: the first epoch stays, for all who join, on every connection',
    async run(open) {
      const user = freshName('user');
      assert.equal(await (await open()).revocations.join(user, 'e1', 60), 'e1');
      assert.equal(await (await open()).revocations.join(user, 'e2', 60), 'e1');
      const { revocations } = await open();
      assert.equal(await revocations.isLive(user, 'e1', freshName('sid')), true);
      for (const other of ['e2', 'E1', 'e1 ', '']) {
        assert.equal(await revocations.isLive(user, other, freshName('sid')), false, other);
      }
    },
  },
  {
    name: 'revocations: one session ends, the others go on',
    async run(open) {
      const { revocations } = await open();
      const [user, ended, other] = [freshName('user'), freshName('sid'), freshName('sid')];
      await revocations.join(user, 'e1', 60);
      await revocations.endOne(ended, 60);
      assert.equal(await (await open()).revocations.isLive(user, 'e1', ended), false);
      assert.equal(await (await open()).revocations.isLive(user, 'e1', other), true);
      await revocations.endOne(ended, 60);
      assert.equal(await revocations.isLive(user, 'e1', ended), false, 'ending it again changes nothing');
    },
  },
  {
    name: 'revocations: all sessions of a person end at once, for every connection, and never come back',
    async run(open) {
      const [user, bystander] = [freshName('user'), freshName('user')];
      const { revocations } = await open();
      await revocations.join(user, 'e1', 60);
      await revocations.join(bystander, 'e1', 60);
      await (await open()).revocations.endAll(user);
      assert.equal(await revocations.isLive(user, 'e1', freshName('sid')), false);
      assert.equal(await revocations.join(user, 'e2', 60), 'e2', 'the next login starts a new epoch');
      assert.equal(await revocations.isLive(user, 'e1', freshName('sid')), false);
      assert.equal(await revocations.isLive(user, 'e2', freshName('sid')), true);
      assert.equal(await revocations.isLive(bystander, 'e1', freshName('sid')), true);
      await revocations.endAll(freshName('user'));
    },
  },
  {
    name: 'revocations: an epoch ends by itself unless someone joins, which prolongs it',
    async run(open) {
      const { revocations } = await open();
      const [left, joined] = [freshName('user'), freshName('user')];
      await revocations.join(left, 'e1', 2);
      await revocations.join(joined, 'e1', 2);
      await sleep(1_000);
      assert.equal(await revocations.isLive(left, 'e1', freshName('sid')), true);
      assert.equal(await revocations.join(joined, 'e2', 60), 'e1');
      await sleep(1_300);
      assert.equal(await revocations.isLive(left, 'e1', freshName('sid')), false);
      assert.equal(await revocations.join(left, 'e2', 60), 'e2', 'an ended epoch is not taken up again');
      assert.equal(await revocations.isLive(left, 'e1', freshName('sid')), false);
      assert.equal(await revocations.isLive(joined, 'e1', freshName('sid')), true);
    },
  },
  {
    name: 'revocations: the mark of an ended session is kept as long as it was told, also beyond a month',
    async run(open) {
      const { revocations } = await open();
      const [user, short, long] = [freshName('user'), freshName('sid'), freshName('sid')];
      await revocations.join(user, 'e1', 366 * 86_400);
      await revocations.endOne(short, 2);
      await revocations.endOne(long, 366 * 86_400);
      await sleep(1_000);
      assert.equal(await revocations.isLive(user, 'e1', short), false);
      await sleep(1_300);
      assert.equal(await revocations.isLive(user, 'e1', short), true);
      assert.equal(await revocations.isLive(user, 'e1', long), false);
    },
  },
  {
    name: 'revocations: a session id is not a user id',
    async run(open) {
      const { revocations } = await open();
      const name = freshName('name');
      await revocations.join(name, 'e1', 60);
      await revocations.endOne(name, 60);
      assert.equal(await revocations.isLive(name, 'e1', freshName('sid')), true);
      assert.equal(await revocations.isLive(name, 'e1', name), false);
      assert.equal(await (await open()).oneTime.claim(name, 60), true, 'and neither is a one-time value');
    },
  },
  {
    name: 'revocations: people who sign in at once in several browsers get one epoch',
    async run(open) {
      const stores = await Promise.all(Array.from({ length: racers }, open));
      for (let round = 0; round < 50; round++) {
        const user = freshName('user');
        const epochs = await Promise.all(
          stores.map(({ revocations }, i) => revocations.join(user, `e${i}`, 60)),
        );
        assert.equal(new Set(epochs).size, 1, epochs.join());
        for (const { revocations } of stores) {
          assert.equal(await revocations.isLive(user, epochs[0] ?? '', freshName('sid')), true);
        }
      }
    },
  },
  {
    name: 'revocations: an epoch that was over for several who join at once is replaced by one',
    async run(open) {
      const stores = await Promise.all(Array.from({ length: racers }, open));
      const users = Array.from({ length: 20 }, () => freshName('user'));
      for (const user of users) await stores[0]?.revocations.join(user, 'old', 1);
      await sleep(1_300);
      for (const user of users) {
        const epochs = await Promise.all(
          stores.map(({ revocations }, i) => revocations.join(user, `e${i}`, 60)),
        );
        assert.equal(new Set(epochs).size, 1, epochs.join());
        assert.notEqual(epochs[0], 'old');
      }
    },
  },
];
