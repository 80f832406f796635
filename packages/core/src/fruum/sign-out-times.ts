import { createHash } from 'node:crypto';

import { ForumSsoError, isForumSsoError } from '../errors.js';
import type { Revocations } from '../store/store.js';
import { hashLifeLimit } from './user-hash.js';

/**
 * When people last signed out of the site, for as long as a hash made before may live. Both methods fail with a
 * ForumSsoError `ERR_STORE_UNAVAILABLE`.
 */
export interface SignOutTimes {
  /** Null when nothing is known. */
  last(userId: string): Promise<Date | null>;
  /** Notes that the person signs out now. Two sign-outs never have the same second: see {@link issueSecond}. */
  record(userId: string, now: Date): Promise<void>;
}

/** One hour more than the longest hash, for clocks that differ. */
const keptSeconds = hashLifeLimit + 3_600;

const never = 'never';

/** Keeps the times in the site's store: the person's epoch is the time of the last sign-out. */
export function createSignOutTimes(revocations: Revocations, connector: string): SignOutTimes {
  const keyOf = (userId: string): string =>
    `fruum-sign-out|${connector}|${createHash('sha256').update(userId).digest('base64url')}`;

  const last = async (userId: string): Promise<Date | null> => {
    const epoch = await revocations.join(keyOf(userId), never, keptSeconds);
    return epoch === never ? null : new Date(Number(epoch));
  };

  const record = async (userId: string, now: Date): Promise<void> => {
    const key = keyOf(userId);
    const before = await last(userId);
    const time = Math.max(now.getTime(), before === null ? 0 : (secondOf(before) + 1) * 1_000);
    // A request in another process may put "never" between the two steps; then once more.
    for (let attempt = 0; attempt < 5; attempt++) {
      await revocations.endAll(key);
      const epoch = await revocations.join(key, String(time), keptSeconds);
      if (epoch !== never && Number(epoch) >= time) return;
    }
    throw new Error('Other requests wrote in between each time.');
  };

  return {
    last: (userId) => stored('The store did not say when the person last signed out.', () => last(userId)),
    record: (userId, now) => stored('The sign-out could not be noted.', () => record(userId, now)),
  };
}

async function stored<T>(detail: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw isForumSsoError(cause) ? cause : new ForumSsoError('ERR_STORE_UNAVAILABLE', detail, { cause });
  }
}

/**
 * The second that a hash made now counts as made in. A hash has whole seconds, so one made in the second of a sign-out
 * could not be told from an older one: it counts as made in the next.
 */
export function issueSecond(now: Date, lastSignOut: Date | null): number {
  return lastSignOut === null ? secondOf(now) : Math.max(secondOf(now), secondOf(lastSignOut) + 1);
}

function secondOf(time: Date): number {
  return Math.floor(time.getTime() / 1_000);
}
