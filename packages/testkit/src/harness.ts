import type { ForumSso } from '@forum-sso/core';

import type { RunningSite } from './http/listen.js';
import type { HeaderLine } from './http/reply.js';
import type { OwnSession } from './site/own-session.js';

/**
 * How a suite gets at an adapter: a site made with it, on a real server. A harness does what a user of the adapter
 * would do, in this order:
 * 1. put `appHeaders` on every answer;
 * 2. use the framework's own body parser, if `parser` says so;
 * 3. mount the adapter's router at `mountPath`;
 * 4. mount the adapter's page middleware, and its guard for all pages if `guardAll` is true;
 * 5. serve `testPages` below `pagesPath`; `missingPage` everywhere else; `faultPage` as the error handler.
 */
export interface AdapterHarness {
  /** Framework and version, for the names of tests. */
  readonly name: string;
  /** Cases, by name, that make no sense for this adapter, each with the reason. */
  readonly leftOut?: Readonly<Record<string, string>>;
  /** @param build makes the engine, once the origin of the server is known */
  start(build: (origin: string) => ForumSso, site: SiteSetUp): Promise<RunningSite>;
}

/** What is special about a test site. Nothing given: router at the root, built-in session, no parser. */
export interface SiteSetUp {
  /** Where the adapter's router is mounted. Default: the root. */
  readonly mountPath?: string;
  /** The site's own session, to be given to the adapter as callbacks. */
  readonly ownSession?: OwnSession;
  /** A JSON parser in front of the adapter: `json` as it comes, `kept` with the raw bytes kept as `rawBody`. */
  readonly parser?: 'json' | 'kept';
  /** Headers that the application puts on every answer before anything else runs. */
  readonly appHeaders?: readonly HeaderLine[];
  /** True: every page is for signed-in people. */
  readonly guardAll?: boolean;
  /** The adapter's option of that name. */
  readonly bodySeconds?: number;
}
