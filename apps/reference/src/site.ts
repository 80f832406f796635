import type { IncomingMessage } from 'node:http';

import { type ForumSso, ForumSsoError, type PageContent } from '@forum-sso/core';

import { canonicalHost } from './http/canonical-host.js';
import { isFormOrNothing } from './http/is-form.js';
import { ownPagesOnly } from './http/own-pages-only.js';
import { type PageReplies, pageReplies } from './http/page-replies.js';
import { pathOf } from './http/page-request.js';
import type { PageReply, PageRequest, PageRoute } from './http/page-route.js';
import { presentError } from './http/present-error.js';
import { messagePage } from './pages/message-page.js';
import { siteRoutes } from './routes.js';
import type { SiteContext, SiteOptions } from './site-context.js';

/** The whole site, to be served by a framework. It knows nothing of frameworks, ports, emulators or the environment. */
export interface Site {
  /** To be mounted by the framework's adapter. */
  readonly sso: ForumSso;
  readonly routes: readonly PageRoute[];
  /** What is answered before the framework sees the request; null: nothing. */
  first(message: IncomingMessage): PageReply | null;
  /** @throws ForumSsoError for what was sent wrong, and whatever goes wrong here; {@link fault} makes a page of it */
  answer(route: PageRoute, request: PageRequest): Promise<PageReply>;
  /** The page for addresses without a page. */
  missing(): PageReply;
  /** The page for an error. */
  fault(error: unknown): PageReply;
}

export function createSite(options: SiteOptions): Site {
  const { sso, communities } = options;
  const { origin } = new URL(sso.baseUrl);
  const reply = pageReplies(
    communities.flatMap(({ url, formTargets }) => formTargets ?? [new URL(url).origin]),
  );
  const { missing, fault } = messages(reply, communities);
  const context: SiteContext = {
    ...options,
    missing,
    origin,
    reply,
    hasRealPeers: communities.some(({ real }) => real),
    frame: ({ forum, path }) => ({ user: forum.user, path, communities }),
  };
  const otherHost = canonicalHost(origin);

  return {
    sso,
    routes: siteRoutes(context),
    first(request) {
      const location = otherHost(request);
      if (location !== null) return reply.redirect(location, 307);
      const { url = '/' } = request;
      if (sso.owns(url)) return null;
      // No address of a page has one, and routers differ in what they make of it.
      if (pathOf(url).includes('%')) return missing();
      if (isFormOrNothing(request)) return null;
      return fault(
        new ForumSsoError('ERR_BODY_UNREADABLE', 'Something else than a form was sent to a page.'),
      );
    },
    async answer(route, request) {
      if (route.method === 'POST') ownPagesOnly(request.headers, origin);
      if (route.visitors === 'everybody') return route.answer(request);
      const { user } = request.forum;
      if (user === null) {
        throw new ForumSsoError(
          'ERR_SIGN_IN_REQUIRED',
          `Nobody is signed in, and ${route.path} is for members.`,
        );
      }
      return route.answer({ ...request, user });
    },
    missing,
    fault,
  };
}

/** The pages that only say something, in the site's look. */
function messages(
  reply: PageReplies,
  communities: SiteOptions['communities'],
): Pick<Site, 'missing' | 'fault'> {
  const draw = messagePage(communities);
  const message = (content: Omit<PageContent, 'links'>): PageReply =>
    reply.page(draw({ ...content, links: [{ text: 'Back to the site', href: '/' }] }), content);
  return {
    missing: () =>
      message({
        status: 404,
        title: 'There is no such page',
        paragraphs: ['The address may be misspelt.'],
      }),
    fault(error) {
      const { status, publicMessage, code } = presentError(error);
      return message({
        status,
        title: status >= 500 ? 'This does not work at the moment' : 'This did not work',
        paragraphs: [publicMessage],
        code,
      });
    },
  };
}
