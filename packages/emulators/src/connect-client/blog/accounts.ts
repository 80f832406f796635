/** An account of the blog. */
export interface BlogAccount {
  readonly id: number;
  /** `user_login`. */
  readonly username: string;
  readonly email: string;
  readonly firstName: string;
  /** `discourse_sso_user_id`: the forum's number for the person, as text; null when there is none. */
  readonly discourseId: string | null;
  /** `discourse_username`. */
  readonly discourseUsername: string | null;
}

/** An account that is there from the start; people log in to it at the blog itself. */
export interface SeedBlogAccount {
  readonly username: string;
  readonly email: string;
  readonly firstName?: string;
}

type Stored = { -readonly [Name in keyof BlogAccount]: BlogAccount[Name] };

/** Codes of WordPress errors. */
export type AccountError =
  | 'existing_user_login'
  | 'existing_user_email'
  | 'no_matching_user'
  | 'expired_nonce';

/** The blog's users. */
export class BlogAccounts {
  readonly #accounts = new Map<number, Stored>();

  constructor(seeds: readonly SeedBlogAccount[]) {
    for (const { username, email, firstName = '' } of seeds) this.#add(username, email, firstName);
  }

  list(): readonly BlogAccount[] {
    return [...this.#accounts.values()].map((account) => ({ ...account }));
  }

  byId(id: number | null): BlogAccount | null {
    return this.#find((account) => account.id === id);
  }

  byDiscourseId(discourseId: string): BlogAccount | null {
    return this.#find((account) => account.discourseId === discourseId);
  }

  byEmail(email: string): BlogAccount | null {
    return this.#find((account) => account.email.toLowerCase() === email.toLowerCase());
  }

  byUsername(username: string): BlogAccount | null {
    return this.#find((account) => account.username.toLowerCase() === username.toLowerCase());
  }

  /** `wp_create_user`. */
  create(username: string, email: string): BlogAccount | AccountError {
    if (this.byUsername(username) !== null) return 'existing_user_login';
    if (this.byEmail(email) !== null) return 'existing_user_email';
    return { ...this.#add(username, email, '') };
  }

  update(id: number, changes: Partial<Omit<BlogAccount, 'id'>>): void {
    const account = this.#accounts.get(id);
    if (account !== undefined) Object.assign(account, changes);
  }

  #find(test: (account: BlogAccount) => boolean): BlogAccount | null {
    const account = [...this.#accounts.values()].find(test);
    return account === undefined ? null : { ...account };
  }

  #add(username: string, email: string, firstName: string): Stored {
    const id = this.#accounts.size + 1;
    const account: Stored = { id, username, email, firstName, discourseId: null, discourseUsername: null };
    this.#accounts.set(id, account);
    return account;
  }
}
