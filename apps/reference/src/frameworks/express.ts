import type { RequestListener } from 'node:http';

import { forumSsoRouter, forumSsoSession, requireForumUser } from '@forum-sso/express';
import express, { type ErrorRequestHandler, type RequestHandler, type Response } from 'express';

import { pageRequest } from '../http/page-request.js';
import { type PageReply, type PageRoute, verbs } from '../http/page-route.js';
import type { Site } from '../site.js';

/** The site as an Express app. */
export function expressSite(site: Site): RequestListener {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(forumSsoRouter(site.sso));
  app.use(forumSsoSession(site.sso));
  for (const route of site.routes) {
    const guards = route.visitors === 'members' ? [requireForumUser()] : [];
    app[verbs[route.method]](route.path, ...guards, page(site, route));
  }
  app.use((_request, response) => send(response, site.missing()));
  app.use(faults(site));
  return app;
}

function page(site: Site, route: PageRoute): RequestHandler {
  return async (request, response) => {
    send(response, await site.answer(route, pageRequest(request, request.originalUrl, request.forum)));
  };
}

function faults(site: Site): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) next(error);
    else send(response, site.fault(error));
  };
}

function send(response: Response, { status, headers, body }: PageReply): void {
  for (const [name, value] of headers) response.append(name, value);
  response.status(status).send(body);
}
