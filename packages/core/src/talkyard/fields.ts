/** How Talkyard treats one detail of a person. */
export interface UserFieldRule {
  /** Where it comes from at the site. */
  readonly site: 'id' | 'email' | 'emailVerified' | 'username' | 'name' | 'admin' | 'moderator' | 'extId';
  readonly kind: 'text' | 'flag';
  /** Longest text that is sent, in characters. */
  readonly limit?: number;
  /** True when a comment token may hold it; Talkyard reads no other field from a token. */
  readonly inToken: boolean;
  /** When Talkyard's API takes it over: at each `upsert-user`, or only when it creates the user. A login updates nothing. */
  readonly updated: 'always' | 'on creation';
}

/** Every detail of a person that Talkyard takes, by its name on the wire, in the order in which it is sent. */
export const talkyardUserFields = {
  ssoId: { site: 'id', kind: 'text', limit: 128, inToken: true, updated: 'on creation' },
  primaryEmailAddress: { site: 'email', kind: 'text', limit: 100, inToken: true, updated: 'always' },
  isEmailAddressVerified: { site: 'emailVerified', kind: 'flag', inToken: true, updated: 'always' },
  extId: { site: 'extId', kind: 'text', limit: 128, inToken: true, updated: 'on creation' },
  username: { site: 'username', kind: 'text', limit: 255, inToken: true, updated: 'always' },
  fullName: { site: 'name', kind: 'text', limit: 100, inToken: true, updated: 'always' },
  isAdmin: { site: 'admin', kind: 'flag', inToken: false, updated: 'on creation' },
  isModerator: { site: 'moderator', kind: 'flag', inToken: false, updated: 'on creation' },
} as const satisfies Record<string, UserFieldRule>;

/** Names of {@link talkyardUserFields}. */
export type TalkyardUserField = keyof typeof talkyardUserFields;
