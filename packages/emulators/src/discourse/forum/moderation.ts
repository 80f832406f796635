import type { Forum } from './forum.js';
import type { ForumUser } from './records.js';

/** What staff do to an account. Each takes effect at once, on sessions and webhooks too. */
export interface Moderation {
  /** Keeps the account out until then. */
  suspend(user: ForumUser, until: Date, reason: string): void;
  unsuspend(user: ForumUser): void;
  /** The next login without `require_activation` undoes it. No `user_logged_out` comes with it. */
  deactivate(user: ForumUser): void;
  activate(user: ForumUser): void;
  approve(user: ForumUser): void;
  /** Ends all sessions of the account. */
  logOut(user: ForumUser): void;
  /** Takes everything personal away, the link to the site too. No `user_logged_out` comes with it. */
  anonymize(user: ForumUser): void;
  /** Gives or takes the rights of staff. */
  setStaff(user: ForumUser, rights: { readonly admin?: boolean; readonly moderator?: boolean }): void;
  setTrustLevel(user: ForumUser, trustLevel: number): void;
  /** Deletes the account. */
  remove(user: ForumUser): void;
}

/** @param endSessions ends every session of the account with that id */
export function createModeration(forum: Forum, endSessions: (userId: number) => void): Moderation {
  const { directory, events } = forum;
  return {
    suspend(user, until, reason) {
      user.suspendedTill = until;
      user.suspendedAt = forum.now();
      user.suspendReason = reason === '' ? null : reason;
      endSessions(user.id);
      events.user('user_logged_out', user);
      events.user('user_suspended', user);
    },
    unsuspend(user) {
      user.suspendedTill = null;
      user.suspendedAt = null;
      user.suspendReason = null;
      events.user('user_unsuspended', user);
    },
    deactivate(user) {
      user.active = false;
      endSessions(user.id);
    },
    activate(user) {
      user.active = true;
      events.user('user_confirmed_email', user);
    },
    approve(user) {
      if (user.approved) return;
      user.approved = true;
      events.user('user_approved', user);
    },
    logOut(user) {
      endSessions(user.id);
      events.user('user_logged_out', user);
    },
    anonymize(user) {
      // Two steps, and an event after each: the first one still shows the old e-mail address.
      const username = anonymousName(forum);
      directory.overwrite(user, { username });
      events.user('user_updated', user);
      directory.overwrite(user, {
        email: `${username}@anonymized.invalid`,
        name: '',
        title: null,
        bio: '',
        website: '',
        location: '',
        avatar: null,
        profileBackground: null,
        cardBackground: null,
        signOn: null,
        associatedAccounts: {},
        secondFactor: null,
      });
      endSessions(user.id);
      events.user('user_updated', user);
    },
    setStaff(user, rights) {
      directory.overwrite(user, rights);
    },
    setTrustLevel(user, trustLevel) {
      if (![0, 1, 2, 3, 4].includes(trustLevel)) throw new TypeError('A trust level is 0, 1, 2, 3 or 4.');
      directory.overwrite(user, { trustLevel });
    },
    remove(user) {
      endSessions(user.id);
      directory.remove(user);
    },
  };
}

function anonymousName({ directory, random }: Forum): string {
  for (let number = Math.floor(random() * 100_000_000); ; number++) {
    if (directory.byUsername(`anon${number}`) === undefined) return `anon${number}`;
  }
}
