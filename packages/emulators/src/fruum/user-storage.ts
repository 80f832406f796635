import { anonymousUser, type FruumUser, isLoggedIn, isObject } from './auth-reply.js';

/** The users of one forum, in memory. Ids are told apart as JSON: the number 7 is not the text "7". */
export interface UserStorage {
  /** Stores or updates a user who comes in, and says as whom the visitor goes on. */
  logIn(user: FruumUser): FruumUser;
  /** Notes that a connection of a logged-in user has ended. */
  logOut(id: unknown): void;
  /**
   * For a forum without an auth URL: the stored user of the payload's id, if every key of the payload equals the stored
   * one. There is nothing more to it.
   */
  match(payload: unknown): FruumUser;
  list(): readonly FruumUser[];
  find(id: unknown): FruumUser | undefined;
  /** What an administrator does in Fruum. Returns false when there is no such user. */
  setBlocked(id: unknown, blocked: boolean): boolean;
  delete(id: unknown): boolean;
}

/** What a later login does not take from the reply. */
const keptFields = [
  'watch',
  'notifications',
  'onboard',
  'karma',
  'logout_karma',
  'meta',
  'last_logout',
  'created',
  'blocked',
];

export function createUserStorage(now: () => Date): UserStorage {
  const users = new Map<string, FruumUser>();
  const find = (id: unknown): FruumUser | undefined => users.get(JSON.stringify(id));
  const store = (user: FruumUser): FruumUser => {
    users.set(JSON.stringify(user.id), user);
    return user;
  };
  return {
    find,
    list: () => [...users.values()],
    logIn(user) {
      if (!isLoggedIn(user)) return anonymousUser();
      const time = now().getTime();
      const before = find(user.id);
      if (before === undefined) return store({ ...user, created: time, last_login: time });
      if (before.blocked) return anonymousUser();
      const kept = Object.fromEntries(keptFields.map((field) => [field, before[field]]));
      return store({ ...user, ...kept, last_login: time });
    },
    logOut(id) {
      const user = find(id);
      if (user !== undefined) store({ ...user, last_logout: now().getTime(), logout_karma: user.karma });
    },
    match(payload) {
      if (!isObject(payload) || !payload.id) return anonymousUser();
      const user = find(payload.id);
      const same = user !== undefined && Object.keys(payload).every((key) => user[key] === payload[key]);
      return same ? user : anonymousUser();
    },
    setBlocked(id, blocked) {
      const user = find(id);
      if (user !== undefined) store({ ...user, blocked });
      return user !== undefined;
    },
    delete: (id) => users.delete(JSON.stringify(id)),
  };
}
