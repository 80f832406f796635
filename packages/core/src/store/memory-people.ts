import type { People, Standing } from './store.js';

/**
 * Versions that are remembered. An older state can only come late while it is under way, and never so many are under
 * way in one process.
 */
const rememberedVersions = 10_000;

/** Standings in this process. */
export function memoryPeople(now: () => Date): People {
  const standings = new Map<string, Standing>();
  const versions = new Map<string, number>();
  let lastVersion = 0;

  const standing = (siteUserId: string): Standing | null => {
    const known = standings.get(siteUserId);
    if (known === undefined) return null;
    const over = known.state === 'suspended' && known.until !== null && known.until <= now();
    return over ? null : known;
  };
  return {
    standing: async (siteUserId) => standing(siteUserId),
    async suspend(siteUserId, suspension) {
      if (standings.get(siteUserId)?.state === 'removed') return false;
      standings.set(siteUserId, { state: 'suspended', ...suspension });
      return true;
    },
    async remove(siteUserId) {
      standings.set(siteUserId, { state: 'removed' });
    },
    restore: async (siteUserId) => standings.delete(siteUserId),
    nextVersion: async () => ++lastVersion,
    async takeVersion(connector, siteUserId, version) {
      const key = JSON.stringify([connector, siteUserId]);
      if ((versions.get(key) ?? 0) > version) return false;
      versions.delete(key);
      versions.set(key, version);
      const [oldest] = versions.keys();
      if (versions.size > rememberedVersions && oldest !== undefined) versions.delete(oldest);
      return true;
    },
  };
}
