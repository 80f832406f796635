import { randomBytes } from 'node:crypto';

import type { ForumMail, ForumUser } from './records.js';

const limit = 500;

/** The mails that the forum would have sent; none leaves this machine. */
export class Mailbox {
  readonly #mails: ForumMail[] = [];
  readonly #tokens = new Map<string, number>();
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  mails(): readonly ForumMail[] {
    return [...this.#mails];
  }

  sendWelcome(user: ForumUser): void {
    this.#send({ at: this.#now(), to: user.email, kind: 'welcome' });
  }

  /** Sends the mail whose link activates the account. */
  sendActivation(user: ForumUser): void {
    const token = randomBytes(16).toString('hex');
    this.#tokens.set(token, user.id);
    this.#send({ at: this.#now(), to: user.email, kind: 'activation', path: `/u/activate-account/${token}` });
  }

  /** The account of an activation link, once. */
  takeActivation(token: string): number | undefined {
    const id = this.#tokens.get(token);
    this.#tokens.delete(token);
    return id;
  }

  #send(mail: ForumMail): void {
    this.#mails.push(mail);
    if (this.#mails.length > limit) this.#mails.shift();
  }
}
