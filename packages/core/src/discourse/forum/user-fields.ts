import { foldAsciiCase } from '../../ascii-case.js';
import { isRefusal, type Refusal, refusal } from '../../errors.js';
import { parseUrl } from '../../http/parse-url.js';
import { plainHttpUrl } from '../../http/plain-url.js';
import type { SiteUser } from '../../site-user.js';
import { isExternalId } from '../protocol/external-id.js';
import type { DiscourseFields } from '../protocol/fields.js';

/**
 * Which groups of the forum follow the site:
 * - `exact`: the site's list is the whole truth; forum setting "discourse connect overrides groups" on. Every user then
 *   needs `groups`, since for the forum an absent list is an empty one.
 * - `managed`: only the named groups follow; all others are left alone. That setting is off.
 */
export type GroupsOption =
  | { readonly mode: 'exact' }
  | { readonly mode: 'managed'; readonly names: readonly string[] };

/** The options of the connector that say what goes to the forum. */
export interface UserFieldsOptions {
  readonly groups?: GroupsOption | undefined;
  readonly mapUser?: UserFieldsMapper | undefined;
  readonly externalId?: ((siteUserId: string) => string) | undefined;
}

/**
 * Fields of a message that is still being put together. What comes last is assigned and not spread into a new object:
 * V8 makes a new shape for each `{ ...fields, nonce }`, which takes longer than to sign the message.
 */
export type FieldsDraft = { -readonly [Name in keyof DiscourseFields]: DiscourseFields[Name] } & {
  externalId: string;
};

/** Changes the fields for the forum that were made from a site user. */
export type UserFieldsMapper = (fields: DiscourseFields, user: SiteUser) => DiscourseFields;

/** What makes a group name unusable: it would be split, looked up as another, or found by nobody. */
export function groupNameProblem(name: string): string | null {
  if (name.trim() === '') return 'is blank';
  if (name !== name.trim()) return 'begins or ends with a blank';
  if (name.includes(',')) return 'holds a comma';
  if (name.startsWith('@')) return 'begins with "@"';
  return null;
}

/**
 * Maps a site user to the fields of a login or push, in an object made for it: nothing of the forum's request gets in.
 * What the site knows and the forum may not be told is decided here: an address that is not verified always goes with
 * `requireActivation`, whatever `mapUser` makes of it, so that the forum takes over no account by it; another address than
 * the user's, unless `mapUser` says that it is proved (`requireActivation: false`).
 *
 * What a forum would answer with an error page is mended: long texts are cut, a website that is none is left out.
 *
 * @param mapUser the site's own changes; works on a copy, and may change neither `externalId` nor drop `groups` in mode `exact`
 */
export function userFields(
  user: SiteUser,
  { groups, mapUser, externalId }: UserFieldsOptions,
): FieldsDraft | Refusal {
  const id = externalIdOf(user.id, externalId);
  if (isRefusal(id)) return id;
  const mapped = mappedUser(user, id, groups);
  if (isRefusal(mapped) || mapUser === undefined) return withTrust(mapped, user);
  const fields: FieldsDraft = Object.assign({ externalId: '' }, mapUser(mapped, user));
  if (fields.externalId !== id) {
    return refusal(
      'ERR_SITE_CALLBACK_FAILED',
      "The site's mapUser changed or dropped externalId, and then a sign-out, suspension or removal would not find the account: give the option externalId instead.",
    );
  }
  if (groups?.mode === 'exact' && fields.groups === undefined) {
    return refusal(
      'ERR_SITE_CALLBACK_FAILED',
      'The site\'s mapUser dropped groups, and in mode "exact" the forum would empty all memberships.',
    );
  }
  return withTrust(fields, user);
}

/**
 * The id under which a forum knows a person of the site.
 * @param made makes it of the site's id; left out: it is the same
 */
export function externalIdOf(
  siteUserId: string,
  made: ((siteUserId: string) => string) | undefined,
): string | Refusal {
  let id: unknown;
  try {
    id = made === undefined ? siteUserId : made(siteUserId);
  } catch (cause) {
    return refusal('ERR_SITE_CALLBACK_FAILED', "The site's externalId failed.", cause);
  }
  if (typeof id === 'string' && isExternalId(id)) return id;
  return refusal(
    'ERR_SITE_USER_INVALID',
    'The user has no id that Discourse accepts: it must not be blank, and not a word such as "null" or "undefined".',
  );
}

