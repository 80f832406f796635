import type { IncomingMessage, ServerResponse } from 'node:http';

import { hasBody, hideBody } from './hidden-body.js';
import type { Serve } from './serve.js';

type Next = (error?: unknown) => void;

/** What we use of Express. */
export interface ExpressApplication {
  use(handler: (req: ExpressRequest, res: ServerResponse, next: Next) => void): unknown;
}

interface ExpressRequest extends IncomingMessage {
  readonly originalUrl: string;
}

/** Keeps the parsers of the application away from our addresses, whenever they are added. */
export function guardBodiesOnExpress(app: ExpressApplication, isOurs: (url: string) => boolean): void {
  app.use((req, _res, next) => {
    if (hasBody(req) && isOurs(req.originalUrl)) hideBody(req);
    next();
  });
}

/** Serves behind what the application has mounted by `app.use()`, and in front of all routes. */
export function mountOnExpress(app: ExpressApplication, serve: Serve): void {
  app.use((req, res, next) => {
    serve({ request: req, response: res, message: req, url: req.originalUrl, target: res }).then(
      (answered) => {
        if (!answered) next();
      },
      next,
    );
  });
}
