import { type Refusal, refusal } from '../errors.js';
import { readSiteUser } from '../read-site-user.js';
import type { SiteUser } from '../site-user.js';
import type { FruumUserReply } from './fields.js';

/**
 * Reads what the site's `findUser` returned for Fruum. Two fields are put right before the rest is checked: `admin` is
 * true only when it is `true`, because Fruum makes an administrator of any truthy value; and white space in the user
 * name becomes `_`, because Fruum would do so and both sides should know the person by one name.
 */
export function readFruumUser(value: unknown, userId: string): SiteUser | Refusal {
  if (value === null || value === undefined) {
    return refusal('ERR_FRUUM_USER_UNKNOWN', 'findUser found nobody with the id of the hash.');
  }
  if (typeof value !== 'object') {
    return refusal('ERR_SITE_USER_INVALID', 'findUser must return a user or null.');
  }
  const username = 'username' in value ? value.username : undefined;
  const user = readSiteUser({
    ...value,
    admin: 'admin' in value && value.admin === true,
    username: typeof username === 'string' ? fruumUsername(username) : username,
  });
  if ('refused' in user) return user;
  if (user.id !== userId) {
    return refusal(
      'ERR_SITE_USER_INVALID',
      'findUser returned a user with another id than it was asked for.',
    );
  }
  if (user.suspended === true) return refusal('ERR_USER_SUSPENDED', 'The account is suspended at the site.');
  return user;
}

/** The reply that logs a person in. Made field by field: whatever else the site's user holds stays here. */
export function replyForUser(user: SiteUser): FruumUserReply {
  return {
    id: user.id,
    anonymous: false,
    admin: user.admin === true,
    // Fruum's profile pages and mentions need a name that is there and belongs to one person: the id, failing all else.
    username:
      user.username === undefined || /^_*$/.test(user.username) ? fruumUsername(user.id) : user.username,
    ...(user.name === undefined || user.name === '' ? {} : { displayname: user.name }),
    // Mails go to this address: only one that the person has proved to own is passed on.
    ...(user.emailVerified === true ? { email: user.email } : {}),
    ...(user.avatarUrl === undefined ? {} : { avatar: user.avatarUrl }),
  };
}

/** A user name as Fruum stores it: each run of white space is one `_`, at the ends, too. */
function fruumUsername(username: string): string {
  return username.replace(/\s+/g, '_');
}
