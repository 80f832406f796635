import { type Refusal, refusal } from '../../errors.js';
import type { SiteUser } from '../../site-user.js';
import type { Locks } from '../../store/store.js';
import { type AccountLinking, workAlone } from './accounts.js';
import type { ForumUser } from './forum-user.js';

/**
 * For a site without accounts of its own: the person at the site is the person at the forum. Nothing is stored; the
 * id is `{name}:{forum id}`.
 *
 * @param forumConfirmsEmails whether the forum lets in only people whose address is confirmed
 */
export function createForumAccounts(
  name: string,
  forumConfirmsEmails: boolean,
  locks: Locks,
  readSiteUser: (value: unknown) => SiteUser | Refusal,
): AccountLinking {
  const prefix = `${name}:`;
  const refuseLink: Refusal = refusal(
    'ERR_LOGIN_NO_ACCOUNT',
    'This site has no accounts of its own to link.',
  );
  return {
    signIn: async (forumUser) => readSiteUser(detailsOf(prefix, forumUser, forumConfirmsEmails)),
    link: async () => refuseLink,
    // The session holds the person as of the login; there is nothing else to bring up to date.
    update: async () => null,
    find: async (forumUserId) => prefix + forumUserId,
    forumUserOf: async (siteUserId) =>
      siteUserId.startsWith(prefix) ? siteUserId.slice(prefix.length) : null,
    alone: (forumUserId, work) => workAlone(locks, name, forumUserId, work),
  };
}

function detailsOf(prefix: string, forumUser: ForumUser, forumConfirmsEmails: boolean): SiteUser {
  const { id, username, name, email, avatarUrl, admin, moderator, groups, requireActivation } = forumUser;
  return {
    id: prefix + id,
    email,
    emailVerified: forumConfirmsEmails && !requireActivation,
    username,
    ...(name === '' ? {} : { name }),
    ...(avatarUrl === undefined ? {} : { avatarUrl }),
    admin,
    moderator,
    ...(groups === undefined ? {} : { groups }),
  };
}
