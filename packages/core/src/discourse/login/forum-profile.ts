import { isRecord, parseJson } from '../../json.js';
import { guardStore } from '../../store/guarded-store.js';
import type { ForumSsoStore, Profiles } from '../../store/store.js';
import { type ForumUser, type ForumUserUpdate, isWebAddress } from './forum-user.js';

/**
 * Where a stored profile comes from: the answer to a login, which has no time stamp of the forum, or a webhook, or the
 * forum's API.
 */
export type ProfileSource = 'login' | 'webhook' | 'api';

/** What a forum last told about one of its people. */
export interface ForumProfile {
  /** The forum's own number for the account. */
  readonly id: string;
  readonly username: string;
  /** Empty when there is none, or when `exposeName` is off. */
  readonly name: string;
  /** As the forum last named it; empty when `exposeEmail` is off, or it never did. */
  readonly email: string;
  readonly admin: boolean;
  readonly moderator: boolean;
  /** All groups of the person, automatic ones included; absent when the forum never said. */
  readonly groups?: readonly string[];
  /** True when the account was suspended as of then. */
  readonly suspended: boolean;
  /** An IANA name such as `Europe/Berlin`; absent when it is not known. Logins do not bring it, webhooks do. */
  readonly timezone?: string;
  readonly title?: string;
  /** 0 to 4; absent when it is not known. */
  readonly trustLevel?: number;
  readonly source: ProfileSource;
  /** When it was stored. */
  readonly storedAt: Date;
  /**
   * Address of the person's picture; undefined when there is none. Until a webhook has brought the forum's pattern for
   * it, the picture has whatever size the login's answer named.
   * @param size width in pixels, a whole number from 1 to 1,000
   * @throws RangeError for another size
   */
  avatarUrl(size: number): string | undefined;
}

/** Everything a profile holds, as it is written. */
export interface ProfileContent extends Omit<ForumProfile, 'storedAt' | 'avatarUrl'> {
  /** Address of a picture of some size. */
  readonly picture?: string;
  /** Address of a picture with `{size}` in the place of its width. */
  readonly pictureTemplate?: string;
  /** True when the version of what a webhook brought is the time here, as that of a login is, and no stamp of the forum. */
  readonly stampedHere?: boolean;
}

/** A profile with the moment up to which it is known to be true. */
export interface KnownProfile extends ProfileContent {
  readonly version: string;
  readonly storedAt: Date;
}

/** Largest profile that stores take, in bytes of JSON, with some room. */
const profileLimit = 60_000;

/**
 * Reads what a forum last told about a person: at their last login, and since then by webhook.
 *
 * @param store the store that `createForumSso` was given
 * @param connector name of the `discourseLogin` connector; by default it is called `discourse-login`
 * @param who the forum's number for the account, or the id of a site user who is linked to one
 * @returns null when the forum has told nothing, or the site user is not linked
 * @throws ForumSsoError `ERR_STORE_UNAVAILABLE`
 */
export async function readForumProfile(
  store: ForumSsoStore,
  connector: string,
  who: { readonly forumUserId: string } | { readonly siteUserId: string },
): Promise<ForumProfile | null> {
  const { profiles, links } = guardStore(store);
  if (profiles === undefined) return null;
  const forumUserId =
    'forumUserId' in who ? who.forumUserId : await linkedForumUser(links, connector, who.siteUserId);
  const known = forumUserId === null ? null : await readProfile(profiles, connector, forumUserId);
  if (known === null) return null;
  const { picture, pictureTemplate, version: _version, stampedHere: _stampedHere, ...profile } = known;
  return {
    ...profile,
    avatarUrl(size) {
      if (!Number.isInteger(size) || size < 1 || size > 1_000) {
        throw new RangeError('The size of a picture is a whole number of pixels from 1 to 1,000.');
      }
      // What stands in a database may have been put there by other hands.
      return [pictureTemplate?.replaceAll('{size}', String(size)), picture].find(
        (address) => address !== undefined && isWebAddress(address),
      );
    },
  };
}

