import { isRefusal, type Refusal, refusal } from '../errors.js';
import { isRecord } from '../json.js';
import type { SiteUser } from '../site-user.js';
import { type CoralRole, claimFault, isCoralRole, tokenFields, userFields } from './fields.js';
import { isPicturePath, strictHttpUrl } from './uri.js';
import { coralSafeUserName } from './user-name.js';

/** What a token says about a person, in Coral's own names. */
export interface CoralUserClaims {
  readonly id: string;
  readonly email: string;
  readonly username: string;
  /** Shown beside the name. An empty list takes all away; absent leaves them as they are. */
  readonly badges?: readonly string[];
  /** When present, Coral sets it at every login, upwards and downwards. */
  readonly role?: CoralRole;
  /** Where "Account" leads to. */
  readonly url?: string;
  readonly avatar?: string;
}

/** The claims of a token. Times are seconds since 1970 (RFC 7519). */
export interface CoralClaims {
  readonly jti?: string;
  readonly exp?: number;
  readonly iat?: number;
  readonly user: CoralUserClaims;
}

/** How a site user becomes a Coral user. */
export interface CoralUserMapping {
  /**
   * `as-is` (default): the site's name, unchanged; Coral takes any text. `coral-safe`: see {@link
   * coralSafeUserName}.
   */
  readonly usernames?: 'as-is' | 'coral-safe' | undefined;
  /**
   * Who decides about roles. `coral` (default): no role is sent, so that people promoted in Coral stay so.
   * `site`: administrators and moderators of the site have those roles and **everybody else is a commenter**,
   * whatever Coral's administrators decided. A function decides for each person; undefined sends none.
   */
  readonly roles?: 'coral' | 'site' | ((user: SiteUser) => CoralRole | undefined) | undefined;
}

/** Longest e-mail address that Coral takes, in characters. */
const emailLimit = 100;

/**
 * Maps a site user to Coral's claims.
 *
 * Refused: an e-mail address that is not verified (Coral joins accounts by it, local administrators included),
 * an id with `@` (Coral looks for local accounts under it, and shows ids in public), a suspended user. Left
 * out: an avatar that Coral would not show.
 */
export function coralUserClaims(user: SiteUser, mapping: CoralUserMapping = {}): CoralUserClaims | Refusal {
  if (user.suspended === true)
    return refusal('ERR_USER_SUSPENDED', 'A suspended person gets no Coral token.');
  const { id } = user;
  if (typeof id !== 'string' || id === '') return unusable('id', 'must be text that is not empty');
  if (id.includes('@')) {
    return unusable(
      'id',
      'must not hold "@": Coral would look for a local account under it, and shows ids in public',
    );
  }
  if (isBroken(id)) return unusable('id', 'holds a control character or half a character');
  const emailRefusal = emailFault(user);
  if (emailRefusal !== null) return emailRefusal;
  const username = userNameOf(user, mapping);
  if (isRefusal(username)) return username;
  const role = roleOf(user, mapping);
  if (isRefusal(role)) return role;
  const url = urlClaim(user.profileUrl, 'profileUrl');
  if (isRefusal(url)) return url;
  const avatar = urlClaim(user.avatarUrl, 'avatarUrl');
  if (isRefusal(avatar)) return avatar;
  const { badges } = user;
  if (badges?.some((badge) => badge === '' || isBroken(badge)) === true) {
    return unusable('badges', 'must hold no empty text, control character or half character');
  }
  return {
    id,
    email: user.email,
    username,
    ...(badges === undefined ? {} : { badges: [...badges] }),
    ...(role === undefined ? {} : { role }),
    ...(url === undefined ? {} : { url }),
    ...(avatar === undefined || !isPicturePath(avatar) ? {} : { avatar }),
  };
}

/**
 * Reads the payload of a token as Coral's schema does: unknown claims are ignored, the first fault decides.
 * @returns the claims as Coral keeps them (e-mail in lower case, avatars that are no pictures dropped)
 */
