import { isRefusal, type Refusal, refusal } from '../../errors.js';
import type { SiteUser } from '../../site-user.js';
import type { Locks } from '../../store/store.js';
import { workAlone } from '../community-user-lock.js';
import type { AccountLinking, AccountRules } from './accounts.js';
import type { ForumUser, ForumUserUpdate } from './forum-user.js';

/**
 * For a site without accounts of its own: the person at the site is the person at the forum. Nothing is stored; the
 * id is `{name}:{forum id}`.
 *
 * @param locks null when nothing else is stored about people either, so that there is nothing to work on alone
 */
export function createForumAccounts(
  name: string,
  { forumConfirmsEmails, exposeName }: Pick<AccountRules, 'forumConfirmsEmails' | 'exposeName'>,
  locks: Locks | null,
  readSiteUser: (value: unknown) => SiteUser | Refusal,
): AccountLinking {
  const prefix = `${name}:`;
  const refuseLink: Refusal = refusal(
    'ERR_LOGIN_NO_ACCOUNT',
    'This site has no accounts of its own to link.',
  );
  const exposed = <Person extends ForumUserUpdate>(forumUser: Person): Person =>
    exposeName ? forumUser : { ...forumUser, name: '' };

  function readPerson(forumUser: ForumUser): SiteUser | Refusal {
    const user = readSiteUser(detailsOf(prefix, exposed(forumUser), forumConfirmsEmails));
    return isRefusal(user)
      ? refusal('ERR_LOGIN_USER_UNUSABLE', `The forum's answer makes no usable person: ${user.detail}`)
      : user;
  }

  return {
    signIn: async (forumUser) => readPerson(forumUser),
    link: async () => refuseLink,
    // The session holds the person as of the login; there is nothing else to bring up to date.
    update: async () => null,
    find: async (forumUserId) => prefix + forumUserId,
    forumUserOf: async (siteUserId) =>
      siteUserId.startsWith(prefix) ? siteUserId.slice(prefix.length) : null,
    exposed,
    retire: async () => {},
    unlink: async () => {},
    sessionHoldsRights: true,
    alone: (forumUserId, work) => (locks === null ? work() : workAlone(locks, name, forumUserId, work)),
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
