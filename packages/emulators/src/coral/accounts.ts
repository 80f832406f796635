import type { Account, AccountSeed, Profile } from './account.js';
import { CoralError } from './coral-error.js';

/** The collection of users, with the same unique indexes as Coral's database. */
export class Accounts {
  readonly #byId = new Map<string, Account>();

  /** All of them, the oldest first. */
  all(): readonly Account[] {
    return [...this.#byId.values()];
  }

  byId(id: string): Account | undefined {
    return this.#byId.get(id);
  }

  byProfile(type: Profile['type'], id: string): Account | undefined {
    return this.all().find(({ profiles }) =>
      profiles.some((profile) => profile.type === type && profile.id === id),
    );
  }

  byEmail(email: string): Account | undefined {
    return this.all().find((account) => account.email === email);
  }

  /**
   * Adds a user.
   * @throws CoralError `DUPLICATE_USER` when the id or a profile is taken, also by a deleted account;
   * `DUPLICATE_EMAIL`
   */
  insert(seed: AccountSeed, now: Date): Account {
    const profiles = (seed.profiles ?? []).map((profile) => ({ ...profile }));
    if (this.#byId.has(seed.id) || profiles.some(({ type, id }) => this.byProfile(type, id) !== undefined)) {
      throw new CoralError('DUPLICATE_USER', 'A user with this id or profile exists already.');
    }
    if (seed.email !== undefined && this.byEmail(seed.email) !== undefined) {
      throw new CoralError('DUPLICATE_EMAIL', 'A user with this e-mail address exists already.');
    }
    const account: Account = {
      role: 'COMMENTER',
      banned: false,
      bannedSites: [],
      premod: false,
      createdAt: now,
      ...seed,
      profiles,
      tokens: [],
    };
    this.#byId.set(account.id, account);
    return account;
  }

  /** True when another account has the address. */
  emailBelongsToOther(account: Account, email: string): boolean {
    const owner = this.byEmail(email);
    return owner !== undefined && owner !== account;
  }

  /** A user by Coral's id. */
  require(id: string): Account {
    const account = this.#byId.get(id);
    if (account === undefined) throw new CoralError('USER_NOT_FOUND', 'The user was not found.');
    return account;
  }
}
