import { domainToASCII } from 'node:url';

import type { SiteUser } from '../../site-user.js';
import { isGroupName } from '../protocol/write-payload.js';

/** What clients are told of a person: the same in the answer to a login, over the API and in webhooks. */
export interface ClientPerson {
  /** The person's number at the site. */
  readonly id: number;
  readonly username: string;
  readonly name: string | null;
  readonly email: string;
  readonly admin: boolean;
  readonly moderator: boolean;
  readonly title: string | null;
  readonly groups: readonly string[];
  readonly avatarUrl: string | undefined;
}

/**
 * A person in a form that clients take. Group names that a login cannot carry are left out everywhere: a client would
 * split one with a comma, and take `@ADMIN@` for a right. A user name that a client would read as another person's gives
 * way to one made of the number.
 */
export function clientPerson(user: SiteUser, number: number): ClientPerson {
  return {
    id: number,
    username: isReadAsWritten(user.username) ? user.username : `user${number}`,
    // Half an emoji has no UTF-8: PHP would not read the message at all.
    name: user.name?.toWellFormed() ?? null,
    email: withAsciiDomain(user.email),
    admin: user.admin === true,
    moderator: user.moderator === true,
    title: user.title?.toWellFormed() ?? null,
    groups: (user.groups ?? []).map((name) => name.toWellFormed()).filter(isGroupName),
    avatarUrl: user.avatarUrl,
  };
}

/**
 * Clients were made for user names of forums. Of others the wiki cuts off what follows a "#" and what stands before a ":",
 * drops invisible characters, decodes "&#65;", composes accents, and takes "_" and blanks for one and the same, at the ends
 * for nothing; WordPress drops "%41" and tags. So "Admin#1" would be its "Admin".
 */
function isReadAsWritten(username: string | undefined): username is string {
  return username !== undefined && username.normalize('NFC') === username && !misread.test(username);
}

const misread = /[#:&%<>[\]{}|\\]|[\p{Cc}\p{Cf}\p{Cs}\p{Co}]|(?! )\p{Z}|^[ _]|[ _]$|[ _]{2}/u;

/**
 * Databases of clients take "é" and "e" for equal when they look an address up, and anybody can have a domain with such
 * letters. Its ASCII form is the same domain and equals no other.
 */
function withAsciiDomain(email: string): string {
  const at = email.lastIndexOf('@') + 1;
  const domain = email.slice(at);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  return /^[\u0000-\u007f]*$/.test(domain) ? email : email.slice(0, at) + (domainToASCII(domain) || domain);
}
