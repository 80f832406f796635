import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';

import type { JobCounts, Jobs } from '@forum-sso/core';

import type { OpenStore, StoreCase } from './store-case.js';
import { count, freshName, openRacers } from './store-parts.js';

async function openJobs(open: OpenStore): Promise<Jobs> {
  const { jobs } = await open();
  assert.ok(jobs, 'the store has no jobs');
  return jobs;
}

/** A connector of this case alone, and ids of jobs for it. */
function fresh(): { readonly connector: string; readonly id: (name: string) => string } {
  const connector = freshName('c').slice(0, 40);
  return { connector, id: (name) => `${name}-${connector}` };
}

async function due(jobs: Jobs, connector: string, limit = 10): Promise<string[]> {
  const { jobs: found } = await jobs.peek(connector, limit);
  return found.map(({ id }) => id);
}

async function countsOf(jobs: Jobs, connector: string): Promise<JobCounts | undefined> {
  return (await jobs.counts()).find((counts) => counts.connector === connector);
}

async function deadOf(jobs: Jobs, connector: string) {
  return (await jobs.dead(100_000)).filter((job) => job.connector === connector);
}

const why = { code: 'ERR_X', detail: 'It did not work; “so”.' };

/** What a store's `jobs` must do. */
export const jobCases: readonly StoreCase[] = [
  {
    name: 'jobs: what one connection adds others find, in its order, and each connector has its own',
    async run(open) {
      const { connector, id } = fresh();
      const other = fresh();
      const jobs = await openJobs(open);
      for (const name of ['b', 'a', 'c']) {
        await jobs.add({ id: id(name), connector, body: `body of ${name}` });
        await sleep(3);
      }
      await jobs.add({ id: other.id('x'), connector: other.connector, body: 'x' });
      const elsewhere = await openJobs(open);
      assert.deepEqual(await due(elsewhere, connector), [id('b'), id('a'), id('c')]);
      assert.deepEqual(await due(elsewhere, connector, 2), [id('b'), id('a')]);
      assert.deepEqual(await due(elsewhere, other.connector), [other.id('x')]);
      assert.deepEqual(await elsewhere.read(id('a')), {
        ...(await elsewhere.peek(connector, 2)).jobs[1],
        ...{ id: id('a'), body: 'body of a', attempts: 0, generation: 1 },
      });
      assert.equal(await elsewhere.read(id('nothing')), null);
    },
  },
  {
    name: 'jobs: one that waits already keeps its place, and is another generation with the newer body',
    async run(open) {
      const { connector, id } = fresh();
      const jobs = await openJobs(open);
      for (const name of ['a', 'b', 'a', 'a']) {
        await jobs.add({ id: id(name), connector, body: 'newest' });
        await sleep(3);
      }
      const { jobs: found } = await jobs.peek(connector, 10);
      assert.deepEqual(
        found.map((job) => [job.id, job.generation, job.body]),
        [
          [id('a'), 3, 'newest'],
          [id('b'), 1, 'newest'],
        ],
      );
    },
  },
  {
    name: 'jobs: a completed one is gone; one that was added again meanwhile stays, and begins anew',
    async run(open) {
      const { connector, id } = fresh();
      const jobs = await openJobs(open);
      await jobs.add({ id: id('a'), connector, body: 'x' });
      await jobs.postpone(id('a'), 0, true);
      await (await openJobs(open)).add({ id: id('a'), connector, body: 'x' });
      assert.equal(await jobs.complete(id('a'), 1), false);
      const kept = await jobs.read(id('a'));
      assert.equal(kept?.attempts, 0);
      assert.equal(await jobs.complete(id('a'), kept?.generation ?? 0), true);
      assert.equal(await jobs.read(id('a')), null);
      assert.deepEqual(await due(jobs, connector), []);
      assert.equal(await jobs.complete(id('a'), 9), false);
    },
  },
  {
    name: 'jobs: one that is added by several connections at once is there once',
    async run(open) {
      const { connector, id } = fresh();
      const connections = await openRacers(openJobs, open);
      await Promise.all(connections.map((jobs) => jobs.add({ id: id('a'), connector, body: 'x' })));
      const { jobs: found } = await (await openJobs(open)).peek(connector, 10);
      assert.deepEqual(
        found.map((job) => [job.id, job.generation]),
        [[id('a'), connections.length]],
      );
    },
  },
  {
    name: 'jobs: a postponed one is due after its delay, which is told; attempts are counted when they count',
    async run(open) {
      const { connector, id } = fresh();
      const jobs = await openJobs(open);
      assert.equal((await jobs.peek(connector, 10)).nextInMilliseconds, null);
      await jobs.add({ id: id('a'), connector, body: 'x' });
      await jobs.postpone(id('a'), 400, true);
      const { jobs: none, nextInMilliseconds } = await jobs.peek(connector, 10);
      assert.deepEqual(none, []);
      assert.ok(nextInMilliseconds !== null && nextInMilliseconds > 0 && nextInMilliseconds <= 401);
      assert.equal(await jobs.read(id('a')), null);
      // To be added again makes it no sooner.
      await jobs.add({ id: id('a'), connector, body: 'x' });
      assert.deepEqual(await due(jobs, connector), []);
      await sleep(500);
      const [job] = (await jobs.peek(connector, 10)).jobs;
      assert.deepEqual([job?.attempts, job?.generation], [1, 2]);
      await jobs.postpone(id('a'), 0, false);
      await sleep(5);
      assert.equal((await jobs.read(id('a')))?.attempts, 1);
    },
  },
  {
    name: 'jobs: the dead are listed, the latest first, and can be revived, added again and thrown away',
    async run(open) {
      const { connector, id } = fresh();
      const jobs = await openJobs(open);
      for (const name of ['a', 'b', 'c']) {
        await jobs.add({ id: id(name), connector, body: `body of ${name}` });
        await jobs.postpone(id(name), 0, true);
        assert.equal(await jobs.bury(id(name), 1, why), true);
        assert.equal(await jobs.bury(id(name), 1, why), false);
        await sleep(5);
      }
      const elsewhere = await openJobs(open);
      const dead = await deadOf(elsewhere, connector);
      assert.deepEqual(
        dead.map((job) => job.id),
        [id('c'), id('b'), id('a')],
      );
      const [{ diedAt, ...last } = { diedAt: new Date(0) }] = dead;
      assert.deepEqual(last, { id: id('c'), connector, body: 'body of c', attempts: 2, ...why });
      assert.ok(Math.abs(diedAt.getTime() - Date.now()) < 600_000);
      assert.deepEqual(await due(elsewhere, connector), []);
      assert.equal(await elsewhere.revive(id('a')), true);
      assert.equal(await elsewhere.revive(id('a')), false);
      await elsewhere.add({ id: id('b'), connector, body: 'new' });
      assert.equal(await elsewhere.discard(id('c')), true);
      assert.equal(await elsewhere.discard(id('c')), false);
      assert.equal(await elsewhere.discard(id('a')), false, 'it waits');
      assert.deepEqual((await due(jobs, connector)).sort(), [id('a'), id('b')]);
      assert.deepEqual(await deadOf(jobs, connector), []);
      assert.deepEqual(
        (await jobs.peek(connector, 10)).jobs.map(({ attempts }) => attempts),
        [0, 0],
      );
    },
  },
  {
    name: 'jobs: one that was added again is not buried, but begins anew',
    async run(open) {
      const { connector, id } = fresh();
      const jobs = await openJobs(open);
      await jobs.add({ id: id('a'), connector, body: 'x' });
      await jobs.postpone(id('a'), 0, true);
      await jobs.add({ id: id('a'), connector, body: 'x' });
      assert.equal(await jobs.bury(id('a'), 1, why), false);
      assert.equal((await jobs.read(id('a')))?.attempts, 0);
    },
  },
  {
    name: 'jobs: they are counted, and the oldest tells its age',
    async run(open) {
      const { connector, id } = fresh();
      const jobs = await openJobs(open);
      assert.equal((await countsOf(jobs, connector))?.waiting ?? 0, 0);
      await jobs.add({ id: id('a'), connector, body: 'x' });
      await sleep(300);
      for (const name of ['b', 'c', 'd']) await jobs.add({ id: id(name), connector, body: 'x' });
      await jobs.postpone(id('b'), 60_000, true);
      await jobs.bury(id('c'), 1, why);
      const counts = await countsOf(await openJobs(open), connector);
      assert.deepEqual([counts?.waiting, counts?.dead], [3, 1]);
      const age = counts?.oldestMilliseconds ?? 0;
      assert.ok(age >= 290 && age < 60_000, `the oldest is ${age} ms old`);
      for (const name of ['a', 'b', 'd']) await jobs.complete(id(name), 1);
      const rest = await countsOf(jobs, connector);
      assert.deepEqual([rest?.waiting, rest?.dead, rest?.oldestMilliseconds], [0, 1, null]);
    },
  },
  {
    name: 'jobs: a slot is taken once by all connections, and the next comes a step later',
    async run(open) {
      const { connector } = fresh();
      const connections = await openRacers(openJobs, open);
      const taken: number[] = [];
      const start = performance.now();
      while (taken.length < 4) {
        const waits = await Promise.all(connections.map((jobs) => jobs.takeSlot(connector, 150, 30)));
        const now = performance.now() - start;
        assert.ok(count(waits, 0) <= 1, `${count(waits, 0)} took the same slot`);
        if (count(waits, 0) === 1) taken.push(now);
        const wait = Math.min(...waits.filter((ms) => ms > 0));
        assert.ok(wait > 0 && wait <= 151, `told to wait ${wait} ms`);
        await sleep(wait);
      }
      for (const [i, at] of taken.entries()) {
        const before = taken[i - 1];
        assert.ok(before === undefined || at - before > 100, `slots at ${taken.join(', ')}`);
      }
      assert.ok((taken[3] ?? 0) > 400, `four slots within ${taken[3]} ms`);
    },
  },
  {
    name: 'jobs: a slot that is taken a little late moves no other, one that is taken very late does',
    async run(open) {
      const { connector } = fresh();
      const jobs = await openJobs(open);
      assert.equal(await jobs.takeSlot(connector, 300, 150), 0);
      await sleep(380);
      assert.equal(await jobs.takeSlot(connector, 10_000, 150), 0);
      const wait = await jobs.takeSlot(connector, 1, 0);
      assert.ok(wait < 9_990, `80 ms late, the next was moved by all of it: ${wait}`);
      const later = fresh().connector;
      assert.equal(await jobs.takeSlot(later, 1, 100), 0);
      await sleep(500);
      assert.equal(await jobs.takeSlot(later, 10_000, 100), 0);
      const long = await jobs.takeSlot(later, 1, 0);
      assert.ok(long > 9_800, `nearly 500 ms late, the next came too soon: ${long}`);
    },
  },
  {
    name: 'jobs: while a connector is held nobody takes a slot, and a hold is never shortened',
    async run(open) {
      const { connector } = fresh();
      const jobs = await openJobs(open);
      await jobs.hold(connector, 600);
      const elsewhere = await openJobs(open);
      await elsewhere.hold(connector, 10);
      const wait = await elsewhere.takeSlot(connector, 0, 0);
      assert.ok(wait > 300 && wait <= 601, `told to wait ${wait} ms`);
      assert.equal(await elsewhere.takeSlot(fresh().connector, 0, 0), 0, 'others are not held');
      await sleep(wait + 10);
      for (let i = 0; i < 3; i++)
        assert.equal(await jobs.takeSlot(connector, 0, 0), 0, 'slots without length');
    },
  },
];
