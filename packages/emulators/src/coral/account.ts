/** Roles in Coral. */
export const roles = ['COMMENTER', 'MEMBER', 'STAFF', 'MODERATOR', 'ADMIN'] as const;

export type Role = (typeof roles)[number];

export function isRole(value: unknown): value is Role {
  return roles.some((role) => role === value);
}

/** One way in to an account. */
export interface Profile {
  readonly type: 'sso' | 'local' | 'google' | 'facebook' | 'oidc';
  /** For local profiles, the e-mail address. */
  id: string;
  /** Of single sign-on: the `iat` of the token that last changed the account. */
  lastIssuedAt?: Date;
  readonly password?: string;
  readonly passwordID?: string;
}

/** A personal access token's record. */
export interface TokenRecord {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
}

/** A user as stored. */
export interface Account {
  readonly id: string;
  username?: string;
  email?: string;
  /** An address that belongs to another account, kept until the person joins the two. */
  duplicateEmail?: string;
  emailVerified?: boolean;
  role: Role;
  badges?: readonly string[];
  avatar?: string;
  ssoURL?: string;
  profiles: Profile[];
  banned: boolean;
  bannedSites: readonly string[];
  premod: boolean;
  suspension?: { readonly until: Date; readonly message: string };
  warning?: string;
  modMessage?: string;
  moderationScopes?: { readonly scoped: boolean; readonly siteIDs: readonly string[] };
  membershipScopes?: { readonly scoped: boolean; readonly siteIDs: readonly string[] };
  tokens: TokenRecord[];
  readonly createdAt: Date;
  deletedAt?: Date;
}

/** The parts of an account that a test or a demo may start with. */
export type AccountSeed = Pick<Account, 'id'> & Partial<Omit<Account, 'id' | 'tokens'>>;

/** An account as a plain, frozen copy: what tests look at. */
export interface AccountSnapshot {
  readonly id: string;
  readonly username?: string;
  readonly email?: string;
  readonly duplicateEmail?: string;
  readonly emailVerified?: boolean;
  readonly role: Role;
  readonly badges?: readonly string[];
  readonly avatar?: string;
  readonly ssoURL?: string;
  readonly profiles: readonly Readonly<Profile>[];
  readonly banned: boolean;
  readonly premod: boolean;
  readonly suspendedUntil?: Date;
  readonly deletedAt?: Date;
}

export function snapshot(account: Account): AccountSnapshot {
  const { id, role, banned, premod, username, email, duplicateEmail, emailVerified } = account;
  const { badges, avatar, ssoURL, suspension, deletedAt } = account;
  return {
    id,
    ...(username === undefined ? {} : { username }),
    ...(email === undefined ? {} : { email }),
    ...(duplicateEmail === undefined ? {} : { duplicateEmail }),
    ...(emailVerified === undefined ? {} : { emailVerified }),
    role,
    ...(badges === undefined ? {} : { badges: [...badges] }),
    ...(avatar === undefined ? {} : { avatar }),
    ...(ssoURL === undefined ? {} : { ssoURL }),
    profiles: account.profiles.map((profile) => ({ ...profile })),
    banned,
    premod,
    ...(suspension === undefined ? {} : { suspendedUntil: suspension.until }),
    ...(deletedAt === undefined ? {} : { deletedAt }),
  };
}
