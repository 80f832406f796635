import { type Refusal, refusal } from '../errors.js';
import type { SiteUser } from '../site-user.js';
import { talkyardEmail } from './email.js';
import { type TalkyardUserField, talkyardUserFields } from './fields.js';

/**
 * A person as Talkyard takes them over its API; a comment token carries the same without the two flags. The rules of
 * each field stand in {@link talkyardUserFields}.
 */
export interface TalkyardUser extends Readonly<Partial<Record<TalkyardUserField, string | true>>> {
  /** The site's id of the person. 1 to 128 characters; never changes. */
  readonly ssoId: string;
  /** In lower case. */
  readonly primaryEmailAddress: string;
  readonly isEmailAddressVerified: true;
  /** Id for cross-references, as data imports use it. At most 128 characters; kept on creation only. */
  readonly extId?: string;
  /** A wish: Talkyard mends it, see {@link mendedUsername}. */
  readonly username?: string;
  readonly fullName?: string;
  /** Read when the user is created, and never again. */
  readonly isAdmin?: true;
  /** Read when the user is created, and never again. */
  readonly isModerator?: true;
}

/** What may be sent beside the person's plain details. */
export interface TalkyardUserOptions {
  readonly extId?: string | undefined;
  /** Also sends the admin and moderator flags. */
  readonly staffFlags?: boolean | undefined;
}

/**
 * Asks the site for what goes beside a person's details.
 * @returns the options, or a refusal `ERR_SITE_CALLBACK_FAILED`
 */
export function readUserOptions(
  {
    extId,
    staffFlags,
  }: { readonly extId?: (user: SiteUser) => string | undefined; readonly staffFlags?: boolean },
  user: SiteUser,
): TalkyardUserOptions | Refusal {
  try {
    return { extId: extId?.(user), staffFlags };
  } catch (cause) {
    return refusal('ERR_SITE_CALLBACK_FAILED', "The site's extId failed.", cause);
  }
}

const idLimit = talkyardUserFields.ssoId.limit;
const usernameLimit = talkyardUserFields.username.limit;
const nameLimit = talkyardUserFields.fullName.limit;

/**
 * Maps a person of the site to Talkyard's shape.
 *
 * Talkyard gives an existing account with the same address to whoever the site vouches for, so an address that was
 * not verified is never sent.
 *
 * @returns the user, or a refusal: `ERR_EMAIL_NOT_VERIFIED`, `ERR_USER_SUSPENDED`, `ERR_TALKYARD_EMAIL_UNUSABLE`,
 * `ERR_TALKYARD_USER_UNUSABLE`
 */
export function talkyardUser(
  user: SiteUser,
  { extId, staffFlags }: TalkyardUserOptions = {},
): TalkyardUser | Refusal {
  if (user.suspended === true) {
    return refusal('ERR_USER_SUSPENDED', 'The person is suspended at the site, and so is signed in nowhere.');
  }
  if (user.emailVerified !== true) {
    return refusal(
      'ERR_EMAIL_NOT_VERIFIED',
      'Talkyard gives an existing account to whoever has its address, so only verified addresses are sent. Let the person confirm theirs first.',
    );
  }
  const idFault = faultOfId(user.id, 'id') ?? (extId === undefined ? undefined : faultOfId(extId, 'extId'));
  if (idFault !== undefined) return idFault;
  if (typeof user.email !== 'string') return unusable('The e-mail address is no text.');
  const email = talkyardEmail(user.email);
  if (typeof email !== 'string') return email;
  const username = cut(user.username, usernameLimit);
  const fullName = cut(user.name, nameLimit);
  const mapped: { -readonly [Field in keyof TalkyardUser]: TalkyardUser[Field] } = {
    ssoId: user.id,
    primaryEmailAddress: email,
    isEmailAddressVerified: true,
  };
  if (extId !== undefined) mapped.extId = extId;
  if (username !== '') mapped.username = username;
  if (fullName !== '') mapped.fullName = fullName;
  if (staffFlags === true && user.admin === true) mapped.isAdmin = true;
  if (staffFlags === true && user.moderator === true) mapped.isModerator = true;
  return mapped;
}

/** Talkyard trims ids in one of its APIs and refuses blanks in the other: neither may happen to an id that must never change. */
function faultOfId(id: unknown, field: string): Refusal | undefined {
  if (typeof id !== 'string')
    return unusable(`The person's ${field} must be a text; turn numbers into texts.`);
  if (id === '' || id.length > idLimit) {
    return unusable(
      `The person's ${field} must have 1 to ${idLimit} characters; Talkyard takes no longer one.`,
    );
  }
  if (id !== id.trim() || /\p{Cc}/u.test(id)) {
    return unusable(`The person's ${field} must have no blanks at its ends and no control characters.`);
  }
  return undefined;
}

function unusable(detail: string): Refusal {
  return refusal('ERR_TALKYARD_USER_UNUSABLE', detail);
}

// Talkyard cuts long names itself; cutting here keeps a pair of surrogates whole and the body under Talkyard's limit.
function cut(name: string | undefined, limit: number): string {
  const trimmed = name?.trim() ?? '';
  if (trimmed.length <= limit) return trimmed;
  return trimmed
    .slice(0, limit)
    .replace(/[\ud800-\udbff]$/, '')
    .trimEnd();
}
