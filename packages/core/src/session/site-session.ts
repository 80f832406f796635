import type { SiteUser } from '../site-user.js';

/**
 * Who is signed in at the site, for one request. Either the site's own session, given as three callbacks, or the
 * built-in one.
 */
export interface SiteSession {
  /** The signed-in person, read afresh, or null. */
  currentUser(): Promise<SiteUser | null>;
  /** Starts a session for this person in this browser. The session must get a new id (no fixation). */
  signIn(user: SiteUser): Promise<void>;
  /** Ends this browser's session. */
  signOut(): Promise<void>;
}
