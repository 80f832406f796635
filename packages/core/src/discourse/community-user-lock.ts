import { randomBytes } from 'node:crypto';

import { type Refusal, refusal } from '../errors.js';
import type { Locks } from '../store/store.js';

/**
 * How long the lock on a person lasts when its holder dies, and how long others wait for it; in seconds. While the work goes
 * on, it is prolonged: reading somebody back may take longer.
 */
const lockLife = 10;
const lockWait = 5;

/** Tells the holders of locks apart: this process from others, and its turns from each other. */
const processMark = randomBytes(12).toString('hex');
let turns = 0;
const nextOwner = (): string => `${processMark}-${++turns}`;

/**
 * Runs `work` while nobody else, in any process, works on the same person of a community: what is looked up in it is
 * still so when it is acted upon.
 * @param communityUserId the person's id there
 * @returns what `work` gives; `ERR_STORE_UNAVAILABLE` when others took too long
 */
export async function workAlone<T>(
  locks: Locks,
  connector: string,
  communityUserId: string,
  work: () => Promise<T>,
): Promise<T | Refusal> {
  const key = `community-user|${connector}|${communityUserId}`;
  const owner = nextOwner();
  const end = Date.now() + lockWait * 1_000;
  while (!(await locks.acquire(key, owner, lockLife))) {
    if (Date.now() > end) {
      return refusal(
        'ERR_STORE_UNAVAILABLE',
        `Another request worked on the same person for more than ${lockWait} seconds.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const renewal = setInterval(
    () => locks.acquire(key, owner, lockLife).catch(() => {}),
    (lockLife * 1_000) / 3,
  );
  renewal.unref();
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    // A lock that cannot be given back ends by itself; what was done stays done.
    await locks.release(key, owner).catch(() => {});
  }
}
