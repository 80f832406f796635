import type { SiteUser } from '@forum-sso/core';

/** One account of the demo: the person, and what signing in with it shows. */
export interface DemoPerson {
  readonly user: SiteUser;
  /** One line for the sign-in page. */
  readonly shows: string;
}

/** The site's accounts. Read-only: a demo with four people needs no database. */
export interface People {
  readonly all: readonly DemoPerson[];
  /** By the name typed at sign-in. */
  byUsername(username: string): SiteUser | undefined;
  /** By the stable id; what `createForumSso({ findUser })` asks for. */
  byId(id: string): Promise<SiteUser | null>;
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
  const all = staffFlags ? people : people.map(withoutStaffFlags);
  const byUsername = new Map(all.map(({ user }) => [user.username, user]));
  const byId = new Map(all.map(({ user }) => [user.id, user]));
  return {
    all,
    byUsername: (username) => byUsername.get(username),
    byId: async (id) => byId.get(id) ?? null,
  };
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
