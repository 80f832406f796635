import type { ApiKey } from './api-keys.js';
import type { Directory } from './directory.js';
import type { ForumUser } from './records.js';
import { normalizeUsername } from './username.js';

/** Whom a caller of the API names, from headers. */
export interface NamedActor {
  readonly username: string | undefined;
  readonly userId: string | undefined;
  readonly externalId: string | undefined;
}

/**
 * The account that an API call acts as. A key for one user takes that user's name or none; a key for all users goes by
 * user name, else by the forum's number, else by the site's id. Null when there is no such account.
 */
export function findActor(key: ApiKey, named: NamedActor, directory: Directory): ForumUser | null {
  if (key.username !== null) {
    const isOwn =
      named.username === undefined || normalizeUsername(named.username) === normalizeUsername(key.username);
    return isOwn ? byUsername(key.username, directory) : null;
  }
  if (named.username !== undefined) return byUsername(named.username, directory);
  if (named.userId !== undefined) return byId(Number(named.userId), directory);
  if (named.externalId !== undefined) return directory.byExternalId(named.externalId) ?? null;
  return null;
}

/** The account of that number, the forum's own (-1) included. */
export function byId(id: number, directory: Directory): ForumUser | null {
  return id === directory.system.id ? directory.system : (directory.byId(id) ?? null);
}

function byUsername(username: string, directory: Directory): ForumUser | null {
  return normalizeUsername(username) === directory.system.username
    ? directory.system
    : (directory.byUsername(username) ?? null);
}
