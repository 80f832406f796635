import { ForumSsoError, type SiteUser } from '@forum-sso/core';
import type { ForumUser, GroupMap, SiteAccounts } from '@forum-sso/core/discourse';

import type { People } from './people.js';

/** Groups of the site that follow groups of the Club forum. Nobody becomes staff here by a right that they have there. */
export const clubGroupMap = {
  'demo-club-readers': ['readers'],
  'demo-club-hosts': ['hosts', '@ADMIN@', '@MODERATOR@'],
} as const satisfies GroupMap;

export interface ClubAccountsOptions {
  readonly people: People;
  /** What the ids of accounts begin with that are made for somebody; the forum's number follows. */
  readonly idPrefix: string;
  /** False: only accounts that exist and were connected can be signed in to. */
  readonly createsAccounts: boolean;
  /** Told of an account that has changed while nobody signed in. */
  changed(id: string): Promise<unknown>;
}

/** The site's accounts, as the sign-in with the Club forum uses them. */
export function clubAccounts({
  people,
  idPrefix,
  createsAccounts,
  changed,
}: ClubAccountsOptions): SiteAccounts {
  return {
    async findSiteUser(query) {
      if ('id' in query) return people.byId(query.id);
      return 'email' in query ? people.byEmail(query.email) : people.byUsername(query.username);
    },

    async createSiteUser(forumUser) {
      const id = idPrefix + forumUser.id;
      const known = await people.byId(id);
      if (known !== null) return known;
      if (people.wasRemoved(id)) {
        throw new ForumSsoError('ERR_USER_REMOVED', 'The account of this person was removed here.');
      }
      // An address is no proof: whoever has it here connects the two accounts from inside.
      if (!createsAccounts || people.byEmail(forumUser.email) !== null) return null;
      const user = newAccount(id, freeUsername(forumUser.username, people), forumUser);
      people.create(user);
      return user;
    },

    async updateSiteUser(user, { forumUser, groups, reason }) {
      const ownName = user.id.startsWith(idPrefix) ? nameOf(forumUser) : {};
      const newer = people.update(user.id, ({ groups: held = [], ...rest }) => ({
        ...rest,
        ...ownName,
        groups: [...new Set([...held.filter((group) => !groups.leave.includes(group)), ...groups.join])],
      }));
      if (newer === null) return user;
      const isNews = groups.join.length > 0 || groups.leave.length > 0 || newer.name !== user.name;
      // Whoever is just signing in brings it along to the other communities.
      if (isNews && reason !== 'login') await changed(user.id);
      return newer;
    },
  };
}

/** Nothing of the forum's is taken for proved: neither the address nor any right. */
function newAccount(id: string, username: string, forumUser: ForumUser): SiteUser {
  return { id, username, ...nameOf(forumUser), email: forumUser.email, emailVerified: false, groups: [] };
}

function nameOf({ name }: Pick<ForumUser, 'name'>): Pick<SiteUser, 'name'> {
  return name === '' ? {} : { name };
}

function freeUsername(wanted: string, people: People): string {
  let username = wanted;
  for (let number = 2; people.byUsername(username) !== null; number++) username = `${wanted}-${number}`;
  return username;
}
