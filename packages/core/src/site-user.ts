/**
 * A person, as the site knows them. The one shape that every connector maps to its own system.
 * Only `id`, `email` and `emailVerified` are required; what is absent is not sent.
 */
export interface SiteUser {
  /** Stable, never reused, never the e-mail or user name. 1 to 255 characters. */
  readonly id: string;
  /** The current address. */
  readonly email: string;
  /** True only when the person has proved that `email` is theirs. Anything else is never vouched for. */
  readonly emailVerified: boolean;
  readonly username?: string | undefined;
  /** Full name for display. */
  readonly name?: string | undefined;
  readonly avatarUrl?: string | undefined;
  readonly bio?: string | undefined;
  readonly website?: string | undefined;
  readonly location?: string | undefined;
  readonly title?: string | undefined;
  /** Language tag as the community knows it, e.g. `en` or `pt_BR`. */
  readonly locale?: string | undefined;
  readonly admin?: boolean | undefined;
  readonly moderator?: boolean | undefined;
  /** A suspended person is let in at no community, and cannot sign in with a forum account. */
  readonly suspended?: boolean | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly badges?: readonly string[] | undefined;
  /** The person's page at the site. */
  readonly profileUrl?: string | undefined;
  readonly custom?: Readonly<Record<string, string>> | undefined;
}
