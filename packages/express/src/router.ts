import type { ForumSso } from '@forum-sso/core';
import { answerRequest, nodeRequest, type SiteCallbacks, siteSessions } from '@forum-sso/core/node';
import type { Request, RequestHandler } from 'express';

/** The site's own session, all three left out for the built-in one, and how requests are read. */
export interface ForumSsoExpressOptions extends SiteCallbacks<Request> {
  /** Seconds within which the body of a request to one of our addresses must have arrived. Default 10. */
  readonly bodySeconds?: number | undefined;
}

/**
 * Answers requests to the addresses of Forum SSO, wherever it is mounted: what counts is `originalUrl`, held against
 * the `baseUrl` of `createForumSso`. Everything else goes on to the next handler.
 *
 * Mount it before any body parser, since a webhook's signature covers the bytes as they were sent.
 *
 * What a stranger sends wrong is answered here, with a small page or JSON. `next(error)` is called only when
 * something is wrong with the server itself.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when the callbacks are not a session
 */
export function forumSsoRouter(sso: ForumSso, options: ForumSsoExpressOptions = {}): RequestHandler {
  const sessionOf = siteSessions(options);
  return async (req, res, next) => {
    try {
      if (await answerRequest(sso, nodeRequest(req, req.originalUrl, options), res, sessionOf(req))) return;
    } catch (error) {
      next(error);
      return;
    }
    next();
  };
}
