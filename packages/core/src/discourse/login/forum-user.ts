import { hasControlCharacter } from '../../control-characters.js';
import { type Refusal, refusal } from '../../errors.js';
import { parseUrl } from '../../http/parse-url.js';
import type { DiscourseFields } from '../protocol/fields.js';
import { type ForumFlavour, textReader } from '../protocol/flavour.js';

/** A person as their forum knows them. */
export interface ForumUser {
  /** The forum's own number for the account, as text; never changes. */
  readonly id: string;
  readonly username: string;
  /** Empty when the person gave none. */
  readonly name: string;
  /** As the forum has it; whether it is confirmed is the forum's policy, not part of the message. */
  readonly email: string;
  readonly avatarUrl?: string;
  readonly admin: boolean;
  readonly moderator: boolean;
  /** All groups of the person, automatic ones included; absent when the source does not say. */
  readonly groups?: readonly string[];
  /** True when the forum marked the address as not confirmed. */
  readonly requireActivation: boolean;
  /** True when the forum said that a second factor was used for this login. */
  readonly twoFactor: boolean;
}

/**
 * A person as a webhook or the API tells of them, after some login or none. What is absent was not said, and is to be left
 * as it is.
 */
export interface ForumUserUpdate extends Omit<ForumUser, 'email'> {
  /**
   * As the forum has it now; empty when there is none, or when addresses are not exposed. Absent when the forum was not
   * asked for it: its API shows people without their addresses.
   */
  readonly email?: string;
}

const largestId = BigInt('9223372036854775807');

/** Reads the id of a forum account: a positive whole number without signs, blanks or leading zeros. */
export function readForumId(text: string | undefined): string | Refusal {
  if (text !== undefined && /^[1-9]\d{0,18}$/.test(text) && BigInt(text) <= largestId) return text;
  return refusal(
    'ERR_LOGIN_USER_UNUSABLE',
    'The forum named no account: external_id must be a positive whole number.',
  );
}

/** Reads the person from a verified answer of the forum. */
export function readForumUser(fields: DiscourseFields, flavour: ForumFlavour): ForumUser | Refusal {
  const id = readForumId(fields.externalId);
  if (typeof id !== 'string') return id;
  const plain = textReader(flavour);
  const username = plain(fields.username ?? '');
  if (username === '' || hasControlCharacter(username)) {
    return refusal('ERR_LOGIN_USER_UNUSABLE', 'The forum named no user name that can be used.');
  }
  const { avatarUrl = '' } = fields;
  return {
    id,
    username,
    name: readDisplayName(plain(fields.name ?? '')),
    email: fields.email ?? '',
    ...(isWebAddress(avatarUrl) ? { avatarUrl } : {}),
    admin: fields.admin === true,
    moderator: fields.moderator === true,
    ...(fields.groups === undefined ? {} : { groups: readGroupNames(fields.groups) }),
    requireActivation: fields.requireActivation === true,
    twoFactor: fields.confirmed2fa === true,
  };
}

/** A name for display: control characters have no place in it, and are no reason to turn anybody away. */
export function readDisplayName(text: string): string {
  return text.replace(/\p{Cc}/gu, '');
}

/** Names of groups; what Discourse has no group for is left out. */
export function readGroupNames(names: readonly string[]): readonly string[] {
  return names.filter((name) => name !== '' && !name.includes(',') && !hasControlCharacter(name));
}

/** True for an address that a page may show a picture from. */
export function isWebAddress(text: string): boolean {
  return text.length <= 2_000 && /^https?:\/\/[^/?#@\\]+(?:[/?#]|$)/i.test(text) && parseUrl(text) !== null;
}
