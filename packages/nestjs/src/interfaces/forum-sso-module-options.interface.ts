import type { ForumSso as Engine, ForumSsoOptions, SiteUser } from '@forum-sso/core';

import type { ForumRequest } from './forum-request.interface.js';

type Awaitable<T> = T | Promise<T>;

/**
 * The site's own session, all three left out for the built-in one, and how requests are read.
 *
 * @publicApi
 */
export interface ForumSsoSiteOptions {
  /** The signed-in person, read afresh each time, or null. Gets the platform's own request and response. */
  currentUser?(request: ForumRequest, response?: object): Awaitable<SiteUser | null | undefined>;
  /**
   * Starts a session for this person in this browser; it must get a new id. Needed when people log in to the site
   * with their forum account.
   */
  signIn?(request: ForumRequest, user: SiteUser, response?: object): unknown;
  /** Ends this browser's session. Needed when a forum may sign people out of the site. */
  signOut?(request: ForumRequest, response?: object): unknown;
  /** Seconds within which the body of a request to one of our addresses must have arrived. Default 10. */
  readonly bodySeconds?: number;
  /**
   * Whether a request is for a page: then the module finds out who is here, renews the session, and logs in silently
   * where a connector wants to. Default: all requests. Guards find out by themselves where it was not done.
   */
  isPage?(request: ForumRequest): boolean;
}

/**
 * The options of `createForumSso`, or an engine made by it, and the site's own session.
 *
 * @publicApi
 */
export type ForumSsoModuleOptions = ForumSsoSiteOptions & (ForumSsoOptions | { readonly sso: Engine });

/**
 * A class that makes the options, for `useClass` and `useExisting`.
 *
 * @publicApi
 */
export interface ForumSsoOptionsFactory {
  createForumSsoOptions(): Awaitable<ForumSsoModuleOptions>;
}

/**
 * Switches that must be known before any provider exists; given beside the options, never by their factory.
 *
 * @publicApi
 */
export interface ForumSsoModuleExtras {
  /** True: the module need not be imported where its providers and guards are used. Default false. */
  isGlobal?: boolean;
  /** False: no exception filter is registered; see `answerForumException`. Default true. */
  exceptionFilter?: boolean;
}
