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
import type express from 'express';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';

import { forumSsoRouter, forumSsoSession, requireForumUser } from '../src/index.js';

/** The test site as an Express application, with the given major version of Express. */
export function expressHarness(name: string, framework: typeof express): AdapterHarness {
  return {
    name,
    start: (build, site) =>
      listenOnFreePort((origin) => {
        const sso = build(origin);
        const options = {
          ...callbacksOf<Request>(site.ownSession, (req) => nodeContact(req, responseOf(req))),
          bodySeconds: site.bodySeconds,
        };
        const app = framework();
        app.use((_req, res, next) => {
          for (const [header, value] of site.appHeaders ?? []) res.append(header, value);
          next();
        });
        if (site.parser === 'json') app.use(framework.json());
        if (site.parser === 'kept') {
          app.use(framework.json({ verify: (req, _res, bytes) => Object.assign(req, { rawBody: bytes }) }));
        }
        app.use(site.mountPath ?? '/', forumSsoRouter(sso, options));
        app.use(forumSsoSession(sso, options));
        if (site.guardAll === true) app.use(requireForumUser());
        app.use(pagesPath, pagesRouter(framework));
        app.use((_req, res) => sendPage(res, missingPage));
        const onError: ErrorRequestHandler = (error, _req, res, _next) => sendPage(res, faultPage(error));
        app.use(onError);
        return app;
      }),
  };
}

function pagesRouter(framework: typeof express): RequestHandler {
  const router = framework.Router();
  for (const { method, path, membersOnly, answer } of testPages) {
    const guards = membersOnly ? [requireForumUser()] : [];
    const show: RequestHandler = (req, res, next) => {
      answer(req.forum, new URL(req.url, 'http://localhost').search).then(
        (page) => sendPage(res, page),
        next,
      );
    };
    if (method === 'GET') router.get(path, ...guards, show);
    else router.post(path, ...guards, show);
  }
  return router;
}

function sendPage(res: Response, { status, headers, body }: PageAnswer): void {
  for (const [header, value] of headers) {
    if (header === 'Set-Cookie') res.append(header, value);
    else res.set(header, value);
  }
  res.status(status).json(body);
}

function responseOf({ res }: Request): Response {
  if (res === undefined) throw new Error('Express puts the response on every request.');
  return res;
}
