import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';

import type { People } from '@forum-sso/core';

import type { OpenStore, StoreCase } from './store-case.js';
import { count, freshName, openRacers } from './store-parts.js';

async function openPeople(open: OpenStore): Promise<People> {
  const { people } = await open();
  assert.ok(people, 'the store has no people');
  return people;
}

const forEver = { reason: null, until: null };

/** What a store's `people` must do. */
export const peopleCases: readonly StoreCase[] = [
  {
    name: 'people: nothing is known of most; what one connection notes others see',
    async run(open) {
      const [people, elsewhere] = [await openPeople(open), await openPeople(open)];
      const id = freshName('person');
      assert.equal(await people.standing(id), null);
      await people.remove(id);
      assert.deepEqual(await elsewhere.standing(id), { state: 'removed' });
      assert.equal(await elsewhere.standing(id.toUpperCase()), null);
      assert.equal(await elsewhere.standing(`${id} `), null);
    },
  },
  {
    name: 'people: a suspension has a reason and an end, and is over then',
    async run(open) {
      const people = await openPeople(open);
      const [id, other] = [freshName('person'), freshName('person')];
      const until = new Date(Date.now() + 700);
      assert.equal(await people.suspend(id, { reason: 'Spam; “ads”', until }), true);
      assert.equal(await people.suspend(other, forEver), true);
      assert.deepEqual(await people.standing(id), { state: 'suspended', reason: 'Spam; “ads”', until });
      await sleep(1_000);
      assert.equal(await people.standing(id), null);
      assert.deepEqual(await people.standing(other), { state: 'suspended', ...forEver });
      assert.equal(await people.suspend(other, { reason: 'again', until: null }), true);
      assert.deepEqual(await people.standing(other), { state: 'suspended', reason: 'again', until: null });
    },
  },
  {
    name: 'people: a removal follows a suspension, and never the other way round',
    async run(open) {
      const people = await openPeople(open);
      const id = freshName('person');
      await people.suspend(id, { reason: 'Spam', until: new Date(Date.now() + 60_000) });
      await people.remove(id);
      await people.remove(id);
      assert.equal(await people.suspend(id, forEver), false);
      assert.deepEqual(await people.standing(id), { state: 'removed' });
    },
  },
  {
    name: 'people: both can be taken back',
    async run(open) {
      const people = await openPeople(open);
      const id = freshName('person');
      assert.equal(await people.restore(id), false);
      await people.remove(id);
      assert.equal(await people.restore(id), true);
      assert.equal(await people.standing(id), null);
      assert.equal(await people.suspend(id, forEver), true);
      assert.equal(await people.restore(id), true);
      assert.equal(await people.standing(id), null);
    },
  },
  {
    name: 'people: versions grow, whoever draws them',
    async run(open) {
      const connections = await openRacers(openPeople, open);
      const id = freshName('person');
      let last = 0;
      for (let round = 0; round < 10; round++) {
        const drawn = await Promise.all(connections.map((people) => people.nextVersion(id)));
        assert.equal(new Set(drawn).size, drawn.length, 'no version is drawn twice');
        assert.ok(Math.min(...drawn) > last && drawn.every(Number.isSafeInteger));
        last = Math.max(...drawn);
      }
    },
  },
  {
    name: 'people: an older version is not taken after a newer one; each community is by itself',
    async run(open) {
      const [people, elsewhere] = [await openPeople(open), await openPeople(open)];
      const id = freshName('person');
      const [first, second, third] = [
        await people.nextVersion(id),
        await elsewhere.nextVersion(id),
        await people.nextVersion(id),
      ];
      assert.equal(await people.takeVersion('one', id, second), true);
      assert.equal(await elsewhere.takeVersion('one', id, first), false);
      assert.equal(await elsewhere.takeVersion('one', id, second), true, 'the same once more');
      assert.equal(await elsewhere.takeVersion('two', id, first), true);
      assert.equal(await elsewhere.takeVersion('one', freshName('person'), first), true);
      assert.equal(await elsewhere.takeVersion('one', id, third), true);
      assert.equal(await people.takeVersion('one', id, second), false);
    },
  },
  {
    name: 'people: of several versions that are taken at once the newest goes last',
    async run(open) {
      const connections = await openRacers(openPeople, open);
      for (let round = 0; round < 20; round++) {
        const id = freshName('person');
        const drawn = await Promise.all(connections.map((people) => people.nextVersion(id)));
        const newest = Math.max(...drawn);
        const taken = await Promise.all(
          connections.map((people, i) => people.takeVersion('one', id, drawn[i] ?? 0)),
        );
        assert.ok(count(taken, true) >= 1);
        assert.equal(taken[drawn.indexOf(newest)], true, 'the newest is taken');
        for (const version of drawn) {
          assert.equal(await connections[0]?.takeVersion('one', id, version), version === newest);
        }
      }
    },
  },
];
