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
 * split one with a comma, and take `@ADMIN@` for a right.
 */
export function clientPerson(user: SiteUser, number: number): ClientPerson {
  return {
    id: number,
    username: user.username?.toWellFormed() ?? `user${number}`,
    // Half an emoji has no UTF-8: PHP would not read the message at all.
    name: user.name?.toWellFormed() ?? null,
    email: user.email,
    admin: user.admin === true,
    moderator: user.moderator === true,
    title: user.title?.toWellFormed() ?? null,
    groups: (user.groups ?? []).map((name) => name.toWellFormed()).filter(isGroupName),
    avatarUrl: user.avatarUrl,
  };
}
