import { setImmediate as nextTurn } from 'node:timers/promises';

import { type ForumSsoStore, memoryStore } from '@forum-sso/core';
import { describe, expect, test } from '@jest/globals';

import { storeCases } from '../../src/describe-store.js';
import type { StoreCase } from '../../src/store-case.js';

/** The names of the cases that a store fails. */
async function failures(cases: readonly StoreCase[], make: () => ForumSsoStore): Promise<string[]> {
  const store = make();
  const failed: string[] = [];
  for (const { name, run } of cases) {
    await run(async () => store).catch(() => failed.push(name));
  }
  return failed;
}

/** A store of which one part does what such a part must not. */
function broken<Part extends keyof ForumSsoStore>(
  part: Part,
  change: (sound: ForumSsoStore) => ForumSsoStore[Part],
): () => ForumSsoStore {
  return () => {
    const sound = memoryStore();
    return { ...sound, [part]: change(sound) };
  };
}

function part<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The in-memory store has all parts.');
  return value;
}

describe('the suite notices a store', () => {
  test('whose claim reads first and writes then', async () => {
    const make = broken('oneTime', () => {
      const taken = new Map<string, number>();
      return {
        async claim(key, lifeSeconds) {
          const free = (taken.get(key) ?? 0) <= Date.now();
          await nextTurn();
          if (free) taken.set(key, Date.now() + lifeSeconds * 1_000);
          return free;
        },
      };
    });
    expect(await failures(storeCases.oneTime, make)).toEqual([
      'one-time values: 1,000 keys claimed by several connections at once are taken once each',
      'one-time values: keys whose former mark is over are taken once each, too',
    ]);
  });

  test('whose claims last for ever', async () => {
    const make = broken('oneTime', () => {
      const taken = new Set<string>();
      return {
        async claim(key) {
          const free = !taken.has(key);
          taken.add(key);
          return free;
        },
      };
    });
    expect(await failures(storeCases.oneTime, make)).toContain(
      'one-time values: a mark lives as long as it was told, also beyond a month, and a refused claim does not prolong it',
    );
  });

  test('that drops marks before their end', async () => {
    const make = broken('oneTime', ({ oneTime }) => ({
      claim: (key, lifeSeconds) => oneTime.claim(key, lifeSeconds / 8),
    }));
    expect(await failures(storeCases.oneTime, make)).toContain(
      'one-time values: a mark lives as long as it was told, also beyond a month, and a refused claim does not prolong it',
    );
  });

  test('whose join looks first and writes then', async () => {
    const make = broken('revocations', ({ revocations }) => {
      const epochs = new Map<string, string>();
      return {
        ...revocations,
        async join(userId, fresh) {
          const epoch = epochs.get(userId);
          await nextTurn();
          if (epoch === undefined) epochs.set(userId, fresh);
          return epoch ?? fresh;
        },
        isLive: async (userId, epoch) => epochs.get(userId) === epoch,
        endAll: async (userId) => {
          epochs.delete(userId);
        },
      };
    });
    expect(await failures(storeCases.revocations, make)).toEqual(
      expect.arrayContaining([
        'revocations: one session ends, the others go on',
        'revocations: an epoch ends by itself unless someone joins, which prolongs it',
        'revocations: people who sign in at once in several browsers get one epoch',
      ]),
    );
  });

  test('that takes a missing epoch for a live session', async () => {
    const make = broken('revocations', ({ revocations }) => {
      const known = new Set<string>();
      return {
        ...revocations,
        join: (userId, fresh, lifeSeconds) => {
          known.add(userId);
          return revocations.join(userId, fresh, lifeSeconds);
        },
        isLive: async (userId, epoch, sid) =>
          !known.has(userId) || (await revocations.isLive(userId, epoch, sid)),
      };
    });
    expect(await failures(storeCases.revocations, make)).toContain(
      'revocations: without an epoch no session is live',
    );
  });

  test('whose link looks first and writes then', async () => {
    const make = broken('links', ({ links }) => {
      const sound = part(links);
      return {
        ...sound,
        async link(connector, communityUserId, siteUserId) {
          const holder = await sound.findByCommunityUser(connector, communityUserId);
          await nextTurn();
          if (holder !== null) return holder === siteUserId ? 'existed' : 'communityUserTaken';
          await sound.unlink(connector, communityUserId);
          return sound.link(connector, communityUserId, siteUserId);
        },
      };
    });
    expect(await failures(storeCases.links, make)).toEqual(
      expect.arrayContaining([
        'links: of several people who link one account at once, one gets it',
        'links: one pair that is linked several times at once is linked once',
      ]),
    );
  });

  test('that links retired accounts', async () => {
    const make = broken('links', ({ links }) => {
      const sound = part(links);
      return {
        ...sound,
        retire: async (connector, id) => {
          await sound.unlink(connector, id);
        },
      };
    });
    expect(await failures(storeCases.links, make)).toEqual(
      expect.arrayContaining([
        'links: a retired account loses its link and is never linked again',
        'links: an account that is retired while it is being linked ends up without a link',
      ]),
    );
  });

  test('that lets an older profile win', async () => {
    const make = broken('profiles', ({ profiles }) => {
      const sound = part(profiles);
      return {
        ...sound,
        write: async (connector, id, profile) => {
          await nextTurn();
          return sound.write(connector, id, profile, true);
        },
      };
    });
    expect(await failures(storeCases.profiles, make)).toEqual(
      expect.arrayContaining([
        'profiles: only a later version replaces the stored one',
        'profiles: of several versions that arrive at once the latest stays',
        'profiles: of several with one version that arrive at once one is stored',
      ]),
    );
  });

  test('whose locks anybody can give back', async () => {
    const make = broken('locks', () => {
      const held = new Map<string, string>();
      return {
        async acquire(key, owner) {
          const holder = held.get(key);
          if (holder !== undefined && holder !== owner) return false;
          held.set(key, owner);
          return true;
        },
        async release(key) {
          held.delete(key);
        },
      };
    });
    expect(await failures(storeCases.locks, make)).toEqual(
      expect.arrayContaining([
        'locks: only the owner gives a lock back; owners are compared exactly',
        'locks: a lock ends by itself, and its former owner cannot give back what another has now',
      ]),
    );
  });
});