async function linkedForumUser(
  links: ForumSsoStore['links'],
  connector: string,
  siteUserId: string,
): Promise<string | null> {
  const linked = (await links?.findBySiteUser(connector, siteUserId)) ?? null;
  // At a site without accounts of its own the id says it.
  const prefix = `${connector}:`;
  return linked ?? (siteUserId.startsWith(prefix) ? siteUserId.slice(prefix.length) : null);
}

/** Reads a stored profile; null when there is none that can be read. */
export async function readProfile(
  profiles: Profiles,
  connector: string,
  forumUserId: string,
): Promise<KnownProfile | null> {
  const stored = await profiles.read(connector, forumUserId);
  const content = stored === null ? null : decode(stored.json);
  return stored === null || content === null
    ? null
    : { ...content, version: stored.version, storedAt: stored.storedAt };
}

/**
 * Stores what the answer to a login says, over what was known: pictures by size and the like only webhooks bring.
 * @param user the person, as the site gets to see them
 * @param now the time of the login: what the forum stamped earlier than that is older
 */
export async function writeLoginProfile(
  profiles: Profiles,
  connector: string,
  user: ForumUser,
  now: Date,
): Promise<void> {
  const before = await readProfile(profiles, connector, user.id);
  const time = now.toISOString();
  const { pictureTemplate, timezone, title, trustLevel, groups } = before ?? {};
  const content: ProfileContent = {
    ...(groups === undefined ? {} : { groups }),
    ...contentOf(user, before),
    suspended: false,
    source: 'login',
    ...(pictureTemplate === undefined ? {} : { pictureTemplate }),
    ...(timezone === undefined ? {} : { timezone }),
    ...(title === undefined ? {} : { title }),
    ...(trustLevel === undefined ? {} : { trustLevel }),
  };
  const version = before !== null && before.version > time ? before.version : time;
  await profiles.write(connector, user.id, { json: encode(content), version }, true);
}

/**
 * What a profile takes from a person.
 * @param before the profile up to now: an address that was not named stays as it was
 */
export function contentOf(
  { id, username, name, email, admin, moderator, groups, avatarUrl }: ForumUserUpdate,
  before: Pick<ProfileContent, 'email'> | null,
): Omit<ProfileContent, 'suspended' | 'source'> {
  return {
    id,
    username,
    name,
    email: email ?? before?.email ?? '',
    admin,
    moderator,
    ...(groups === undefined ? {} : { groups }),
    ...(avatarUrl === undefined ? {} : { picture: avatarUrl }),
  };
}

/** The JSON of a profile; without its groups where these alone would be more than a store takes. */
export function encode(content: ProfileContent): string {
  const json = JSON.stringify(content);
  if (Buffer.byteLength(json) <= profileLimit) return json;
  const { groups: _groups, ...rest } = content;
  return JSON.stringify(rest);
}

/** It was written here, so its shape is ours; the types are checked all the same. */
function decode(json: string): ProfileContent | null {
  const held = parseJson(json);
  if (!isRecord(held)) return null;
  const { id, username, name, email, admin, moderator, suspended, source } = held;
  if (
    typeof id !== 'string' ||
    typeof username !== 'string' ||
    typeof name !== 'string' ||
    typeof email !== 'string' ||
    typeof admin !== 'boolean' ||
    typeof moderator !== 'boolean' ||
    typeof suspended !== 'boolean' ||
    (source !== 'login' && source !== 'webhook' && source !== 'api')
  ) {
    return null;
  }
  const { groups, picture, pictureTemplate, timezone, title, trustLevel, stampedHere } = held;
  return {
    ...{ id, username, name, email, admin, moderator, suspended, source },
    ...(isTextList(groups) ? { groups } : {}),
    ...(typeof picture === 'string' ? { picture } : {}),
    ...(typeof pictureTemplate === 'string' ? { pictureTemplate } : {}),
    ...(typeof timezone === 'string' ? { timezone } : {}),
    ...(typeof title === 'string' ? { title } : {}),
    ...(typeof trustLevel === 'number' ? { trustLevel } : {}),
    ...(stampedHere === true ? { stampedHere } : {}),
  };
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
