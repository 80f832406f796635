import type { Forum } from './forum.js';
import type { ForumUser } from './records.js';

/** What staff do to an account. Each takes effect at once, on sessions too. */
export interface Moderation {
  /** Keeps the account out until then. */
  suspend(user: ForumUser, until: Date, reason: string): void;
  unsuspend(user: ForumUser): void;
  /** The next login without `require_activation` undoes it. */
  deactivate(user: ForumUser): void;
  activate(user: ForumUser): void;
  approve(user: ForumUser): void;
  /** Ends all sessions of the account. */
  logOut(user: ForumUser): void;
  /** Deletes the account. */
  remove(user: ForumUser): void;
}

/** @param endSessions ends every session of the account with that id */
export function createModeration(forum: Forum, endSessions: (userId: number) => void): Moderation {
  return {
    suspend(user, until, reason) {
      user.suspendedTill = until;
      user.suspendReason = reason === '' ? null : reason;
      endSessions(user.id);
    },
    unsuspend(user) {
      user.suspendedTill = null;
      user.suspendReason = null;
    },
    deactivate(user) {
      user.active = false;
      endSessions(user.id);
    },
    activate(user) {
      user.active = true;
    },
    approve(user) {
      user.approved = true;
    },
    logOut(user) {
      endSessions(user.id);
    },
    remove(user) {
      endSessions(user.id);
      forum.directory.remove(user);
    },
  };
}
