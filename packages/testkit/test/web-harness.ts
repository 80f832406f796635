import { forumVisit, toWebHandler, type WebContact, type WebForum } from '@forum-sso/core/web';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { Hono, type MiddlewareHandler } from 'hono';

import type { AdapterHarness } from '../src/harness.js';
import { listenOnFreePort } from '../src/http/listen.js';
import type { HeaderLine } from '../src/http/reply.js';
import { callbacksOf } from '../src/site/own-session.js';
import { faultPage, missingPage, type PageAnswer, pagesPath, testPages } from '../src/site/pages.js';

interface Env {
  readonly Bindings: HttpBindings;
  readonly Variables: { forum: WebForum };
}

/** The test site with the web handler, on Hono and its server for Node. */
export const webHarness: AdapterHarness = {
  name: 'web handler on Hono',
  leftOut: {
    'the way back stays on this site': 'the server refuses one of its addresses before the site sees it',
  },
  start: (build, site) =>
    listenOnFreePort((origin) => {
      const sso = build(origin);
      const options = {
        ...callbacksOf<WebContact<HttpBindings>>(site.ownSession, ({ request, headers }) => ({
          cookies: request.headers.get('cookie') ?? undefined,
          setCookie: (line) => headers.append('Set-Cookie', line),
        })),
        ip: (_: Request, { incoming }: HttpBindings) => incoming.socket.remoteAddress,
        bodySeconds: site.bodySeconds,
      };
      const app = new Hono<Env>();
      app.use(async (c, next) => {
        await next();
        putBefore(c.res.headers, site.appHeaders ?? []);
      });
      if (site.parser !== undefined) app.use(parserOf(site.parser));
      const handler = toWebHandler(sso, options);
      app.use(`${site.mountPath ?? ''}/*`, (c, next) =>
        sso.owns(new URL(c.req.url).pathname) ? handler(c.req.raw, c.env) : next(),
      );
      const visit = forumVisit(sso, options);
      app.use(async (c, next) => {
        const forum = await visit(c.req.raw, c.env);
        if (forum.instead !== null) return forum.instead;
        c.set('forum', forum);
        await next();
        c.res = forum.finish(c.res);
        return undefined;
      });
      if (site.guardAll === true) app.use(guard);
      for (const { method, path, membersOnly, answer } of testPages) {
        if (membersOnly) app.on(method, pagesPath + path, guard);
        app.on(method, pagesPath + path, async (c) =>
          pageResponse(await answer(c.var.forum, new URL(c.req.url).search)),
        );
      }
      app.notFound(() => pageResponse(missingPage));
      app.onError((error) => pageResponse(faultPage(error)));
      return getRequestListener(app.fetch);
    }),
};

const guard: MiddlewareHandler<Env> = async (c, next) => {
  if (c.var.forum.user === null) return c.var.forum.signInResponse();
  await next();
  return undefined;
};

/** Reads what says it is JSON: as validators do, or from a copy. */
function parserOf(parser: 'json' | 'kept'): MiddlewareHandler<Env> {
  return async (c, next) => {
    const isJson = c.req.header('content-type') === 'application/json';
    if (isJson) await (parser === 'kept' ? c.req.raw.clone().text() : c.req.json());
    await next();
  };
}

function pageResponse({ status, headers, body }: PageAnswer): Response {
  const response = Response.json(body, { status });
  for (const [name, value] of headers) response.headers.append(name, value);
  return response;
}

/** Headers of the application that were there first: its cookies stand in front, the rest gives way. */
function putBefore(headers: Headers, before: readonly HeaderLine[]): void {
  const cookies = headers.getSetCookie();
  headers.delete('Set-Cookie');
  for (const [name, value] of before) {
    if (name === 'Set-Cookie') headers.append(name, value);
    else if (!headers.has(name)) headers.set(name, value);
  }
  for (const cookie of cookies) headers.append('Set-Cookie', cookie);
}
