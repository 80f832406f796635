import {
  type AdapterHarness,
  callbacksOf,
  faultPage,
  listenOnFreePort,
  missingPage,
  nodeContact,
  type PageAnswer,
  pagesPath,
  testPages,
} from '@forum-sso/testkit';
import Router from '@koa/router';
import type Koa from 'koa';
import type { Context, Middleware } from 'koa';
import { koaBody } from 'koa-body';
import bodyParser from 'koa-bodyparser';
import mount from 'koa-mount';

import { forumSsoMiddleware, forumSsoRouter, forumSsoSession, requireForumUser } from '../src/index.js';

/** The test site as a Koa application, with the given major version of Koa. */
export function koaHarness(name: string, framework: typeof Koa): AdapterHarness {
  return {
    name,
    start: (build, site) =>
      listenOnFreePort((origin) => {
        const sso = build(origin);
        const options = {
          ...callbacksOf<Context>(site.ownSession, ({ req, res }) => nodeContact(req, res)),
          bodySeconds: site.bodySeconds,
        };
        const app = new framework();
        app.silent = true;
        app.use(async (ctx, next) => {
          for (const [header, value] of site.appHeaders ?? []) ctx.append(header, value);
          try {
            await next();
            if (ctx.status === 404 && ctx.body === undefined) sendPage(ctx, missingPage);
          } catch (error) {
            sendPage(ctx, faultPage(error));
          }
        });
        // koa-body keeps nothing unless it is told to; koa-bodyparser always keeps the text.
        if (site.parser === 'json') app.use(koaBody({ urlencoded: false, text: false }));
        if (site.parser === 'kept') app.use(bodyParser());
        if (site.mountPath === undefined) {
          app.use(forumSsoMiddleware(sso, options));
        } else {
          app.use(mount(site.mountPath, forumSsoRouter(sso, options)));
          app.use(forumSsoSession(sso, options));
        }
        if (site.guardAll === true) app.use(requireForumUser());
        app.use(pagesRouter().routes());
        return app.callback();
      }),
  };
}

function pagesRouter(): Router {
  const router = new Router({ prefix: pagesPath });
  for (const { method, path, membersOnly, answer } of testPages) {
    const guards: Middleware[] = membersOnly ? [requireForumUser()] : [];
    const show: Middleware = async (ctx) => sendPage(ctx, await answer(ctx.state.forum, ctx.search));
    if (method === 'GET') router.get(path, ...guards, show);
    else router.post(path, ...guards, show);
  }
  return router;
}

function sendPage(ctx: Context, { status, headers, body }: PageAnswer): void {
  for (const [header, value] of headers) {
    if (header === 'Set-Cookie') ctx.append(header, value);
    else ctx.set(header, value);
  }
  ctx.status = status;
  ctx.body = body;
}
