import { ForumSsoError } from '../errors.js';
import { memoryJobs } from './memory-jobs.js';
import { memoryPeople } from './memory-people.js';
import type { ForumSsoStore, Jobs, Links, Locks, People, Profiles, StoredProfile } from './store.js';

/** Stores made here, to tell them from others that only look alike. */
const memoryStores = new WeakSet<object>();

/** A store that has every part. */
export interface MemoryStore extends ForumSsoStore {
  readonly links: Links;
  readonly profiles: Profiles;
  readonly locks: Locks;
  readonly jobs: Jobs;
  readonly people: People;
}

export interface MemoryStoreOptions {
  /** The clock; a `Date` each time. */
  readonly now?: () => Date;
  /**
   * Most one-time values, ended sessions and people with sessions that are kept, of each. When so many live, more are
   * refused (`ERR_STORE_UNAVAILABLE`): nothing that is still needed is dropped to make room. Default 1,000,000.
   */
  readonly limit?: number;
}

/**
 * A store in this process: for tests, for development, and for a site that runs as one process and may sign people
 * out when it restarts.
 */
export function memoryStore({
  now = () => new Date(),
  limit = 1_000_000,
}: MemoryStoreOptions = {}): MemoryStore {
  const claimed = new ExpiringMap<true>(now, limit);
  const ended = new ExpiringMap<true>(now, limit);
  const epochs = new ExpiringMap<string>(now, limit);
  const store: MemoryStore = {
    shared: false,
    links: memoryLinks(),
    profiles: memoryProfiles(now),
    locks: memoryLocks(now, limit),
    jobs: memoryJobs(now),
    people: memoryPeople(now),
    oneTime: {
      async claim(key, lifeSeconds) {
        if (claimed.get(key) !== undefined) return false;
        claimed.set(key, true, lifeSeconds);
        return true;
      },
    },
    revocations: {
      async join(userId, fresh, lifeSeconds) {
        const epoch = epochs.get(userId) ?? fresh;
        epochs.set(userId, epoch, lifeSeconds);
        return epoch;
      },
      async isLive(userId, epoch, sid) {
        return epochs.get(userId) === epoch && ended.get(sid) === undefined;
      },
      async endOne(sid, lifeSeconds) {
        ended.set(sid, true, lifeSeconds);
      },
      async endAll(userId) {
        epochs.delete(userId);
      },
    },
  };
  memoryStores.add(store);
  return store;
}

/** True for a store that {@link memoryStore} made. */
export function isMemoryStore(store: ForumSsoStore): boolean {
  return memoryStores.has(store);
}

function memoryLinks(): Links {
  const siteUsers = new Map<string, string>();
  const communityUsers = new Map<string, string>();
  const retired = new Set<string>();
  const keyOf = (connector: string, id: string): string => JSON.stringify([connector, id]);

  const unlink = (connector: string, communityUserId: string): boolean => {
    const siteUserId = siteUsers.get(keyOf(connector, communityUserId));
    if (siteUserId === undefined) return false;
    siteUsers.delete(keyOf(connector, communityUserId));
    communityUsers.delete(keyOf(connector, siteUserId));
    return true;
  };
  return {
    findByCommunityUser: async (connector, id) => siteUsers.get(keyOf(connector, id)) ?? null,
    findBySiteUser: async (connector, id) => communityUsers.get(keyOf(connector, id)) ?? null,
    async link(connector, communityUserId, siteUserId) {
      const [byCommunity, bySite] = [keyOf(connector, communityUserId), keyOf(connector, siteUserId)];
      const holder = siteUsers.get(byCommunity);
      if (holder !== undefined) return holder === siteUserId ? 'existed' : 'communityUserTaken';
      if (retired.has(byCommunity)) return 'communityUserTaken';
      if (communityUsers.has(bySite)) return 'siteUserTaken';
      siteUsers.set(byCommunity, siteUserId);
      communityUsers.set(bySite, communityUserId);
      return 'linked';
    },
    unlink: async (connector, id) => unlink(connector, id),
    async retire(connector, id) {
      unlink(connector, id);
      retired.add(keyOf(connector, id));
    },
    isRetired: async (connector, id) => retired.has(keyOf(connector, id)),
  };
}

function memoryProfiles(now: () => Date): Profiles {
  const profiles = new Map<string, StoredProfile>();
  const keyOf = (connector: string, id: string): string => JSON.stringify([connector, id]);
  return {
    read: async (connector, id) => profiles.get(keyOf(connector, id)) ?? null,
    async write(connector, id, { json, version }, force = false) {
      const stored = profiles.get(keyOf(connector, id));
      if (stored !== undefined && !force && stored.version >= version) return false;
      profiles.set(keyOf(connector, id), { json, version, storedAt: now() });
      return true;
    },
    async remove(connector, id) {
      profiles.delete(keyOf(connector, id));
    },
  };
}

function memoryLocks(now: () => Date, limit: number): Locks {
  const held = new ExpiringMap<string>(now, limit);
  return {
    async acquire(key, owner, lifeSeconds) {
      const holder = held.get(key);
      if (holder !== undefined && holder !== owner) return false;
      held.set(key, owner, lifeSeconds);
      return true;
    },
    async release(key, owner) {
      if (held.get(key) === owner) held.delete(key);
    },
  };
}

class ExpiringMap<T> {
  readonly #entries = new Map<string, { readonly value: T; readonly expiresAt: number }>();
  readonly #now: () => Date;
  readonly #limit: number;
  #sweepAt: number;
  /** When full: nothing is over before that moment, in milliseconds since 1970. */
  #fullUntil = 0;

  constructor(now: () => Date, limit: number) {
    this.#now = now;
    this.#limit = limit;
    this.#sweepAt = Math.min(1_024, limit);
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expiresAt > this.#now().getTime() ? entry.value : undefined;
  }

  /** @throws ForumSsoError `ERR_STORE_UNAVAILABLE` when full */
  set(key: string, value: T, lifeSeconds: number): void {
    if (this.#entries.size >= this.#sweepAt && !this.#entries.has(key)) this.#makeRoom();
    this.#entries.set(key, { value, expiresAt: this.#now().getTime() + lifeSeconds * 1_000 });
  }

  delete(key: string): void {
    if (this.#entries.delete(key)) this.#fullUntil = 0;
  }

  /**
   * Drops what is over. Runs when the map has doubled since the last time, and when full not before something is over,
   * so its cost is constant per entry.
   */
  #makeRoom(): void {
    const now = this.#now().getTime();
    let nextEnd = Number.POSITIVE_INFINITY;
    if (now >= this.#fullUntil) {
      for (const [key, { expiresAt }] of this.#entries) {
        if (expiresAt <= now) this.#entries.delete(key);
        else nextEnd = Math.min(nextEnd, expiresAt);
      }
      this.#fullUntil = this.#entries.size < this.#limit ? 0 : nextEnd;
    }
    if (this.#entries.size >= this.#limit) {
      throw new ForumSsoError(
        'ERR_STORE_UNAVAILABLE',
        `The in-memory store is full: ${this.#limit} entries are in use. Give createForumSso a shared store.`,
      );
    }
    this.#sweepAt = Math.min(this.#limit, Math.max(1_024, this.#entries.size * 2));
  }
}
