import type { IncomingHttpHeaders } from 'node:http';

import { ForumSsoError } from '@forum-sso/core';

/**
 * Guards a form's POST: refuses what a browser sends for a page of another site, else any page could sign a visitor in
 * under an account of its choice. Programs send neither header and pass; they carry nobody's cookies.
 *
 * @param origin this site's origin, from configuration
 * @throws ForumSsoError `ERR_ORIGIN_FOREIGN`
 */
export function ownPagesOnly(headers: IncomingHttpHeaders, origin: string): void {
  const site = headers['sec-fetch-site'];
  const from = headers.origin;
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (foreignSite || (from !== undefined && from !== origin)) {
    throw new ForumSsoError('ERR_ORIGIN_FOREIGN', `The form was sent from another origin than ${origin}.`);
  }
}
