import type { RequestListener } from 'node:http';

import { forumSsoMiddleware, requireForumUser } from '@forum-sso/koa';
import Router from '@koa/router';
import Koa, { type Context, type Middleware } from 'koa';

import { pageRequest } from '../http/page-request.js';
import { type PageReply, type PageRoute, verbs } from '../http/page-route.js';
import type { Site } from '../site.js';

/** The site as a Koa application. */
export function koaSite(site: Site): RequestListener {
  const app = new Koa();
  // Faults become pages below. What is left to hear of are senders that break off.
  app.on('error', () => {});
  app.use(faults(site));
  app.use(forumSsoMiddleware(site.sso));
  app.use(pages(site).routes());
  app.use((ctx) => send(ctx, site.missing()));
  return app.callback();
}

function pages(site: Site): Router {
  const router = new Router();
  for (const route of site.routes) {
    const guards = route.visitors === 'members' ? [requireForumUser()] : [];
    router[verbs[route.method]](route.path, ...guards, page(site, route));
  }
  return router;
}

function page(site: Site, route: PageRoute): Middleware {
  return async (ctx) => {
    send(ctx, await site.answer(route, pageRequest(ctx.req, ctx.originalUrl, ctx.state.forum)));
  };
}

function faults(site: Site): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      send(ctx, site.fault(error));
    }
  };
}

function send(ctx: Context, { status, headers, body }: PageReply): void {
  for (const [name, value] of headers) ctx.append(name, value);
  ctx.status = status;
  ctx.body = body;
}
