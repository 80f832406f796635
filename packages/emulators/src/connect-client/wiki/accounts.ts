import type { WikiConfig } from './config.js';
import { wikifyUserName } from './user-name.js';

/** An account of the wiki. */
export interface WikiAccount {
  readonly id: number;
  readonly name: string;
  readonly realName: string;
  readonly email: string;
  /** Groups of the wiki. */
  readonly groups: readonly string[];
  /** The forum's number for the person, as text; null for an account of the wiki alone. */
  readonly discourseId: string | null;
}

/** What the wiki knows of a person from the forum, whichever way it came. */
export interface Credentials {
  readonly discourseId: bigint;
  /** Null: it was not sent, which PHP reports as an error of type once it is needed. */
  readonly username: string | null;
  readonly name: string;
  readonly email: string | null;
  readonly groups: readonly string[] | null;
  readonly isAdmin: boolean;
  readonly isModerator: boolean;
}

/** An account that is there from the start. */
export interface SeedWikiAccount {
  readonly name: string;
  readonly email?: string;
  readonly groups?: readonly string[];
}

/** PHP's own complaint about a value of the wrong type. */
export class WikiTypeError extends Error {
  constructor(what: string) {
    super(`TypeError: ${what} must be of type string, null given`);
    this.name = 'WikiTypeError';
  }
}

/** The wiki gave up on a person, with a text for whoever sees it. */
export class WikiFault extends Error {}

type Stored = { -readonly [Name in keyof WikiAccount]: WikiAccount[Name] };

/** The wiki's users, and the table that links them with numbers of the forum: unique both ways. */
export class WikiAccounts {
  readonly #config: WikiConfig;
  readonly #autoCreate: boolean;
  readonly #accounts = new Map<number, Stored>();

  constructor(config: WikiConfig, seeds: readonly SeedWikiAccount[], autoCreate: boolean) {
    this.#config = config;
    this.#autoCreate = autoCreate;
    for (const { name, email = '', groups = [] } of seeds) this.#add(wikifyUserName(name), '', email, groups);
  }

  list(): readonly WikiAccount[] {
    return [...this.#accounts.values()].map((account) => ({ ...account }));
  }

  byId(id: number | null): WikiAccount | null {
    const account = id === null ? undefined : this.#accounts.get(id);
    return account === undefined ? null : { ...account };
  }

  /**
   * Finds, links or makes the account of a person, and brings it up to date: name, address and groups.
   * @param mayCreate false for somebody who was destroyed at the forum
   * @returns null when there is none and none may be made
   */
  settle(person: Credentials, mayCreate = true): WikiAccount | null {
    if (person.groups === null) throw new WikiTypeError('explode(): Argument #2 ($string)');
    const account = this.#linked(person) ?? this.#adopt(person) ?? (mayCreate ? this.#create(person) : null);
    if (account === null) return null;
    // Real name and address are the extension's: what is not exposed is emptied.
    account.realName = this.#config.User.ExposeName ? person.name : '';
    account.email = this.#config.User.ExposeEmail
      ? required(person.email, 'wikifyEmail(): Argument #1 ($ssoEmail)')
      : '';
    account.groups = this.#mappedGroups(account.groups, person.groups, person);
    return { ...account };
  }

  #linked({ discourseId, email }: Credentials): Stored | null {
    const id = String(discourseId);
    const account = [...this.#accounts.values()].find((one) => one.discourseId === id) ?? null;
    if (account !== null) required(email, 'wikifyEmail(): Argument #1 ($ssoEmail)');
    return account;
  }

  /** Links an account that is there. By address it never does: the extension's test for that is the wrong way round. */
  #adopt(person: Credentials): Stored | null {
    const name = wikifyUserName(required(person.username, 'wikifyUsername(): Argument #1 ($ssoUsername)'));
    required(person.email, 'wikifyEmail(): Argument #1 ($ssoEmail)');
    for (const method of this.#config.User.LinkExistingBy) {
      if (method === 'email') {
        if (!this.#config.User.ExposeEmail)
          throw new WikiFault('Assertion failed: the e-mail address is empty.');
        continue;
      }
      const found = [...this.#accounts.values()].find((account) => account.name === name);
      if (found === undefined) continue;
      if (found.discourseId !== null) throw new WikiFault('A database query error has occurred.');
      found.discourseId = String(person.discourseId);
      return found;
    }
    return null;
  }

  #create(person: Credentials): Stored {
    if (!this.#autoCreate)
      throw new WikiFault('The automatic creation of a local account failed: not permitted.');
    const wanted = wikifyUserName(required(person.username, 'wikifyUsername(): Argument #1 ($ssoUsername)'));
    const account = this.#add(this.#freshName(wanted), '', '', []);
    account.discourseId = String(person.discourseId);
    return account;
  }

  #freshName(wanted: string): string {
    const taken = new Set([...this.#accounts.values()].map(({ name }) => name));
    if (!taken.has(wanted)) return wanted;
    for (let suffix = 1; suffix <= 1_000; suffix++)
      if (!taken.has(`${wanted}-${suffix}`)) return `${wanted}-${suffix}`;
    throw new WikiFault(`Failed to find fresh username for '${wanted}' after 1001 tries.`);
  }

  /** Groups that have a map are given and taken away by it; all others are left alone. */
  #mappedGroups(
    current: readonly string[],
    groups: readonly string[],
    { isAdmin, isModerator }: Credentials,
  ): readonly string[] {
    const maps = this.#config.User.GroupMaps;
    if (maps === null) return current;
    const held = new Set([
      ...groups,
      ...(isAdmin ? ['@ADMIN@'] : []),
      ...(isModerator ? ['@MODERATOR@'] : []),
    ]);
    const given = Object.entries(maps).filter(([, forumGroups]) =>
      forumGroups.some((name) => held.has(name)),
    );
    const kept = current.filter((name) => !Object.hasOwn(maps, name));
    return [...kept, ...given.map(([name]) => name)];
  }

  #add(name: string, realName: string, email: string, groups: readonly string[]): Stored {
    const account: Stored = { id: this.#accounts.size + 1, name, realName, email, groups, discourseId: null };
    this.#accounts.set(account.id, account);
    return account;
  }
}

function required(value: string | null, what: string): string {
  if (value === null) throw new WikiTypeError(what);
  return value;
}
