import { type ForumSso, ForumSsoError } from '@forum-sso/core';
import { nodeRequest, openPage, type PageForum, siteSessions, writeReply } from '@forum-sso/core/node';
import type { RequestHandler } from 'express';

import type { ForumSsoExpressOptions } from './router.js';

declare global {
  namespace Express {
    interface Request {
      /** Who is here; on pages behind {@link forumSsoSession}. */
      forum: PageForum;
    }
  }
}

/**
 * For the pages of the site: puts `req.forum` on the request, with the signed-in `user` (or null), `signIn(user)` and
 * `signOut()`; both set their cookies at once and are to be awaited before the page is sent. When a connector wants to
 * log the visitor in silently, its reply is sent instead of the page.
 *
 * Mount it after {@link forumSsoRouter}, with the same options. A site's callback that fails, or a store that does not
 * answer, goes to `next(error)` as a `ForumSsoError`.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when the callbacks are not a session
 */
export function forumSsoSession(sso: ForumSso, options: ForumSsoExpressOptions = {}): RequestHandler {
  const sessionOf = siteSessions(options);
  return async (req, res, next) => {
    try {
      const forum = await openPage(sso, nodeRequest(req, req.originalUrl, options), res, sessionOf(req));
      if (forum === null) return;
      req.forum = forum;
    } catch (error) {
      next(error);
      return;
    }
    next();
  };
}

/**
 * Lets signed-in people through. Somebody who opens a page is led to the sign-in page and back; everything else gets
 * `401` as JSON (`ERR_SIGN_IN_REQUIRED`). Stands behind {@link forumSsoSession}.
 */
export function requireForumUser(): RequestHandler {
  return (req, res, next) => {
    const forum: PageForum | undefined = req.forum;
    if (forum === undefined) {
      next(new ForumSsoError('ERR_OPTIONS_INVALID', 'requireForumUser() needs forumSsoSession() before it.'));
    } else if (forum.user === null) {
      writeReply(res, forum.signInReply());
    } else {
      next();
    }
  };
}
