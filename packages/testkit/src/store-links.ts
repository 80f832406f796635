import { strict as assert } from 'node:assert';

import type { LinkOutcome } from '@forum-sso/core';

import type { StoreCase } from './store-case.js';
import { count, freshName, openLinks, openRacers } from './store-parts.js';

/** Pairs of texts that careless storage takes for one. */
const lookAlikes: readonly (readonly [string, string])[] = [
  ['Anna', 'anna'],
  ['anna', 'anna '],
  ['anna', ' anna'],
  ['é', 'e\u0301'],
  ['straße', 'strasse'],
  ['1', '01'],
  ['1', '1.0'],
  ['%', '_'],
  ['', ' '],
];

/** What a store's `links` must do. */
export const linkCases: readonly StoreCase[] = [
  {
    name: 'links: nobody is linked at first',
    async run(open) {
      const links = await openLinks(open);
      const connector = freshName('forum');
      assert.equal(await links.findByCommunityUser(connector, '1'), null);
      assert.equal(await links.findBySiteUser(connector, 'anna'), null);
      assert.equal(await links.isRetired(connector, '1'), false);
      assert.equal(await links.unlink(connector, '1'), false);
    },
  },
  {
    name: 'links: a pair is found from both sides, by every connection',
    async run(open) {
      const connector = freshName('forum');
      assert.equal(await (await openLinks(open)).link(connector, '1', 'anna'), 'linked');
      const other = await openLinks(open);
      assert.equal(await other.findByCommunityUser(connector, '1'), 'anna');
      assert.equal(await other.findBySiteUser(connector, 'anna'), '1');
    },
  },
  {
    name: 'links: the very same pair existed before',
    async run(open) {
      const links = await openLinks(open);
      const connector = freshName('forum');
      await links.link(connector, '1', 'anna');
      assert.equal(await links.link(connector, '1', 'anna'), 'existed');
      assert.equal(await links.findByCommunityUser(connector, '1'), 'anna');
    },
  },
  {
    name: 'links: neither side takes a second partner, and a refused try changes nothing',
    async run(open) {
      const links = await openLinks(open);
      const connector = freshName('forum');
      await links.link(connector, '1', 'anna');
      await links.link(connector, '2', 'bert');
      assert.equal(await links.link(connector, '1', 'carla'), 'communityUserTaken');
      assert.equal(await links.link(connector, '3', 'anna'), 'siteUserTaken');
      assert.equal(await links.link(connector, '1', 'bert'), 'communityUserTaken', 'both sides taken');
      assert.equal(await links.findByCommunityUser(connector, '1'), 'anna');
      assert.equal(await links.findByCommunityUser(connector, '2'), 'bert');
      assert.equal(await links.findByCommunityUser(connector, '3'), null);
      assert.equal(await links.findBySiteUser(connector, 'anna'), '1');
      assert.equal(await links.findBySiteUser(connector, 'bert'), '2');
      assert.equal(await links.findBySiteUser(connector, 'carla'), null);
    },
  },
  {
    name: 'links: after an unlink both sides are free for others',
    async run(open) {
      const links = await openLinks(open);
      const connector = freshName('forum');
      await links.link(connector, '1', 'anna');
      assert.equal(await links.unlink(connector, '1'), true);
      assert.equal(await links.unlink(connector, '1'), false);
      assert.equal(await links.findByCommunityUser(connector, '1'), null);
      assert.equal(await links.findBySiteUser(connector, 'anna'), null);
      assert.equal(await links.link(connector, '1', 'bert'), 'linked');
      assert.equal(await links.link(connector, '2', 'anna'), 'linked');
    },
  },
  {
    name: 'links: connectors have nothing to do with each other',
    async run(open) {
      const links = await openLinks(open);
      const [one, two] = [freshName('forum'), freshName('forum')];
      await links.link(one, '1', 'anna');
      assert.equal(await links.findByCommunityUser(two, '1'), null);
      assert.equal(await links.link(two, '1', 'bert'), 'linked');
      assert.equal(await links.link(two, '2', 'anna'), 'linked');
      await links.retire(one, '7');
      assert.equal(await links.isRetired(two, '7'), false);
      assert.equal(await links.unlink(one, '1'), true);
      assert.equal(await links.findByCommunityUser(two, '1'), 'bert');
    },
  },
  {
    name: 'links: a retired account loses its link and is never linked again',
    async run(open) {
      const links = await openLinks(open);
      const connector = freshName('forum');
      await links.link(connector, '1', 'anna');
      await links.retire(connector, '1');
      assert.equal(await links.isRetired(connector, '1'), true);
      assert.equal(await links.findByCommunityUser(connector, '1'), null);
      assert.equal(await links.findBySiteUser(connector, 'anna'), null);
      assert.equal(await links.link(connector, '1', 'anna'), 'communityUserTaken');
      assert.equal(await links.link(connector, '1', 'bert'), 'communityUserTaken');
      assert.equal(await links.unlink(connector, '1'), false, 'an unlink does not bring it back');
      assert.equal(await links.isRetired(connector, '1'), true);
      assert.equal(await links.link(connector, '2', 'anna'), 'linked', 'the person may have another account');
    },
  },
  {
    name: 'links: accounts that were never linked can be retired, several, and more than once',
    async run(open) {
      const links = await openLinks(open);
      const connector = freshName('forum');
      for (const id of ['1', '2', '1']) await links.retire(connector, id);
      assert.equal(await links.isRetired(connector, '1'), true);
      assert.equal(await links.isRetired(connector, '2'), true);
      assert.equal(await links.isRetired(connector, '3'), false);
      assert.equal(await links.link(connector, '2', 'anna'), 'communityUserTaken');
    },
  },
  {
    name: 'links: ids are compared exactly',
    async run(open) {
      const links = await openLinks(open);
      for (const [one, two] of lookAlikes) {
        const connector = freshName('forum');
        assert.equal(await links.link(connector, one, one), 'linked');
        assert.equal(await links.findByCommunityUser(connector, two), null, JSON.stringify([one, two]));
        assert.equal(await links.findBySiteUser(connector, two), null, JSON.stringify([one, two]));
        assert.equal(await links.link(connector, two, two), 'linked', JSON.stringify([one, two]));
        assert.equal(await links.findByCommunityUser(connector, one), one);
        assert.equal(await links.findByCommunityUser(connector, two), two);
      }
    },
  },
  {
    name: 'links: connector and id are never run together',
    async run(open) {
      const links = await openLinks(open);
      const name = freshName('forum');
      for (const mark of [':', '|', '/', '"', "'", ',', '\\', '","']) {
        assert.equal(await links.link(`${name}${mark}a`, 'b', 'anna'), 'linked');
        assert.equal(await links.findByCommunityUser(name, `a${mark}b`), null);
        assert.equal(await links.link(name, `a${mark}b`, `anna${mark}`), 'linked');
        assert.equal(await links.findBySiteUser(name, `anna${mark}`), `a${mark}b`);
      }
    },
  },
  {
    name: 'links: ids of 255 characters of any script are kept whole',
    async run(open) {
      const links = await openLinks(open);
      const connector = freshName('forum');
      for (const letter of ['a', 'ж', '漢']) {
        const [one, two] = [`${letter.repeat(254)}1`, `${letter.repeat(254)}2`];
        assert.equal(await links.link(connector, one, two), 'linked');
        assert.equal(await links.findByCommunityUser(connector, one), two);
        assert.equal(await links.findByCommunityUser(connector, two), null);
        assert.equal(await links.findBySiteUser(connector, two), one);
      }
    },
  },
  {
    name: 'links: of several people who link one account at once, one gets it',
    async run(open) {
      const connections = await openRacers(openLinks, open);
      for (let round = 0; round < 20; round++) {
        const connector = freshName('forum');
        const outcomes = await Promise.all(
          connections.map((links, i) => links.link(connector, '1', `user${i}`)),
        );
        assertOneWinner(outcomes, 'communityUserTaken');
        const winner = `user${outcomes.indexOf('linked')}`;
        for (const links of connections) {
          assert.equal(await links.findByCommunityUser(connector, '1'), winner);
        }
        for (const [i, links] of connections.entries()) {
          const expected = `user${i}` === winner ? '1' : null;
          assert.equal(await links.findBySiteUser(connector, `user${i}`), expected);
        }
      }
    },
  },
  {
    name: 'links: a person who links several accounts at once gets one of them',
    async run(open) {
      const connections = await openRacers(openLinks, open);
      for (let round = 0; round < 20; round++) {
        const connector = freshName('forum');
        const outcomes = await Promise.all(
          connections.map((links, i) => links.link(connector, String(i), 'anna')),
        );
        assertOneWinner(outcomes, 'siteUserTaken');
        const winner = String(outcomes.indexOf('linked'));
        for (const [i, links] of connections.entries()) {
          assert.equal(await links.findBySiteUser(connector, 'anna'), winner);
          const expected = String(i) === winner ? 'anna' : null;
          assert.equal(await links.findByCommunityUser(connector, String(i)), expected);
        }
      }
    },
  },
  {
    name: 'links: one pair that is linked several times at once is linked once',
    async run(open) {
      const connections = await openRacers(openLinks, open);
      for (let round = 0; round < 20; round++) {
        const connector = freshName('forum');
        const outcomes = await Promise.all(connections.map((links) => links.link(connector, '1', 'anna')));
        assertOneWinner(outcomes, 'existed');
      }
    },
  },
  {
    name: 'links: an account that is retired while it is being linked ends up without a link',
    async run(open) {
      const connections = await openRacers(openLinks, open);
      for (let round = 0; round < 30; round++) {
        const connector = freshName('forum');
        await Promise.all(
          connections.map(async (links, i) => {
            if (i === round % connections.length) await links.retire(connector, '1');
            else await links.link(connector, '1', `user${i}`);
          }),
        );
        for (const [i, links] of connections.entries()) {
          assert.equal(await links.isRetired(connector, '1'), true);
          assert.equal(await links.findByCommunityUser(connector, '1'), null);
          assert.equal(await links.findBySiteUser(connector, `user${i}`), null);
        }
      }
    },
  },
  {
    name: 'links: under links and unlinks at once both directions stay in agreement',
    async run(open) {
      const connections = await openRacers(openLinks, open);
      const connector = freshName('forum');
      const users = ['anna', 'bert', 'carla'];
      const ids = ['1', '2', '3'];
      await Promise.all(
        connections.map(async (links, i) => {
          for (let step = 0; step < 40; step++) {
            const id = ids[(i + step) % ids.length] ?? '1';
            const user = users[(i * step) % users.length] ?? 'anna';
            if ((i + step) % 3 === 0) await links.unlink(connector, id);
            else await links.link(connector, id, user);
          }
        }),
      );
      const links = await openLinks(open);
      for (const id of ids) {
        const user = await links.findByCommunityUser(connector, id);
        if (user !== null) assert.equal(await links.findBySiteUser(connector, user), id);
      }
      for (const user of users) {
        const id = await links.findBySiteUser(connector, user);
        if (id !== null) assert.equal(await links.findByCommunityUser(connector, id), user);
      }
    },
  },
];

function assertOneWinner(outcomes: readonly LinkOutcome[], others: LinkOutcome): void {
  assert.equal(count(outcomes, 'linked'), 1, outcomes.join());
  assert.equal(count(outcomes, others), outcomes.length - 1, outcomes.join());
}
