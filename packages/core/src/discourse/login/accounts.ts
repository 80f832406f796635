import { foldAsciiCase } from '../../ascii-case.js';
import { isRefusal, type Refusal, refusal, refusalForThrown } from '../../errors.js';
import type { SiteUser } from '../../site-user.js';
import type { Links, Locks } from '../../store/store.js';
import { workAlone } from '../community-user-lock.js';
import type { ForumUser, ForumUserUpdate } from './forum-user.js';
import { type GroupChange, type GroupMap, mapGroups } from './group-map.js';

/** How the site is asked for one of its people. */
export type SiteUserQuery =
  | { readonly id: string }
  /** An address; the site compares it without regard to the case of ASCII letters. */
  | { readonly email: string }
  | { readonly username: string };

/** What the forum brings for a person of the site. */
export interface SiteUserChange {
  /**
   * The person at the forum; name and e-mail are empty where they are not exposed. Without an address when the forum was
   * not asked for it: leave the account's as it is. From an event that may be old, it holds what was known before.
   */
  readonly forumUser: ForumUserUpdate;
  /** Groups of the site to join and to leave, by the group map. */
  readonly groups: GroupChange;
  /** `login`, `link`, or the name of the webhook's event. */
  readonly reason: string;
}

/** The site's own accounts, behind three callbacks. */
export interface SiteAccounts {
  /** Finds a person; null when there is none. */
  findSiteUser(query: SiteUserQuery): Promise<SiteUser | null>;
  /**
   * Makes an account for a person of the forum; null when the site does not want one. User names may be taken: the
   * site chooses. Called once for each forum account, also under parallel logins. Called at a login, and with
   * `webhook.createAccounts` for a webhook as well.
   */
  createSiteUser(forumUser: ForumUser): Promise<SiteUser | null>;
  /**
   * Takes over what changed at the forum. Called at each login and for each webhook that may change something.
   * Left out: nothing is taken over.
   */
  updateSiteUser?(user: SiteUser, change: SiteUserChange): Promise<SiteUser>;
}

/** How accounts are matched, and what of the forum the site gets to see. */
export interface AccountRules {
  readonly linkBy: readonly ('email' | 'username')[];
  readonly forumConfirmsEmails: boolean;
  readonly exposeName: boolean;
  readonly exposeEmail: boolean;
  readonly groupMap: GroupMap;
}

export interface AccountParts {
  /** Name of the connector: links belong to it. */
  readonly name: string;
  readonly accounts: SiteAccounts;
  readonly rules: AccountRules;
  readonly links: Links;
  readonly locks: Locks;
  readonly readSiteUser: (value: unknown) => SiteUser | Refusal;
}

/** What was known of a person before. */
export type KnownForumUser = Pick<
  ForumUser,
  'username' | 'name' | 'email' | 'admin' | 'moderator' | 'groups'
>;

/** Brings a person of the forum and an account of the site together. */
export interface AccountLinking {
  /**
   * The person's account: linked before, found by a rule, or made now. Then takes over what the forum says.
   * @param reason see {@link SiteUserChange.reason}
   */
  signIn(forumUser: ForumUser, reason: string): Promise<SiteUser | Refusal>;
  /** Links a forum account to the very site user who asked for it. */
  link(forumUser: ForumUser, siteUserId: string): Promise<SiteUser | Refusal>;
  /**
   * Takes over what the forum says about a linked person; null when there is no link.
   * @param bound given when that may be older than what is known: rights may go, and nothing else changes
   */
  update(
    forumUser: ForumUserUpdate,
    reason: string,
    bound?: { readonly known: KnownForumUser | null },
  ): Promise<SiteUser | null | Refusal>;
  /** The site user's id, or null. */
  find(forumUserId: string): Promise<string | null>;
  /** The forum's id of a site user, or null. */
  forumUserOf(siteUserId: string): Promise<string | null>;
  /** What the site gets to see of a person. */
  exposed<Person extends ForumUserUpdate>(forumUser: Person): Person;
  /** The forum account is gone for good: its id is never linked again. */
  retire(forumUserId: string): Promise<void>;
  /** The site user is gone: forgets the link. */
  unlink(forumUserId: string): Promise<void>;
  /** True when the person's rights are those of the login until the session ends, since no account holds them. */
  readonly sessionHoldsRights: boolean;
  /** Works on one person at a time, over all processes. */
  alone<T>(forumUserId: string, work: () => Promise<T>): Promise<T | Refusal>;
}

