import type { SiteUser } from '@forum-sso/core';

/** An account that the sign-in page offers: the person, and what signing in with it shows. */
export interface DemoPerson {
  readonly user: SiteUser;
  /** One line for the sign-in page. */
  readonly shows: string;
}

/**
 * The site's accounts. In memory: a restart brings the four of the sign-in page back as they were, and forgets the
 * others.
 */
export interface People {
  /** Everybody, in the order in which they came. */
  readonly all: readonly SiteUser[];
  /** Those whom anybody may sign in as. Never an account that was made for somebody. */
  readonly offered: readonly DemoPerson[];
  /** By the stable id; what `createForumSso({ findUser })` asks for. */
  byId(id: string): Promise<SiteUser | null>;
  byUsername(username: string): SiteUser | null;
  /** The case of ASCII letters does not matter. */
  byEmail(email: string): SiteUser | null;
  /** @throws Error when the id is taken, or was; whether name and address are free is for the caller to ask */
  create(user: SiteUser): void;
  /**
   * Changes an account.
   * @param change makes the new state from the present one; the id stays
   * @returns the new state, or null when there is no such account
   */
  update(id: string, change: (user: SiteUser) => SiteUser): SiteUser | null;
  /** Deletes an account. Nobody gets its id again. */
  remove(id: string): void;
  /** True when there was an account of that id. */
  wasRemoved(id: string): boolean;
}

/** Groups that the demo gives its people; the emulated forum has them, too. */
export const demoGroups = ['demo-editors', 'demo-supporters', 'demo-translators'] as const;

// Ids and groups say that they are the demo's: at a real forum a plain "1" could be somebody else's account, and a
// plain "editors" a group with rights.
const people: readonly DemoPerson[] = [
  {
    user: {
      id: 'demo-alice',
      username: 'alice',
      name: 'Alice Example',
      email: 'alice@example.com',
      emailVerified: true,
      admin: true,
      moderator: false,
      groups: ['demo-editors', 'demo-supporters'],
      title: 'Editor in chief',
      bio: 'Signs in at the site and is known at the forum, groups and all.',
      website: 'https://example.com/alice',
      location: 'Exampleton',
    },
    shows:
      'Administrator with a confirmed e-mail address. Arrives at the forum with staff rights and two groups.',
  },
  {
    user: {
      id: 'demo-bob',
      username: 'bob',
      name: 'Bob Example',
      email: 'bob@example.com',
      emailVerified: true,
      admin: false,
      moderator: false,
      groups: ['demo-supporters'],
    },
    shows: 'Plain member with a confirmed e-mail address and one group.',
  },
  {
    user: {
      id: 'demo-carol',
      username: 'carol',
      name: 'Carol Example',
      email: 'carol@example.com',
      emailVerified: false,
      admin: false,
      moderator: false,
      groups: ['demo-translators'],
    },
    shows:
      'Has not confirmed her e-mail address. The forum asks her to do so first; in comments she is a guest.',
  },
  {
    user: {
      id: 'demo-dave',
      username: 'dave',
      name: 'Dave Example',
      email: 'dave@example.com',
      emailVerified: true,
      admin: false,
      moderator: false,
      suspended: true,
      groups: [],
    },
    shows:
      'Suspended. May look at his account here; forums do not let him in, and in comments he is a guest.',
  },
];

/**
 * The demo's accounts.
 * @param staffFlags false: nobody is an administrator or moderator. For a real forum, where anyone who reaches this
 * sign-in page would otherwise become one.
 */
export function createPeople({ staffFlags }: { readonly staffFlags: boolean }): People {
  const shown = staffFlags ? people : people.map(withoutStaffFlags);
  const accounts = new Map(shown.map(({ user }) => [user.id, user]));
  const removed = new Set<string>();
  const find = (matches: (user: SiteUser) => boolean): SiteUser | null =>
    [...accounts.values()].find(matches) ?? null;
  return {
    get all() {
      return [...accounts.values()];
    },
    get offered() {
      return shown.flatMap(({ user: { id }, shows }) => {
        const user = accounts.get(id);
        return user === undefined ? [] : [{ user, shows }];
      });
    },
    byId: async (id) => accounts.get(id) ?? null,
    byUsername: (username) => find((user) => user.username === username),
    byEmail: (email) => find((user) => foldCase(user.email) === foldCase(email)),
    create(user) {
      if (accounts.has(user.id) || removed.has(user.id)) throw new Error(`The id "${user.id}" is taken.`);
      accounts.set(user.id, user);
    },
    update(id, change) {
      const user = accounts.get(id);
      if (user === undefined) return null;
      const changed = { ...change(user), id };
      accounts.set(id, changed);
      return changed;
    },
    remove(id) {
      if (accounts.delete(id)) removed.add(id);
    },
    wasRemoved: (id) => removed.has(id),
  };
}

/** Lower case, of ASCII letters alone: others become letters of somebody else's address. */
function foldCase(email: string): string {
  return email.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function withoutStaffFlags({ user, shows }: DemoPerson): DemoPerson {
  const { admin, moderator, ...rest } = user;
  const lostRights = admin === true || moderator === true;
  return {
    user: rest,
    shows: lostRights
      ? 'Confirmed e-mail address and two groups. No staff rights, as this is a real forum.'
      : shows,
  };
}