export function readClaims(payload: unknown): CoralClaims | Refusal {
  if (!isRecord(payload)) return claimRefusal('the payload', 'must be an object');
  for (const field of tokenFields) {
    const fault = claimFault(field, payload[field.name]);
    if (fault !== null) return claimRefusal(field.name, fault);
  }
  const user = payload.user;
  if (!isRecord(user)) return claimRefusal('user', user === undefined ? 'is missing' : 'must be an object');
  for (const field of userFields) {
    const fault = claimFault(field, user[field.name]);
    if (fault === null) continue;
    if (field.name === 'username' && user.username === undefined && user.url !== undefined) {
      return refusal(
        'ERR_CORAL_TOKEN_USERNAME_MISSING',
        'user.username is missing and user.url is there: Coral asks the person to choose a name at that address.',
      );
    }
    return claimRefusal(`user.${field.name}`, fault);
  }
  const { badges, role, url, avatar } = user;
  const { jti, exp, iat } = payload;
  return {
    ...(jti === undefined ? {} : { jti: String(jti) }),
    ...(exp === undefined ? {} : { exp: Number(exp) }),
    ...(iat === undefined ? {} : { iat: Number(iat) }),
    user: {
      id: String(user.id),
      email: String(user.email).toLowerCase(),
      username: String(user.username),
      ...(Array.isArray(badges) ? { badges: badges.map(String) } : {}),
      ...(isCoralRole(role) ? { role } : {}),
      ...(url === undefined ? {} : { url: String(url) }),
      ...(avatar === undefined || !isPicturePath(String(avatar)) ? {} : { avatar: String(avatar) }),
    },
  };
}

/** Coral's loose test of an address at somebody's first login, and its longest. */
export function firstLoginEmailFault(email: string): Refusal | null {
  if (email.length > emailLimit) {
    return refusal(
      'ERR_CORAL_EMAIL_UNUSABLE',
      `The e-mail address is longer than the ${emailLimit} characters Coral takes.`,
    );
  }
  if (!/^\S+@\S.+\S$/.test(email)) {
    return refusal(
      'ERR_CORAL_EMAIL_UNUSABLE',
      'The e-mail address is not of a form that Coral takes at a first login.',
    );
  }
  return null;
}

function emailFault({ email, emailVerified }: SiteUser): Refusal | null {
  if (emailVerified !== true) {
    return refusal(
      'ERR_EMAIL_NOT_VERIFIED',
      'The e-mail address of this person is not verified, and Coral trusts every address in a token.',
    );
  }
  if (typeof email !== 'string' || isBroken(email) || /\s/.test(email)) {
    return refusal(
      'ERR_CORAL_EMAIL_UNUSABLE',
      'The e-mail address holds a blank, a control character or half a character.',
    );
  }
  // Case is folded beyond ASCII on the way: the Kelvin sign becomes a plain k, and so another address.
  for (const character of email) {
    if (character > '\u007f' && character.toLowerCase() !== character) {
      return refusal(
        'ERR_CORAL_EMAIL_UNUSABLE',
        'The e-mail address holds a capital letter outside ASCII; Coral would change it.',
      );
    }
  }
  return firstLoginEmailFault(email);
}

function userNameOf(user: SiteUser, { usernames = 'as-is' }: CoralUserMapping): string | Refusal {
  const name = user.username ?? user.name;
  if (usernames === 'coral-safe') return coralSafeUserName(name ?? '', user.id);
  if (name === undefined || name.trim() === '') {
    return unusable(
      'username',
      'is missing, and name as well; Coral needs one (or use usernames: "coral-safe")',
    );
  }
  if (isBroken(name)) return unusable('username', 'holds a control character or half a character');
  return name;
}

function roleOf(user: SiteUser, { roles = 'coral' }: CoralUserMapping): CoralRole | undefined | Refusal {
  if (roles === 'coral') return undefined;
  if (roles === 'site')
    return user.admin === true ? 'ADMIN' : user.moderator === true ? 'MODERATOR' : 'COMMENTER';
  const role = roles(user);
  return role === undefined || isCoralRole(role)
    ? role
    : unusable('role', 'as the option roles gave it is not one of Coral');
}

function urlClaim(value: string | undefined, field: string): string | undefined | Refusal {
  if (value === undefined) return undefined;
  // A click on "Account" opens the address.
  return (
    strictHttpUrl(value) ?? unusable(field, 'must be an absolute http(s) URL without user name and password')
  );
}

/** Control characters, and halves of surrogate pairs, which no JSON reader keeps. */
function isBroken(text: string): boolean {
  return /[\p{Cc}\p{Cs}]/u.test(text);
}

function unusable(field: string, problem: string): Refusal {
  return refusal('ERR_CORAL_USER_UNUSABLE', `${field} ${problem}.`);
}

function claimRefusal(path: string, problem: string): Refusal {
  return refusal('ERR_CORAL_TOKEN_CLAIM_INVALID', `${path} ${problem}.`);
}
