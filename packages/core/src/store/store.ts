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
  /** Lets one process at a time work on a person; needed by the same, and by pushes from several processes. */
  readonly locks?: Locks;
  /** What is to be pushed; without it, waiting pushes end with the process. */
  readonly jobs?: Jobs;
  /** Who was removed or suspended; without it, that is forgotten with the process. */
  readonly people?: People;
  /** Whole numbers for people; needed by `discourseConnectProvider` when the site's own ids are none. */
  readonly numbers?: Numbers;
  /** True when what is stored outlives this process and is seen by others. */
  readonly shared: boolean;
  /**
   * Asked once, at the start: what is at stake with the way in which the storage is set up. Becomes the event
   * `setup.warning`.
   * @returns one sentence for the operator; null when all is well, or cannot be found out
   */
  warning?(): Promise<string | null>;
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

/** A job to be kept. What it is about is sealed: nobody reads or changes it in the storage. */
export interface NewJob {
  /** Digest of what is to be done: the same work has the same id; at most 64 characters. */
  readonly id: string;
  readonly connector: string;
  /** At most 2,000 characters. */
  readonly body: string;
}

/** A job that waits. */
export interface WaitingJob {
  readonly id: string;
  readonly body: string;
  /** How often it was tried in vain. */
  readonly attempts: number;
  /** Grows each time the same work is added; tells whether it was added again while it was being done. */
  readonly generation: number;
}

/** A job that nobody tries any more. */
export interface DeadJob extends Omit<WaitingJob, 'generation'> {
  readonly connector: string;
  readonly code: string;
  readonly detail: string;
  readonly diedAt: Date;
}

/** How much is kept for one connector. */
export interface JobCounts {
  readonly connector: string;
  readonly waiting: number;
  readonly dead: number;
  /** Age of the job that has waited longest, in milliseconds; null when none waits. */
  readonly oldestMilliseconds: number | null;
}

/**
 * Jobs that outlive the process. Nothing here says who works on a job: that is what {@link Locks} are for. A job stays
 * until it is completed, so one whose process died is simply found again.
 */
export interface Jobs {
  /**
   * Adds a job, due at once. One that waits already keeps its place and its next attempt; one that is dead begins anew.
   */
  add(job: NewJob): Promise<void>;
  /**
   * The jobs of a connector that are due, those first that have been for longest.
   * @returns also in how many milliseconds the next one is due, when fewer than `limit` are; null when none waits
   */
  peek(
    connector: string,
    limit: number,
  ): Promise<{ readonly jobs: readonly WaitingJob[]; readonly nextInMilliseconds: number | null }>;
  /** The job as it is now, if it is still due; null otherwise. */
  read(id: string): Promise<WaitingJob | null>;
  /**
   * Takes a job away that is done. If it was added again since `generation`, it stays, due at once and with no attempts.
   * @returns true when it was taken away
   */
  complete(id: string, generation: number): Promise<boolean>;
  /** Lets a job wait `delayMilliseconds`; with `counts` that was an attempt. */
  postpone(id: string, delayMilliseconds: number, counts: boolean): Promise<void>;
  /**
   * Puts a job among the dead, unless it was added again since `generation`: then it is due at once, with no attempts.
   * @returns true when it is dead now
   */
  bury(
    id: string,
    generation: number,
    why: { readonly code: string; readonly detail: string },
  ): Promise<boolean>;
  /** The dead, the latest first. */
  dead(limit: number): Promise<readonly DeadJob[]>;
  /** Makes a dead job wait again, due at once and with no attempts. @returns false when it is not dead */
  revive(id: string): Promise<boolean>;
  /** Takes a dead job away. @returns false when it is not dead */
  discard(id: string): Promise<boolean>;
  /** Counts of all connectors that have jobs. */
  counts(): Promise<readonly JobCounts[]>;
  /**
   * Takes the next slot of a connector's pace, if its time has come: the slot after it comes `milliseconds` later.
   * @param late by how many milliseconds a slot may be taken late without moving those after it
   * @returns 0 when it was taken, else the milliseconds until its time
   */
  takeSlot(connector: string, milliseconds: number, late: number): Promise<number>;
  /** No slot of the connector for so many milliseconds from now on. Never makes one earlier. */
  hold(connector: string, milliseconds: number): Promise<void>;
}

/** What the site has decided about a person. */
export type Standing =
  | { readonly state: 'removed' }
  | {
      readonly state: 'suspended';
      readonly reason: string | null /** Null: until further notice. */;
      readonly until: Date | null;
    };

/** What has to be known of people before anything is sent about them. */
export interface People {
  /** Null for most. A suspension whose end has come is none any more. */
  standing(siteUserId: string): Promise<Standing | null>;
  /** Notes a suspension. @returns false when the person was removed: that stays */
  suspend(
    siteUserId: string,
    suspension: { readonly reason: string | null; readonly until: Date | null },
  ): Promise<boolean>;
  /** Notes for good that the person was removed. */
  remove(siteUserId: string): Promise<void>;
  /** Forgets both. @returns false when there was nothing */
  restore(siteUserId: string): Promise<boolean>;
  /** A number for the person's state as it is known now, higher than all that were given before, by any process. */
  nextVersion(siteUserId: string): Promise<number>;
  /**
   * Notes that this version goes to a community. Kept for an hour.
   * @returns false when a later one went before, so that this one must not
   */
  takeVersion(connector: string, siteUserId: string, version: number): Promise<boolean>;
}
