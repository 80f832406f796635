import { type ForumSso, ForumSsoError, type SiteCallbacks } from '@forum-sso/core';
import { answerRequest, openPage, type PageForum, siteSessions, writeReply } from '@forum-sso/core/node';
import type { Context, Middleware } from 'koa';

import { replyTarget } from './reply-target.js';
import { siteRequest } from './site-request.js';

declare module 'koa' {
  interface DefaultState {
    /** Who is here; on pages behind {@link forumSsoMiddleware}. */
    forum: PageForum;
  }
}

/** The site's own session, all three left out for the built-in one, and how requests are read. */
export interface ForumSsoKoaOptions extends SiteCallbacks<Context> {
  /** Seconds within which the body of a request to one of our addresses must have arrived. Default 10. */
  readonly bodySeconds?: number | undefined;
}

/**
 * Answers requests to the addresses of Forum SSO and puts `ctx.state.forum` on all others: {@link forumSsoRouter} and
 * {@link forumSsoSession} in one.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when the callbacks are not a session
 */
export function forumSsoMiddleware(sso: ForumSso, options: ForumSsoKoaOptions = {}): Middleware {
  const answer = forumSsoRouter(sso, options);
  const page = forumSsoSession(sso, options);
  return (ctx, next) => answer(ctx, () => page(ctx, next));
}

/**
 * Answers requests to the addresses of Forum SSO, wherever it is mounted: what counts is `originalUrl`, held against
 * the `baseUrl` of `createForumSso`. Everything else goes on to the next middleware.
 *
 * Use it before any body parser, since a webhook's signature covers the bytes as they were sent.
 *
 * What a stranger sends wrong is answered here, with a small page or JSON. It throws only when something is wrong with
 * the server itself.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when the callbacks are not a session
 */
export function forumSsoRouter(sso: ForumSso, options: ForumSsoKoaOptions = {}): Middleware {
  const sessionOf = siteSessions(options);
  return async (ctx, next) => {
    const answered = await answerRequest(sso, siteRequest(ctx, options), replyTarget(ctx), sessionOf(ctx));
    if (!answered) await next();
  };
}

/**
 * For the pages of the site: puts `ctx.state.forum` there, with the signed-in `user` (or null), `signIn(user)` and
 * `signOut()`; both set their cookies at once. When a connector wants to log the visitor in silently, its reply is
 * sent instead of the page.
 *
 * Use it after {@link forumSsoRouter}, with the same options. A site's callback that fails, or a store that does not
 * answer, is thrown as a `ForumSsoError`.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when the callbacks are not a session
 */
export function forumSsoSession(sso: ForumSso, options: ForumSsoKoaOptions = {}): Middleware {
  const sessionOf = siteSessions(options);
  return async (ctx, next) => {
    const forum = await openPage(sso, siteRequest(ctx, options), replyTarget(ctx), sessionOf(ctx));
    if (forum === null) return;
    ctx.state.forum = forum;
    await next();
  };
}

/**
 * Lets signed-in people through. Somebody who opens a page is led to the sign-in page and back; everything else gets
 * `401` as JSON (`ERR_SIGN_IN_REQUIRED`). Stands behind {@link forumSsoMiddleware}.
 */
export function requireForumUser(): Middleware {
  return async (ctx, next) => {
    const forum: PageForum | undefined = ctx.state.forum;
    if (forum === undefined) {
      throw new ForumSsoError(
        'ERR_OPTIONS_INVALID',
        'requireForumUser() needs forumSsoMiddleware() before it.',
      );
    }
    if (forum.user === null) writeReply(replyTarget(ctx), forum.signInReply());
    else await next();
  };
}
