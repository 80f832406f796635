/** What Discourse keeps of a person's last DiscourseConnect message. */
export interface SignOnRecord {
  externalId: string;
  externalUsername: string | null;
  externalEmail: string | null;
  externalName: string | null;
  externalAvatarUrl: string | null;
  externalProfileBackgroundUrl: string | null;
  externalCardBackgroundUrl: string | null;
  /** The payload as Discourse writes it. */
  lastPayload: string;
}

/** A picture that the forum would have fetched in the background; the emulator fetches nothing. */
export interface FetchedImage {
  readonly url: string;
  readonly fetchedAt: Date;
  /** How many times pictures of this kind were fetched for the person. */
  readonly count: number;
}

/** A fixed code that stands for an authenticator app, and codes that work once each. */
export interface SecondFactor {
  readonly token: string;
  readonly backupCodes: readonly string[];
}

/** An account of the forum. */
export interface ForumUser {
  readonly id: number;
  username: string;
  name: string;
  /** Lower-case, as Discourse stores it. */
  email: string;
  /** Has the address been confirmed, by mail or by the site's word? */
  active: boolean;
  /** Known by e-mail only, before the first login. */
  staged: boolean;
  approved: boolean;
  admin: boolean;
  moderator: boolean;
  trustLevel: number;
  suspendedTill: Date | null;
  suspendReason: string | null;
  suspendedAt: Date | null;
  title: string | null;
  locale: string | null;
  /** `Europe/Vienna` and the like. */
  timezone: string | null;
  bio: string;
  website: string;
  location: string;
  avatar: FetchedImage | null;
  profileBackground: FetchedImage | null;
  cardBackground: FetchedImage | null;
  customFields: Record<string, string>;
  ipAddress: string | null;
  /** The key of the invitation that the account came with. */
  invitedWith: string | null;
  readonly createdAt: Date;
  lastSeenAt: Date | null;
  signOn: SignOnRecord | null;
  /** Ids at other login providers, by the provider's name. */
  associatedAccounts: Record<string, string>;
  secondFactor: SecondFactor | null;
}

/** An account as it is shown to tests: a copy, with the names of its groups. */
export interface UserView extends Readonly<ForumUser> {
  readonly externalId: string | null;
  /** Automatic groups first, then the others by name. */
  readonly groups: readonly string[];
}

export interface ForumGroup {
  readonly id: number;
  readonly name: string;
  /** Kept by the forum itself: staff and trust levels. */
  readonly automatic: boolean;
  /** Ids of accounts. */
  readonly members: Set<number>;
}

/** That a person is in a group. */
export interface Membership {
  readonly id: number;
  readonly groupId: number;
  readonly userId: number;
  readonly createdAt: Date;
}

/** A group without its members. */
export interface GroupInfo {
  readonly id: number;
  readonly name: string;
  readonly automatic: boolean;
  readonly userCount: number;
}

export interface GroupView {
  readonly id: number;
  readonly name: string;
  readonly automatic: boolean;
  /** User names. */
  readonly members: readonly string[];
}

/** An account that is there from the start. */
export interface SeedUser {
  /** The forum's number for the account. Default the next free one. */
  readonly id?: number;
  readonly username: string;
  readonly email: string;
  readonly name?: string;
  /** Links the account with the site's user of that id. */
  readonly externalId?: string;
  /** Default true. */
  readonly active?: boolean;
  /** Default true. */
  readonly approved?: boolean;
  readonly staged?: boolean;
  readonly admin?: boolean;
  readonly moderator?: boolean;
  readonly trustLevel?: number;
  readonly groups?: readonly string[];
  readonly bio?: string;
  readonly title?: string;
  readonly locale?: string;
  readonly timezone?: string;
  /** Where the picture was fetched from that the account has. */
  readonly avatarUrl?: string;
  /** Ids at other login providers, by the provider's name. */
  readonly associatedAccounts?: Readonly<Record<string, string>>;
  /** Asked for at local logins and when a site wants it. */
  readonly secondFactor?: SecondFactor;
}

/** An invitation link, `/invites/<key>`. */
export interface SeedInvite {
  readonly key: string;
  /** Only a person with this address may use it. */
  readonly email?: string;
  readonly expiresAt?: Date;
  /** A path of the forum to land on. */
  readonly topic?: string;
  /** How many people may use it. Default 1. */
  readonly maxRedemptions?: number;
  /** Redeeming it goes wrong in the forum: for trying out what people see then. */
  readonly redemptionFails?: boolean;
}

/** A mail that the forum would have sent. */
export interface ForumMail {
  readonly at: Date;
  readonly to: string;
  readonly kind: 'activation' | 'welcome';
  /** In an activation mail: the path that activates the account. */
  readonly path?: string;
}