function withTrust(fields: FieldsDraft | Refusal, user: SiteUser): FieldsDraft | Refusal {
  if (isRefusal(fields)) return fields;
  const { email, requireActivation } = fields;
  // Proved is the address that the site knows, and no other that mapUser puts in its place.
  const isOther =
    email !== undefined && email !== user.email && foldAsciiCase(email) !== foldAsciiCase(user.email);
  if (!user.emailVerified || (isOther && requireActivation === undefined)) fields.requireActivation = true;
  return fields;
}

function mappedUser(
  user: SiteUser,
  externalId: string,
  groups: GroupsOption | undefined,
): FieldsDraft | Refusal {
  const {
    email,
    username,
    name,
    avatarUrl,
    bio,
    website,
    location,
    title,
    locale,
    admin,
    moderator,
    custom,
  } = user;
  const memberships = groups === undefined ? {} : groupFields(user.groups, groups);
  if (isRefusal(memberships)) return memberships;
  return {
    externalId,
    email,
    username: username?.toWellFormed(),
    name: name?.toWellFormed(),
    avatarUrl,
    bio: bio === undefined ? undefined : cut(bio),
    website: website === undefined || isForumWebsite(website) ? website : undefined,
    location: location === undefined ? undefined : cut(location),
    title: title?.toWellFormed(),
    locale,
    admin,
    moderator,
    groups: memberships.groups,
    addGroups: memberships.addGroups,
    removeGroups: memberships.removeGroups,
    custom: custom === undefined ? undefined : wellFormed(custom),
  };
}

/** A forum answers a longer bio or location with an error page instead of a login. */
const profileTextLimit = 3_000;

/** Half a surrogate pair, such as an emoji cut in two by a database, has no UTF-8: it becomes U+FFFD. */
function wellFormed(custom: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(custom).map(([name, value]) => [name, value.toWellFormed()]));
}

/** Cut at a whole character; NUL, which a forum cannot store, is left out. */
function cut(text: string): string {
  const clean = (text.includes('\0') ? text.replaceAll('\0', '') : text).toWellFormed();
  if (clean.length <= profileTextLimit) return clean;
  const end = /[\ud800-\udbff]$/.test(clean.slice(0, profileTextLimit))
    ? profileTextLimit - 1
    : profileTextLimit;
  return clean.slice(0, end);
}

/** The empty text clears the field; anything that is no web address with a dot in its host fails the whole login. */
function isForumWebsite(website: string): boolean {
  if (website === '' || plainHttpUrl.test(website)) return true;
  const { protocol, hostname } = parseUrl(website) ?? { protocol: '', hostname: '' };
  return (protocol === 'https:' || protocol === 'http:') && hostname.includes('.');
}

function groupFields(held: readonly string[] | undefined, option: GroupsOption): DiscourseFields | Refusal {
  for (const name of held ?? []) {
    const problem = groupNameProblem(name);
    if (problem !== null)
      return refusal('ERR_SITE_USER_INVALID', `A group of the user ${problem}, which Discourse cannot read.`);
  }
  if (option.mode === 'exact') {
    if (held !== undefined) return { groups: held };
    return refusal(
      'ERR_SITE_USER_INVALID',
      'The user has no "groups", and in mode "exact" the forum would empty all memberships: give the whole list, [] for none.',
    );
  }
  // Not known is not the same as none: then nothing changes.
  if (held === undefined) return {};
  const folded = new Set(held.map(foldAsciiCase));
  const isHeld = (name: string): boolean => folded.has(foldAsciiCase(name));
  const addGroups = option.names.filter(isHeld);
  const removeGroups = option.names.filter((name) => !isHeld(name));
  return {
    ...(addGroups.length === 0 ? {} : { addGroups }),
    ...(removeGroups.length === 0 ? {} : { removeGroups }),
  };
}
