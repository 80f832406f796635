import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';

import type { StoreCase } from './store-case.js';
import { count, freshName, openLocks, openRacers } from './store-parts.js';

/** What a store's `locks` must do. */
export const lockCases: readonly StoreCase[] = [
  {
    name: 'locks: a free lock is taken, and then refused to others on every connection',
    async run(open) {
      const key = freshName('lock');
      assert.equal(await (await openLocks(open)).acquire(key, 'one', 60), true);
      const other = await openLocks(open);
      assert.equal(await other.acquire(key, 'two', 60), false);
      assert.equal(await other.acquire(key, 'two', 60), false, 'a refused try takes nothing');
      assert.equal(await other.acquire(`${key}2`, 'two', 60), true, 'another lock');
    },
  },
  {
    name: 'locks: the owner may take it again, from any connection',
    async run(open) {
      const key = freshName('lock');
      assert.equal(await (await openLocks(open)).acquire(key, 'one', 60), true);
      assert.equal(await (await openLocks(open)).acquire(key, 'one', 60), true);
      assert.equal(await (await openLocks(open)).acquire(key, 'two', 60), false);
    },
  },
  {
    name: 'locks: a lock that was given back is free',
    async run(open) {
      const locks = await openLocks(open);
      const key = freshName('lock');
      await locks.acquire(key, 'one', 60);
      await locks.release(key, 'one');
      assert.equal(await locks.acquire(key, 'two', 60), true);
      await locks.release(freshName('lock'), 'one');
    },
  },
  {
    name: 'locks: only the owner gives a lock back; owners are compared exactly',
    async run(open) {
      const locks = await openLocks(open);
      const key = freshName('lock');
      await locks.acquire(key, 'one', 60);
      for (const other of ['two', 'One', 'one ', '', 'on']) await locks.release(key, other);
      assert.equal(await locks.acquire(key, 'two', 60), false);
      assert.equal(await locks.acquire(key, 'One', 60), false);
    },
  },
  {
    name: 'locks: a lock ends by itself, and its former owner cannot give back what another has now',
    async run(open) {
      const locks = await openLocks(open);
      const key = freshName('lock');
      assert.equal(await locks.acquire(key, 'one', 2), true);
      await sleep(1_000);
      assert.equal(await locks.acquire(key, 'two', 60), false, 'still held after half of its life');
      await sleep(1_300);
      assert.equal(await locks.acquire(key, 'two', 60), true, 'free after its life');
      await locks.release(key, 'one');
      assert.equal(await locks.acquire(key, 'one', 60), false);
      assert.equal(await locks.acquire(key, 'three', 60), false);
    },
  },
  {
    name: 'locks: taking it again prolongs it',
    async run(open) {
      const locks = await openLocks(open);
      const key = freshName('lock');
      assert.equal(await locks.acquire(key, 'one', 1), true);
      await sleep(500);
      assert.equal(await locks.acquire(key, 'one', 60), true);
      await sleep(800);
      assert.equal(await locks.acquire(key, 'two', 60), false);
    },
  },
  {
    name: 'locks: of several who want a lock at once one gets it',
    async run(open) {
      const connections = await openRacers(openLocks, open);
      for (let round = 0; round < 50; round++) {
        const key = freshName('lock');
        const results = await Promise.all(connections.map((locks, i) => locks.acquire(key, `owner${i}`, 60)));
        assert.equal(count(results, true), 1);
      }
    },
  },
  {
    name: 'locks: an ended lock that several want at once goes to one of them',
    async run(open) {
      const connections = await openRacers(openLocks, open);
      const keys = Array.from({ length: 20 }, () => freshName('lock'));
      for (const key of keys) assert.equal(await connections[0]?.acquire(key, 'dead', 1), true);
      await sleep(1_300);
      for (const key of keys) {
        const results = await Promise.all(connections.map((locks, i) => locks.acquire(key, `owner${i}`, 60)));
        assert.equal(count(results, true), 1);
      }
    },
  },
  {
    name: 'locks: nobody is inside while another is',
    async run(open) {
      const connections = await openRacers(openLocks, open);
      const key = freshName('lock');
      let inside = 0;
      let visits = 0;
      await Promise.all(
        connections.map(async (locks, i) => {
          for (let visit = 0; visit < 5; ) {
            if (!(await locks.acquire(key, `owner${i}`, 60))) {
              await sleep(1);
              continue;
            }
            inside++;
            assert.equal(inside, 1);
            await sleep(0);
            inside--;
            visits++;
            visit++;
            await locks.release(key, `owner${i}`);
          }
        }),
      );
      assert.equal(visits, connections.length * 5);
    },
  },
];
