import { isForumSsoError, type Refusal, refusal, refusalFrom } from '../errors.js';
import type { SiteUser } from '../site-user.js';
import type { People } from '../store/store.js';

/**
 * Holds a person who is signed in against what the site has decided about them.
 * @returns the person, marked as suspended if they are; a refusal when they were removed, or the store is silent
 */
export async function admit(people: People, user: SiteUser): Promise<SiteUser | Refusal> {
  try {
    const standing = await people.standing(user.id);
    if (standing === null) return user;
    if (standing.state === 'suspended') return { ...user, suspended: true };
    return refusal(
      'ERR_USER_REMOVED',
      'A person who was removed (forumSso.remove) is still signed in at the site; forumSso.restore lets them in again.',
    );
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    return refusalFrom(error);
  }
}

/** The site's `findUser` for connectors: whoever was removed or suspended comes back as suspended. */
export function admittingFindUser(
  people: People,
  findUser: (siteUserId: string) => Promise<SiteUser | null>,
): (siteUserId: string) => Promise<SiteUser | null> {
  return async (siteUserId) => {
    const user = await findUser(siteUserId);
    return user === null || user === undefined ? null : marked(people, user, siteUserId);
  };
}

/**
 * A person who is read or shown whatever was decided about them: whoever was removed or suspended is marked as
 * suspended, and so gets no login.
 * @throws ForumSsoError `ERR_STORE_UNAVAILABLE`
 */
export async function marked(people: People, user: SiteUser, siteUserId: string): Promise<SiteUser> {
  return (await people.standing(siteUserId)) === null ? user : { ...user, suspended: true };
}
