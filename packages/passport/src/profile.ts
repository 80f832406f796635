import type { ForumUser } from '@forum-sso/core/discourse/login-flow';

/** A person in the shape that Passport strategies agree on. */
export interface DiscourseProfile {
  readonly provider: 'discourse';
  /** The forum's own number for the account, as text; never changes. */
  readonly id: string;
  readonly username: string;
  /** Full name; the user name when there is none. */
  readonly displayName: string;
  /** One entry, or none. Whether the address is confirmed is the forum's policy; see `requireActivation`. */
  readonly emails: readonly { readonly value: string }[];
  readonly photos: readonly { readonly value: string }[];
  /** All groups of the person at the forum, automatic ones included; absent when the forum did not say. */
  readonly groups?: readonly string[];
  readonly admin: boolean;
  readonly moderator: boolean;
  /** True when the forum marked the address as not confirmed. */
  readonly requireActivation: boolean;
  /** True when the forum confirmed a second factor for this login. */
  readonly twoFactor: boolean;
  /** The verified answer with all its fields, names as in `DiscourseFields`. */
  readonly _json: Readonly<Record<string, unknown>>;
}

/** @param fields the verified answer of the forum */
export function profileOf(user: ForumUser, fields: object): DiscourseProfile {
  const { id, username, name, email, avatarUrl, groups, admin, moderator, requireActivation, twoFactor } =
    user;
  return {
    provider: 'discourse',
    id,
    username,
    displayName: name === '' ? username : name,
    emails: email === '' ? [] : [{ value: email }],
    photos: avatarUrl === undefined ? [] : [{ value: avatarUrl }],
    ...(groups === undefined ? {} : { groups }),
    admin,
    moderator,
    requireActivation,
    twoFactor,
    _json: { ...fields },
  };
}
