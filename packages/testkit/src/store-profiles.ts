import { strict as assert } from 'node:assert';

import type { StoreCase } from './store-case.js';
import { count, freshName, openProfiles, openRacers } from './store-parts.js';

const [early, middle, late] = [
  '2026-03-01T09:59:59.999Z',
  '2026-03-01T10:00:00.000Z',
  '2026-03-01T10:00:00.001Z',
] as const;

/** What a store's `profiles` must do. */
export const profileCases: readonly StoreCase[] = [
  {
    name: 'profiles: nothing is known at first',
    async run(open) {
      const profiles = await openProfiles(open);
      const connector = freshName('forum');
      assert.equal(await profiles.read(connector, '1'), null);
      await profiles.remove(connector, '1');
      assert.equal(await profiles.read(connector, '1'), null);
    },
  },
  {
    name: 'profiles: what was written is read back by every connection, with the time it was stored',
    async run(open) {
      const connector = freshName('forum');
      const json = JSON.stringify({ username: 'anna', name: 'Ånna \u{1F642} "quoted" \\ \u0000' });
      const before = Date.now();
      assert.equal(await (await openProfiles(open)).write(connector, '1', { json, version: middle }), true);
      const stored = await (await openProfiles(open)).read(connector, '1');
      assert.equal(stored?.json, json);
      assert.equal(stored?.version, middle);
      assert.ok(stored?.storedAt instanceof Date, 'storedAt is a Date');
      // The storage may have a clock of its own.
      const age = Math.abs(stored.storedAt.getTime() - before);
      assert.ok(age < 60_000, `storedAt is ${age} ms away from now`);
    },
  },
  {
    name: 'profiles: only a later version replaces the stored one',
    async run(open) {
      const profiles = await openProfiles(open);
      const connector = freshName('forum');
      await profiles.write(connector, '1', { json: '"middle"', version: middle });
      assert.equal(await profiles.write(connector, '1', { json: '"early"', version: early }), false);
      assert.equal(await profiles.write(connector, '1', { json: '"again"', version: middle }), false);
      assert.equal((await profiles.read(connector, '1'))?.json, '"middle"');
      assert.equal(await profiles.write(connector, '1', { json: '"late"', version: late }), true);
      assert.deepEqual(pick(await profiles.read(connector, '1')), ['"late"', late]);
    },
  },
  {
    name: 'profiles: a profile that was just read back replaces any',
    async run(open) {
      const profiles = await openProfiles(open);
      const connector = freshName('forum');
      await profiles.write(connector, '1', { json: '"late"', version: late });
      assert.equal(await profiles.write(connector, '1', { json: '"early"', version: early }, true), true);
      assert.deepEqual(pick(await profiles.read(connector, '1')), ['"early"', early]);
      assert.equal(await profiles.write(connector, '1', { json: '"same"', version: early }, true), true);
      assert.equal(await profiles.write(connector, '1', { json: '"middle"', version: middle }), true);
      assert.equal(await profiles.write(connector, '2', { json: '"new"', version: early }, true), true);
    },
  },
  {
    name: 'profiles: versions are compared as text, character by character',
    async run(open) {
      const profiles = await openProfiles(open);
      const rising = ['', '1', '10', '2', 'A', 'Z', '_', 'a', 'b', 'é'];
      const connector = freshName('forum');
      for (const [i, version] of rising.entries()) {
        assert.equal(await profiles.write(connector, '1', { json: '1', version }), true, version);
        for (const earlier of rising.slice(0, i)) {
          assert.equal(
            await profiles.write(connector, '1', { json: '2', version: earlier }),
            false,
            `${earlier} after ${version}`,
          );
        }
      }
    },
  },
  {
    name: 'profiles: a forgotten user is unknown, and any version may follow',
    async run(open) {
      const profiles = await openProfiles(open);
      const connector = freshName('forum');
      await profiles.write(connector, '1', { json: '1', version: late });
      await profiles.write(connector, '2', { json: '2', version: late });
      await profiles.remove(connector, '1');
      assert.equal(await profiles.read(connector, '1'), null);
      assert.equal((await profiles.read(connector, '2'))?.json, '2');
      assert.equal(await profiles.write(connector, '1', { json: '3', version: early }), true);
    },
  },
  {
    name: 'profiles: connectors and users have nothing to do with each other',
    async run(open) {
      const profiles = await openProfiles(open);
      const name = freshName('forum');
      await profiles.write(name, 'a|b', { json: '1', version: late });
      await profiles.write(`${name}|a`, 'b', { json: '2', version: early });
      await profiles.write(name, 'A|b', { json: '3', version: early });
      assert.equal((await profiles.read(name, 'a|b'))?.json, '1');
      assert.equal((await profiles.read(`${name}|a`, 'b'))?.json, '2');
      assert.equal((await profiles.read(name, 'A|b'))?.json, '3');
    },
  },
  {
    name: 'profiles: 64 kB of JSON are kept whole',
    async run(open) {
      const profiles = await openProfiles(open);
      const connector = freshName('forum');
      const json = JSON.stringify('x'.repeat(65_536 - 2));
      assert.equal(Buffer.byteLength(json), 65_536);
      assert.equal(await profiles.write(connector, '1', { json, version: early }), true);
      assert.equal((await profiles.read(connector, '1'))?.json, json);
    },
  },
  {
    name: 'profiles: of several versions that arrive at once the latest stays',
    async run(open) {
      const connections = await openRacers(openProfiles, open);
      for (let round = 0; round < 20; round++) {
        const connector = freshName('forum');
        const last = connections.length - 1;
        const results = await Promise.all(
          connections.map((profiles, i) => {
            const version = `2026-03-01T10:00:00.${100 + ((i + round) % connections.length)}Z`;
            return profiles.write(connector, '1', { json: JSON.stringify(version), version });
          }),
        );
        const highest = `2026-03-01T10:00:00.${100 + last}Z`;
        for (const profiles of connections) {
          assert.deepEqual(pick(await profiles.read(connector, '1')), [JSON.stringify(highest), highest]);
        }
        const owner = connections.findIndex((_, i) => (i + round) % connections.length === last);
        assert.equal(results[owner], true, 'the latest was told that it was stored');
      }
    },
  },
  {
    name: 'profiles: of several with one version that arrive at once one is stored',
    async run(open) {
      const connections = await openRacers(openProfiles, open);
      for (let round = 0; round < 20; round++) {
        const connector = freshName('forum');
        const results = await Promise.all(
          connections.map((profiles, i) =>
            profiles.write(connector, '1', { json: String(i), version: middle }),
          ),
        );
        assert.equal(count(results, true), 1);
        assert.equal((await connections[0]?.read(connector, '1'))?.json, String(results.indexOf(true)));
      }
    },
  },
];

function pick(profile: { readonly json: string; readonly version: string } | null): readonly unknown[] {
  return [profile?.json, profile?.version];
}
