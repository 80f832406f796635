import type { Visit } from '../forum-sso.js';
import type { ReplyHeader, SsoReply } from '../http/reply.js';
import type { SiteUser } from '../site-user.js';

/** What a page of the site knows about its visitor and may do: `req.forum`, `ctx.state.forum`. */
export interface PageForum {
  /** Who is signed in, or null; follows {@link signIn} and {@link signOut}. */
  readonly user: SiteUser | null;
  /**
   * Signs a person in, in this browser, with a new session. To be called before the answer's headers are sent.
   * @throws ForumSsoError `ERR_SITE_USER_INVALID`, `ERR_SESSION_TOO_LARGE`, `ERR_STORE_UNAVAILABLE`
   */
  signIn(user: SiteUser): Promise<void>;
  /** Ends this browser's session. To be called before the answer's headers are sent. */
  signOut(): Promise<void>;
  /** What an anonymous visitor gets on a page for signed-in people; see {@link Visit.signInReply}. */
  signInReply(): SsoReply;
}

/** @param answerWith puts headers on the page's answer */
export function pageForum(visit: Visit, answerWith: (headers: readonly ReplyHeader[]) => void): PageForum {
  // Not an accessor for the person: with one, an object made for every page costs V8 a shape of its own each time.
  const forum = {
    user: visit.user,
    async signIn(person: SiteUser): Promise<void> {
      answerWith(await visit.signIn(person));
      forum.user = person;
    },
    async signOut(): Promise<void> {
      answerWith(await visit.signOut());
      forum.user = null;
    },
    signInReply: () => visit.signInReply(),
  };
  return forum;
}
