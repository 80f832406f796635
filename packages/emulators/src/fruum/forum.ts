import { type FruumUser, isLoggedIn, isObject, permissionOf, readAuthReply } from './auth-reply.js';
import { type AuthRequestRecord, createAuthRequester } from './auth-request.js';
import { createUserStorage, type UserStorage } from './user-storage.js';

/** A forum ("application") as `--add-app` and `--update-app` set it up. */
export interface FruumForumSettings {
  /** The `app_id`. */
  readonly id: string;
  /** `--auth-url`: where payloads are posted to. Without it, payloads are compared with the stored users. */
  readonly authUrl?: string | undefined;
  /** `--fullpage-url`: the page of the site that shows the whole forum. */
  readonly fullpageUrl?: string | undefined;
  /** `--pushstate`. */
  readonly pushstate?: boolean | undefined;
}

/** Who a connection belongs to. */
export interface Visitor {
  /** What was sent to the browser as `fruum:auth {user}`. */
  readonly user: FruumUser;
  readonly outcome: 'anonymous' | 'user' | 'admin';
  /** 0, 1 or 2; whatever the reply said about it. */
  readonly permission: 0 | 1 | 2;
}

/** One socket. */
export interface FruumConnection extends Visitor {
  /** Ends it. */
  disconnect(): void;
}

/** All forums of the server. */
export interface Forums {
  list(): readonly FruumForumSettings[];
  settings(forumId: string): FruumForumSettings | undefined;
  /** Changes what `--update-app` can change. */
  update(forumId: string, change: Omit<FruumForumSettings, 'id'>): void;
  users(forumId: string): UserStorage;
  /** All requests to auth URLs, the newest last. */
  readonly authRequests: readonly AuthRequestRecord[];
  /**
   * The event `fruum:auth`.
   * @param settings the whole `fruumSettings` object of the page, unchecked
   * @returns null for an unknown or missing `app_id`: the socket is closed after an empty event
   */
  connect(settings: unknown): Promise<FruumConnection | null>;
  /** Ends requests that wait for an auth server. */
  abort(): void;
}

interface Forum {
  settings: FruumForumSettings;
  readonly users: UserStorage;
  /** What connections go by: read when the first one comes, dropped with the last one. */
  application: FruumForumSettings | undefined;
  connections: number;
}

/** Requests that are kept for inspection. */
const journalLimit = 200;

export function createForums(settings: readonly FruumForumSettings[], now: () => Date): Forums {
  const forums = new Map<string, Forum>();
  for (const forum of settings) {
    forums.set(forum.id, {
      settings: forum,
      users: createUserStorage(now),
      application: undefined,
      connections: 0,
    });
  }
  const authRequests: AuthRequestRecord[] = [];
  const requester = createAuthRequester();
  const record = (request: AuthRequestRecord): void => {
    authRequests.push(request);
    if (authRequests.length > journalLimit) authRequests.shift();
  };
  const known = (forumId: string): Forum => {
    const forum = forums.get(forumId);
    if (forum === undefined) throw new TypeError(`There is no forum "${forumId}".`);
    return forum;
  };

  async function authenticate({ application, users }: Forum, payload: unknown): Promise<FruumUser> {
    if (!payload) return readAuthReply(null);
    const authUrl = application?.authUrl;
    const user = authUrl
      ? readAuthReply(await requester.post(authUrl, payload, record))
      : users.match(payload);
    return users.logIn(user);
  }

  return {
    authRequests,
    list: () => [...forums.values()].map((forum) => forum.settings),
    settings: (forumId) => forums.get(forumId)?.settings,
    users: (forumId) => known(forumId).users,
    update(forumId, change) {
      const forum = known(forumId);
      forum.settings = { ...forum.settings, ...change, id: forumId };
    },
    async connect(page) {
      const forumId = isObject(page) ? page.app_id : undefined;
      const forum = typeof forumId === 'string' ? forums.get(forumId) : undefined;
      if (forum === undefined) return null;
      forum.application ??= forum.settings;
      forum.connections++;
      const user = await authenticate(forum, isObject(page) ? page.user : undefined);
      let open = true;
      return {
        ...visitor(user),
        disconnect() {
          if (!open) return;
          open = false;
          forum.connections--;
          if (forum.connections === 0) forum.application = undefined;
          if (isLoggedIn(user)) forum.users.logOut(user.id);
        },
      };
    },
    abort: () => requester.abort(),
  };
}

function visitor(user: FruumUser): Visitor {
  const permission = permissionOf(user);
  const outcome = permission === 2 ? 'admin' : permission === 1 ? 'user' : 'anonymous';
  return { user, permission, outcome };
}
