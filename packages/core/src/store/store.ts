/**
 * What has to be remembered between requests, and shared between processes. Every method is atomic; every one may
 * reject, and then the login in question is refused: nothing is ever accepted because a store was silent.
 */
export interface ForumSsoStore {
  readonly oneTime: OneTimeValues;
  readonly revocations: Revocations;
  /** Who is who at a forum; needed by connectors with which people log in to the site. */
  readonly links?: Links;
  /** What forums told about their users; needed by the same. */
  readonly profiles?: Profiles;
  /** Lets one process at a time work on a person; needed by the same. */
  readonly locks?: Locks;
  /** Whole numbers for people; needed by `discourseConnectProvider` when the site's own ids are none. */
  readonly numbers?: Numbers;
  /** True when what is stored outlives this process and is seen by others. */
  readonly shared: boolean;
}

/** Values that may be used once: nonces, event ids. */
export interface OneTimeValues {
  /**
   * Takes a value: insert-if-absent, in one step.
   *
   * @param key what is taken, with its purpose and connector in front; at most 512 characters
   * @param lifeSeconds how long the mark is kept; whole seconds, at least 1
   * @returns true for exactly one caller within that life, false for all others
   */
  claim(key: string, lifeSeconds: number): Promise<boolean>;
}

/**
 * Which sessions are over. Each person has an epoch, a random text that stands in every session of theirs; a session
 * whose epoch is not the current one is over, and a missing epoch ends all. There are no clocks and no counters in
 * it: those come back to life after a restart or a restored backup.
 */
export interface Revocations {
  /**
   * The person's epoch, made of `fresh` when there is none. Its life is extended to `lifeSeconds` from now.
   * @returns the epoch that holds from now on
   */
  join(userId: string, fresh: string, lifeSeconds: number): Promise<string>;
  /** True while `epoch` is the person's current one and the session `sid` was not ended. */
  isLive(userId: string, epoch: string, sid: string): Promise<boolean>;
  /** Ends one session; the mark is kept `lifeSeconds`. */
  endOne(sid: string, lifeSeconds: number): Promise<void>;
  /** Ends every session of the person, in all processes. */
  endAll(userId: string): Promise<void>;
}

/**
 * Whole numbers for people, for systems that take an id for one. Given out in ascending order, one for each person, and
 * never again to another, also when the person is gone. A store that may forget must not offer this.
 */
export interface Numbers {
  /** The person's number, made when there is none: 1 or higher, at most 2^53 - 1. */
  numberOf(siteUserId: string): Promise<number>;
  /** Who has a number; null when nobody was given it. */
  siteUserOf(number: number): Promise<string | null>;
}

/** How an attempt to link two accounts ended. */
export type LinkOutcome =
  /** The pair is linked now. */
  | 'linked'
  /** The very pair was linked before. */
  | 'existed'
  /** The community account belongs to another site user. */
  | 'communityUserTaken'
  /** The site user has another account at that community. */
  | 'siteUserTaken';

/** Pairs of a community account and a site user; for each connector unique both ways, also under parallel calls. */
export interface Links {
  /** @returns the site user's id, or null */
  findByCommunityUser(connector: string, communityUserId: string): Promise<string | null>;
  /** @returns the community user's id, or null */
  findBySiteUser(connector: string, siteUserId: string): Promise<string | null>;
  /** Links a pair if neither side is linked to another. Changes nothing otherwise. */
  link(connector: string, communityUserId: string, siteUserId: string): Promise<LinkOutcome>;
  /** @returns true when there was such a link */
  unlink(connector: string, communityUserId: string): Promise<boolean>;
  /**
   * Remembers that a community account is gone for good: its id is never linked again. An existing link is removed.
   */
  retire(connector: string, communityUserId: string): Promise<void>;
  /** True for an id that was retired. */
  isRetired(connector: string, communityUserId: string): Promise<boolean>;
}

/** What a community last told about one of its users. */
export interface StoredProfile {
  /** JSON of the profile in the shape of its connector; at most 64 kB. */
  readonly json: string;
  /** The user's own time stamp, ISO 8601 in UTC with milliseconds; the order in which profiles are true. */
  readonly version: string;
  /** When it was stored. */
  readonly storedAt: Date;
}

/** The last known profiles of community users. */
export interface Profiles {
  read(connector: string, communityUserId: string): Promise<StoredProfile | null>;
  /**
   * Stores a profile in one step if its version is later than the stored one (compared as text), or if there is none.
   * @param force stores it in any case: it was just read back from the community
   * @returns true when it was stored
   */
  write(
    connector: string,
    communityUserId: string,
    profile: { json: string; version: string },
    force?: boolean,
  ): Promise<boolean>;
  /** Forgets a user. */
  remove(connector: string, communityUserId: string): Promise<void>;
}

/** Locks with an owner and an end, so that a process that died holds none for ever. */
export interface Locks {
  /**
   * Takes a lock if it is free.
   * @param owner random text of the taker; the same owner may take it once more and so prolong it
   * @returns true when it is the owner's now
   */
  acquire(key: string, owner: string, lifeSeconds: number): Promise<boolean>;
  /** Gives a lock back; does nothing when another has it by now. */
  release(key: string, owner: string): Promise<void>;
}
