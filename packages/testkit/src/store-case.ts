import type { ForumSsoStore } from '@forum-sso/core';

/** One rule of the store contract, as data: a check that any store can be put through. */
export interface StoreCase {
  readonly name: string;
  /** Throws when the store breaks the rule. */
  run(open: OpenStore): Promise<void>;
}

/**
 * Opens one more connection to the storage under test: what one of them writes, all others see. A store within the
 * process gives the same object each time. Cases use names of their own, random for each run, so nothing needs to be
 * emptied before or after.
 */
export type OpenStore = () => Promise<ForumSsoStore>;
