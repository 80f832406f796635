import { withoutControlCharacters } from './control-characters.js';
import { isHttpUrl } from './http/plain-url.js';
import type { SiteUser } from './site-user.js';

/** Most characters of each field of a {@link SiteUser}. */
export const textLimits = {
  id: 255,
  email: 254,
  username: 255,
  name: 255,
  avatarUrl: 2_000,
  bio: 10_000,
  website: 2_000,
  location: 3_000,
  title: 255,
  locale: 32,
  profileUrl: 2_000,
} as const;

/** Most names in each list of a {@link SiteUser}, and most characters of one. */
export const listLimits = { groups: 1_000, badges: 100, name: 255 } as const;

export const emailAddress = /^[^\s@]+@[^\s@]+$/;

type Draft = { -readonly [Name in keyof SiteUser]: SiteUser[Name] };

const lines = ['username', 'name', 'website', 'location', 'title', 'locale'] as const;
const urls = ['avatarUrl', 'profileUrl'] as const;
const flags = ['admin', 'moderator', 'suspended'] as const;
const lists = ['groups', 'badges'] as const;

/**
 * A user in whom nothing is wrong, as the schema would give it back: a new object with the known fields alone. It takes
 * a third of the schema's time, and is done for every login and every page.
 *
 * @param readCustom the schema's word on `custom`; undefined when it is wrong
 * @returns null when the schema has to decide, and to say what is wrong
 */
export function soundUser(
  value: unknown,
  readCustom: (custom: unknown) => SiteUser['custom'],
): SiteUser | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const given: { readonly [Name in keyof SiteUser]?: unknown } = value;
  const { id, email, emailVerified, bio, custom } = given;
  if (!isLine(id, textLimits.id) || id === '') return null;
  if (!isLine(email, textLimits.email) || !emailAddress.test(email)) return null;
  if (typeof emailVerified !== 'boolean') return null;
  const user: Draft = { id, email, emailVerified };

  for (const name of lines) {
    const line = given[name];
    if (line === undefined) continue;
    if (!isLine(line, textLimits[name])) return null;
    user[name] = line;
  }
  for (const name of urls) {
    const url = given[name];
    if (url === undefined) continue;
    if (typeof url !== 'string' || url.length > textLimits[name] || !isHttpUrl(url)) return null;
    user[name] = url;
  }
  for (const name of flags) {
    const flag = given[name];
    if (flag === undefined) continue;
    if (typeof flag !== 'boolean') return null;
    user[name] = flag;
  }
  for (const name of lists) {
    const list = given[name];
    if (list === undefined) continue;
    const names = readNames(list, listLimits[name]);
    if (names === null) return null;
    user[name] = names;
  }
  if (bio !== undefined) {
    if (typeof bio !== 'string' || bio.length > textLimits.bio) return null;
    user.bio = bio;
  }
  if (custom !== undefined) {
    user.custom = readCustom(custom);
    if (user.custom === undefined) return null;
  }
  return user;
}

function isLine(value: unknown, limit: number): value is string {
  return typeof value === 'string' && value.length <= limit && withoutControlCharacters.test(value);
}

function readNames(list: unknown, limit: number): readonly string[] | null {
  if (!Array.isArray(list) || list.length > limit) return null;
  const names: string[] = [];
  for (let i = 0; i < list.length; i++) {
    const name: unknown = list[i];
    if (!isLine(name, listLimits.name)) return null;
    names.push(name);
  }
  return names;
}
