import {
  ForumSsoError,
  type ForumSsoStore,
  type Locks,
  type OneTimeValues,
  type Revocations,
} from '@forum-sso/core';

import { keyPart, millisecondsOf } from './arguments.js';
import { checkRedis } from './check-redis.js';
import { commandsOf, type RedisClient, type RedisCommands } from './redis-client.js';

/** The options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** A client of the `redis` or `ioredis` package, connected by the site and closed by the site. */
  readonly client: RedisClient;
  /** Stands in front of every key, so that several sites can share a database. Default `forum-sso:`. */
  readonly prefix?: string;
}

/**
 * What Redis can be trusted with: values that may be used once, ended sessions, and locks. It keeps no links,
 * profiles or numbers, since those have to outlive everything and a Redis may lose what it holds; take them from a
 * durable store.
 */
export interface RedisStore extends ForumSsoStore {
  readonly shared: true;
  readonly locks: Locks;
  /** See {@link checkRedis}. */
  warning(): Promise<string | null>;
  readonly links?: never;
  readonly profiles?: never;
  readonly numbers?: never;
}

/**
 * A store in Redis 6.2 or later, shared by all processes that use the same database and prefix.
 *
 * Every method is one command or one script, so it is atomic by itself, and takes one round trip. Lives are counted by
 * Redis alone: the clocks of the processes play no part. A method rejects when the client does.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when `client` is no such client or `prefix` no text of at most 64 characters
 */
export function redisStore({ client, prefix = 'forum-sso:' }: RedisStoreOptions): RedisStore {
  const redis = commandsOf(client);
  const problems = [
    ...(redis === null
      ? ['client: must be a client of the package redis (4 or later) or ioredis (5 or later).']
      : []),
    ...(typeof prefix !== 'string' || prefix.length > 64
      ? ['prefix: must be a text of at most 64 characters.']
      : []),
  ];
  if (redis === null || problems.length > 0) {
    throw new ForumSsoError('ERR_OPTIONS_INVALID', `redisStore: ${problems.join(' ')}`, { problems });
  }
  return {
    shared: true,
    oneTime: oneTimeValues(redis, `${prefix}once:`),
    revocations: revocations(redis, `${prefix}epoch:`, `${prefix}ended:`),
    locks: locks(redis, `${prefix}lock:`),
    warning: () => checkRedis(client),
  };
}

function oneTimeValues(redis: RedisCommands, prefix: string): OneTimeValues {
  return {
    // Not an async function: that would cost a twentieth of the whole claim.
    claim(key, lifeSeconds) {
      try {
        return redis.setIfAbsent(prefix + keyPart(key), '1', millisecondsOf(lifeSeconds)).then(isTaken);
      } catch (error) {
        return Promise.reject(error);
      }
    },
  };
}

function isTaken(reply: unknown): boolean {
  if (reply === 'OK') return true;
  if (reply === null) return false;
  throw unexpected('SET', reply);
}

/** Gives the epoch there is, or makes the given one the person's, and sets its life in either case. */
const joinScript = `
local epoch = redis.call('GET', KEYS[1])
if epoch then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return epoch
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]`;

function revocations(redis: RedisCommands, epochPrefix: string, endedPrefix: string): Revocations {
  return {
    async join(userId, fresh, lifeSeconds) {
      const life = String(millisecondsOf(lifeSeconds));
      const epoch = await redis.run(joinScript, epochPrefix + keyPart(userId), [fresh, life]);
      if (typeof epoch !== 'string') throw unexpected('EVAL', epoch);
      return epoch;
    },
    async isLive(userId, epoch, sid) {
      // Sent together. Two commands rather than one of two keys, since those may lie on two nodes of a cluster.
      const [current, ended] = await Promise.all([
        redis.get(epochPrefix + keyPart(userId)),
        redis.exists(endedPrefix + keyPart(sid)),
      ]);
      if (current !== null && typeof current !== 'string') throw unexpected('GET', current);
      return current === epoch && !isOne('EXISTS', ended);
    },
    async endOne(sid, lifeSeconds) {
      await redis.set(endedPrefix + keyPart(sid), '1', millisecondsOf(lifeSeconds));
    },
    async endAll(userId) {
      await redis.delete(epochPrefix + keyPart(userId));
    },
  };
}

/** Takes a lock, or prolongs it for its owner. */
export const acquireScript = `
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** Gives a lock back. */
export const releaseScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0`;

function locks(redis: RedisCommands, prefix: string): Locks {
  return {
    async acquire(key, owner, lifeSeconds) {
      const life = String(millisecondsOf(lifeSeconds));
      return isOne('EVAL', await redis.run(acquireScript, prefix + keyPart(key), [owner, life]));
    },
    async release(key, owner) {
      await redis.run(releaseScript, prefix + keyPart(key), [owner]);
    },
  };
}

/** Reads a reply of 0 or 1; a client may be set to give numbers as text or as bigint. */
function isOne(command: string, reply: unknown): boolean {
  const number = String(reply);
  if (number !== '0' && number !== '1') throw unexpected(command, reply);
  return number === '1';
}

function unexpected(command: string, reply: unknown): Error {
  return new Error(`Redis answered ${command} with a ${typeof reply} that was not expected.`);
}