export function createAccountLinking({
  name,
  accounts,
  rules,
  links,
  locks,
  readSiteUser,
}: AccountParts): AccountLinking {
  /** What the site gets to see. */
  const exposed = <Person extends ForumUserUpdate>(forumUser: Person): Person => ({
    ...forumUser,
    ...(rules.exposeName ? {} : { name: '' }),
    ...(rules.exposeEmail ? {} : { email: '' }),
  });

  async function ask<T>(callback: string, work: () => Promise<T>): Promise<T | Refusal> {
    try {
      return await work();
    } catch (cause) {
      return refusalForThrown(cause, 'ERR_SITE_CALLBACK_FAILED', `The site's ${callback} callback failed.`);
    }
  }
  async function find(query: SiteUserQuery): Promise<SiteUser | null | Refusal> {
    const user = await ask('findSiteUser', () => accounts.findSiteUser(query));
    return user === null || isRefusal(user) ? user : readSiteUser(user);
  }

  /** The account that a link names. A link to an account that is gone at the site is removed. */
  async function linked(forumUserId: string): Promise<SiteUser | null | Refusal> {
    const siteUserId = await links.findByCommunityUser(name, forumUserId);
    if (siteUserId === null) return null;
    const user = await find({ id: siteUserId });
    if (user === null) await links.unlink(name, forumUserId);
    return user;
  }

  /** An existing account that a rule allows to take; never one of staff, nor one that is linked. */
  async function matching(forumUser: ForumUser): Promise<SiteUser | null | Refusal> {
    for (const by of rules.linkBy) {
      const vouched = rules.forumConfirmsEmails && !forumUser.requireActivation && forumUser.email !== '';
      if (by === 'email' && !vouched) continue;
      const user = await find(by === 'email' ? { email: forumUser.email } : { username: forumUser.username });
      if (isRefusal(user)) return user;
      if (user === null || user.admin === true || user.moderator === true) continue;
      const same =
        by === 'email'
          ? user.emailVerified && sameAddress(user.email, forumUser.email)
          : user.username === forumUser.username;
      if (same && (await links.findBySiteUser(name, user.id)) === null) return user;
    }
    return null;
  }

  async function made(forumUser: ForumUser): Promise<SiteUser | Refusal> {
    const user = await ask('createSiteUser', () => accounts.createSiteUser(exposed(forumUser)));
    if (user === null)
      return refusal('ERR_LOGIN_NO_ACCOUNT', 'The site has no account for this forum account and made none.');
    return isRefusal(user) ? user : readSiteUser(user);
  }

  async function takeOver(
    user: SiteUser,
    forumUser: ForumUserUpdate,
    reason: string,
    bound?: { readonly known: KnownForumUser | null },
  ): Promise<SiteUser | Refusal> {
    const { join, leave } = mapGroups(rules.groupMap, forumUser, user.groups ?? []);
    const change: SiteUserChange =
      bound === undefined
        ? { forumUser: exposed(forumUser), groups: { join, leave }, reason }
        : {
            forumUser: exposed(withoutGrants(forumUser, bound.known, user)),
            groups: { join: [], leave },
            reason,
          };
    if (accounts.updateSiteUser === undefined) return user;
    // An event that may only take away brings no new details.
    if (bound !== undefined && leave.length === 0) return user;
    const updated = await ask('updateSiteUser', async () => accounts.updateSiteUser?.(user, change));
    return isRefusal(updated) ? updated : readSiteUser(updated);
  }

  async function connect(forumUser: ForumUser, user: SiteUser): Promise<Refusal | null> {
    if (await links.isRetired(name, forumUser.id)) {
      return refusal('ERR_LOGIN_NO_ACCOUNT', 'This forum account was destroyed; its id is not linked again.');
    }
    const outcome = await links.link(name, forumUser.id, user.id);
    if (outcome === 'communityUserTaken') {
      return refusal(
        'ERR_LINK_FORUM_USER_TAKEN',
        'The forum account is linked to another account of the site.',
      );
    }
    if (outcome === 'siteUserTaken') {
      return refusal(
        'ERR_LINK_SITE_USER_TAKEN',
        'The account of the site is linked to another forum account.',
      );
    }
    return null;
  }

  return {
    find: (forumUserId) => links.findByCommunityUser(name, forumUserId),

    async signIn(forumUser, reason) {
      if (await links.isRetired(name, forumUser.id)) {
        return refusal('ERR_LOGIN_NO_ACCOUNT', 'This forum account was destroyed; its id is not used again.');
      }
      let user = await linked(forumUser.id);
      if (user === null) {
        user = (await matching(forumUser)) ?? (await made(forumUser));
        if (isRefusal(user)) return user;
        const conflict = await connect(forumUser, user);
        if (conflict !== null) return conflict;
      }
      return isRefusal(user) ? user : takeOver(user, forumUser, reason);
    },

    async link(forumUser, siteUserId) {
      const user = await find({ id: siteUserId });
      if (isRefusal(user)) return user;
      if (user === null)
        return refusal('ERR_LOGIN_NO_ACCOUNT', 'The account that asked for the link is gone.');
      const conflict = await connect(forumUser, user);
      return conflict ?? takeOver(user, forumUser, 'link');
    },

    async update(forumUser, reason, bound) {
      const user = await linked(forumUser.id);
      return user === null || isRefusal(user) ? user : takeOver(user, forumUser, reason, bound);
    },

    forumUserOf: (siteUserId) => links.findBySiteUser(name, siteUserId),
    exposed,
    retire: (forumUserId) => links.retire(name, forumUserId),
    unlink: async (forumUserId) => {
      await links.unlink(name, forumUserId);
    },
    sessionHoldsRights: false,
    alone: (forumUserId, work) => workAlone(locks, name, forumUserId, work),
  };
}

/**
 * What an event that may be old leaves of a person: details as they were known, and of the rights those that the event
 * and what is known have in common. Of somebody of whom nothing was known, the site's own account says which.
 */
function withoutGrants(
  { id, username, name, admin, moderator, groups, requireActivation, twoFactor }: ForumUserUpdate,
  known: KnownForumUser | null,
  user: SiteUser,
): ForumUserUpdate {
  const before = known ?? { username, name, admin: user.admin === true, moderator: user.moderator === true };
  const knownGroups = known?.groups;
  return {
    ...{ id, requireActivation, twoFactor, username: before.username, name: before.name },
    ...(known === null ? {} : { email: known.email }),
    admin: admin && before.admin,
    moderator: moderator && before.moderator,
    ...(groups === undefined || knownGroups === undefined
      ? {}
      : { groups: groups.filter((group) => knownGroups.includes(group)) }),
  };
}

function sameAddress(a: string, b: string): boolean {
  return foldAsciiCase(a) === foldAsciiCase(b);
}
