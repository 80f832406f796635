import type { RequestHandler } from 'express';

import { HttpError } from './http-error.js';
import type { ServerAddress } from './server-address.js';

/**
 * Refuses requests that name another host than this server: a page of a foreign site whose host name was pointed at
 * 127.0.0.1 (DNS rebinding) could otherwise read everything here. A person who opens the other loopback name is led
 * to the one in `origin`, because cookies are kept per name and a login begun on one does not end on the other.
 */
export function hostGate({ origin, port }: ServerAddress): RequestHandler {
  const canonical = new URL(origin);
  const suffix = port === 80 ? '' : `:${port}`;
  const loopback = new Set([`localhost${suffix}`, `127.0.0.1${suffix}`, `[::1]${suffix}`]);
  return (request, response, next) => {
    const host = request.headers.host?.toLowerCase();
    if (host === undefined || (host !== canonical.host && !loopback.has(host))) {
      throw new HttpError(403, 'This emulator does not answer under that host name.');
    }
    if (
      host !== canonical.host &&
      loopback.has(canonical.host) &&
      request.headers['sec-fetch-dest'] === 'document'
    ) {
      response.redirect(307, origin + request.url);
      return;
    }
    next();
  };
}

/**
 * For routes that change something and are used by our own pages: refuses what a browser sends for another site's
 * page. Programs send neither header and pass.
 */
export function ownPagesOnly({ origin }: ServerAddress): RequestHandler {
  return (request, _response, next) => {
    const site = request.headers['sec-fetch-site'];
    const from = request.headers.origin;
    if (
      (site !== undefined && site !== 'same-origin' && site !== 'none') ||
      (from !== undefined && from !== origin)
    ) {
      throw new HttpError(403, 'This request came from a page of another site.');
    }
    next();
  };
}
