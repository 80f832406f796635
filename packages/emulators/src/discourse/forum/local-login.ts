import { normalizeEmail } from './accounts.js';
import type { Forum } from './forum.js';
import { requireCleanUsername } from './profile.js';
import type { ForumUser } from './records.js';
import { checkSecondFactor, secondFactorMethods } from './second-factor.js';
import { isSuspended } from './sso-login.js';

export interface LocalLogin {
  /** User name or e-mail address; there are no passwords here. */
  readonly login: string;
  readonly ip: string;
  /** The second factor, if one was sent. */
  readonly code?: string;
  readonly method?: number;
}

/** What becomes of a login at the forum's own page. */
export type LocalLoginAnswer =
  | {
      readonly kind: 'logged_in';
      readonly user: ForumUser;
      /** A second factor was used, and it was no backup code. */
      readonly confirmed: boolean;
    }
  /** A second factor is asked for; `wrong` when one was sent that does not fit. */
  | { readonly kind: 'second_factor'; readonly user: ForumUser; readonly wrong: boolean }
  | { readonly kind: 'refused'; readonly reason: string };

/** Decides on a login at the forum's own page. */
export function decideLocalLogin({ login, ip, code, method }: LocalLogin, forum: Forum): LocalLoginAnswer {
  const { directory, settings, modes } = forum;
  const user = login.includes('@') ? directory.byEmail(login) : directory.byUsername(login.replace(/^@/, ''));
  if (user === undefined) return { kind: 'refused', reason: 'There is no such account.' };
  if (settings.must_approve_users && !user.approved && !user.admin) {
    return { kind: 'refused', reason: 'Your account is waiting for the approval of a moderator.' };
  }
  if (isSuspended(user, forum.now())) {
    const until = user.suspendedTill?.toISOString().slice(0, 10) ?? '';
    return { kind: 'refused', reason: `This account is suspended until ${until}.` };
  }
  if (modes.blockedIps.includes(ip))
    return { kind: 'refused', reason: 'You cannot log in from this address.' };
  if (user.secondFactor !== null) {
    if (code === undefined) return { kind: 'second_factor', user, wrong: false };
    const fits = checkSecondFactor(user, method ?? secondFactorMethods.totp, code);
    if (!fits) return { kind: 'second_factor', user, wrong: true };
  }
  if (!user.active) {
    forum.mailbox.sendActivation(user);
    return { kind: 'refused', reason: `Your account is not activated yet: we sent a mail to ${user.email}.` };
  }
  if (user.staged) directory.overwrite(user, { staged: false });
  const confirmed = user.secondFactor !== null && method !== secondFactorMethods.backupCode;
  return { kind: 'logged_in', user, confirmed };
}

/**
 * Makes an account that waits for the link in its activation mail.
 * @throws RecordInvalid
 */
export function signUp(
  forum: Forum,
  given: { readonly username: string; readonly email: string; readonly name: string },
): ForumUser {
  requireCleanUsername(forum, given.username);
  const staged = forum.directory.byEmail(normalizeEmail(given.email));
  const user = staged?.staged === true ? takeOver(forum, staged, given) : forum.directory.create(given);
  forum.mailbox.sendActivation(user);
  return user;
}

/** Somebody who was known by e-mail only gets a real account. */
function takeOver(
  { directory }: Forum,
  user: ForumUser,
  { username, name }: { readonly username: string; readonly name: string },
): ForumUser {
  directory.save(user, { username, name, staged: false, active: false });
  return user;
}

/** May people log in here rather than at the site? */
export function allowsLocalLogins({ settings }: Forum): boolean {
  return settings.enable_local_logins && !settings.enable_discourse_connect;
}
