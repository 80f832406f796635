import type { ForumUser } from './records.js';
import { normalizeUsername } from './username.js';

/** What an account is found by. */
interface Keys {
  readonly email: string;
  readonly username: string;
  readonly externalId: string | null;
}

/** E-mail addresses are stored and compared in this form; `a+1@…` and `a@…` stay two addresses. */
export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase();
}

/** The accounts of a forum, found by number, address, user name and the site's id without looking at each. */
export class Accounts {
  readonly #users = new Map<number, ForumUser>();
  readonly #keys = new Map<number, Keys>();
  readonly #byEmail = new Map<string, ForumUser>();
  readonly #byUsername = new Map<string, ForumUser>();
  readonly #byExternalId = new Map<string, ForumUser>();

  all(): readonly ForumUser[] {
    return [...this.#users.values()];
  }

  has(id: number): boolean {
    return this.#users.has(id);
  }

  byId(id: number): ForumUser | undefined {
    return this.#users.get(id);
  }

  byEmail(email: string): ForumUser | undefined {
    return this.#byEmail.get(normalizeEmail(email));
  }

  byUsername(username: string): ForumUser | undefined {
    return this.#byUsername.get(normalizeUsername(username));
  }

  byExternalId(externalId: string): ForumUser | undefined {
    return this.#byExternalId.get(externalId);
  }

  /** Takes an account in, or notices what it is found by now. */
  put(user: ForumUser): void {
    this.#forget(user);
    const { email, username, signOn } = user;
    const keys = { email, username: normalizeUsername(username), externalId: signOn?.externalId ?? null };
    this.#users.set(user.id, user);
    this.#keys.set(user.id, keys);
    if (keys.email !== '') this.#byEmail.set(keys.email, user);
    this.#byUsername.set(keys.username, user);
    if (keys.externalId !== null) this.#byExternalId.set(keys.externalId, user);
  }

  remove(user: ForumUser): void {
    this.#forget(user);
    this.#users.delete(user.id);
  }

  #forget(user: ForumUser): void {
    const keys = this.#keys.get(user.id);
    if (keys === undefined) return;
    this.#keys.delete(user.id);
    // A key may be another account's by now.
    const drop = (index: Map<string, ForumUser>, key: string | null): void => {
      if (key !== null && index.get(key) === user) index.delete(key);
    };
    drop(this.#byEmail, keys.email);
    drop(this.#byUsername, keys.username);
    drop(this.#byExternalId, keys.externalId);
  }
}
