/**
 * What has to be remembered between requests, and shared between processes. Every method is atomic; every one may
 * reject, and then the login in question is refused: nothing is ever accepted because a store was silent.
 */
export interface ForumSsoStore {
  readonly oneTime: OneTimeValues;
  readonly revocations: Revocations;
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
