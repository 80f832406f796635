import { ForumSsoError } from '@forum-sso/core';
import type { RequestHandler } from 'express';

/**
 * Guards a form's POST: refuses what a browser sends for a page of another site, else any page could sign a visitor in
 * under an account of its choice. Programs send neither header and pass; they carry nobody's cookies.
 *
 * @param origin this site's origin, from configuration
 */
export function ownPagesOnly(origin: string): RequestHandler {
  return (request, _response, next) => {
    const site = request.headers['sec-fetch-site'];
    const from = request.headers.origin;
    const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
    if (foreignSite || (from !== undefined && from !== origin)) {
      throw new ForumSsoError('ERR_ORIGIN_FOREIGN', `The form was sent from another origin than ${origin}.`);
    }
    next();
  };
}
