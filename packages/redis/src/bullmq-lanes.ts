import type { Locks } from '@forum-sso/core';
import type { IRedisClient } from 'bullmq';

import { keyPart, millisecondsOf } from './arguments.js';
import { acquireScript, releaseScript } from './redis-store.js';

/** Locks over a client of BullMQ's, whatever package that is of. */
export function bullmqLanes(connect: () => Promise<IRedisClient>, prefix: string): Locks {
  let ready: Promise<IRedisClient> | undefined;
  const client = (): Promise<IRedisClient> => {
    ready ??= connect().then((connected) => {
      connected.defineCommand('forumSsoEnterLane', { numberOfKeys: 1, lua: acquireScript });
      connected.defineCommand('forumSsoLeaveLane', { numberOfKeys: 1, lua: releaseScript });
      return connected;
    });
    // A client that could not be had is asked for again.
    ready.catch(() => {
      ready = undefined;
    });
    return ready;
  };
  return {
    async acquire(key, owner, lifeSeconds) {
      const life = String(millisecondsOf(lifeSeconds));
      const taken: unknown = await (await client()).runCommand('forumSsoEnterLane', [
        prefix + keyPart(key),
        owner,
        life,
      ]);
      if (taken !== 0 && taken !== 1) throw new Error('Redis answered EVAL with what was not expected.');
      return taken === 1;
    },
    async release(key, owner) {
      await (await client()).runCommand('forumSsoLeaveLane', [prefix + keyPart(key), owner]);
    },
  };
}
