import type { ForumSso } from '@forum-sso/core';
import type { SiteCallbacks } from '@forum-sso/core/node';
import type { Request } from 'express';

/**
 * The built-in session, as a site's own: so that a sign-out does the same wherever it begins, on a page of this site,
 * in Coral's comments or on the page after Talkyard's log-out. Needs `forumSsoSession` before `forumSsoRouter`.
 *
 * @param log gets a line for each community that could not be told
 */
export function siteSession(
  sso: ForumSso,
  log: (line: string) => void,
): SiteCallbacks<Request> & { readonly signOut: (request: Request) => Promise<void> } {
  return {
    currentUser: ({ forum }) => forum.user,
    signIn: ({ forum }, user) => forum.signIn(user),
    signOut: async ({ forum }) => {
      const { user } = forum;
      await forum.signOut();
      if (user === null) return;
      // What Fruum's pages were given before is worthless from here on.
      const { results } = await sso.signOut(user.id);
      for (const result of results) {
        if (result.outcome === 'failed') log(`sign-out failed  ${result.connector}  code=${result.code}`);
      }
    },
  };
}
