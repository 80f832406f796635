import type { ForumSso } from '@forum-sso/core';
import { forumSsoRouter, forumSsoSession, requireForumUser } from '@forum-sso/express';
import express, { type ErrorRequestHandler, type Express, type Request } from 'express';

import type { CommunityPage } from './communities/community.js';
import { communityPages } from './community-pages.js';
import { canonicalHost } from './http/canonical-host.js';
import { pageHeaders } from './http/page-headers.js';
import { presentError } from './http/present-error.js';
import { accountPage } from './pages/account-page.js';
import { homePage, type ShownCommunity } from './pages/home-page.js';
import type { Frame } from './pages/layout.js';
import { messagePage } from './pages/message-page.js';
import type { PasswordVerdict } from './password-gate.js';
import type { People } from './people.js';
import { siteSession } from './session.js';
import { signInRoutes } from './sign-in.js';

export interface SiteOptions {
  readonly sso: ForumSso;
  readonly people: People;
  readonly communities: readonly (ShownCommunity & { readonly pages: readonly CommunityPage[] })[];
  /** True when signing in needs the demo's password. */
  readonly asksPassword: boolean;
  readonly checkPassword: (given: string) => PasswordVerdict;
  /** Gets a line for what an operator should know. */
  readonly log: (line: string) => void;
}

/** The whole site as an Express app; knows nothing of ports, emulators or the environment. */
export function createSite(options: SiteOptions): Express {
  const { sso, communities } = options;
  const { origin, pathname: ssoPath } = new URL(sso.baseUrl);
  const drawMessage = messagePage(communities);
  const formTargets = communities.map(({ url }) => new URL(url).origin);
  const session = siteSession(sso, options.log);
  const frame = (request: Request): Frame => ({ user: request.forum.user, path: request.path, communities });

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(canonicalHost(origin));
  app.use(pageHeaders(formTargets));
  app.use(forumSsoSession(sso));
  app.use(forumSsoRouter(sso, session));

  app.get('/', (request, response) => {
    response.type('html').send(homePage(frame(request), communities));
  });
  app.get('/account', requireForumUser(), (request, response, next) => {
    const { user } = request.forum;
    if (user === null) next();
    else response.type('html').send(accountPage(frame(request), user));
  });
  app.use(communityPages({ communities, formTargets, frame }));
  app.use(signInRoutes({ ...options, origin, ssoPath, signOut: session.signOut, frame }));

  app.use((_request, response) => {
    response
      .status(404)
      .type('html')
      .send(
        drawMessage({
          status: 404,
          title: 'There is no such page',
          paragraphs: ['The address may be misspelt.'],
          links: [{ text: 'Back to the site', href: '/' }],
        }),
      );
  });
  const onError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const { status, publicMessage, code } = presentError(error);
    response
      .status(status)
      .type('html')
      .send(
        drawMessage({
          status,
          title: status >= 500 ? 'This does not work at the moment' : 'This did not work',
          paragraphs: [publicMessage],
          links: [{ text: 'Back to the site', href: '/' }],
          code,
        }),
      );
  };
  app.use(onError);
  return app;
}
