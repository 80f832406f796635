import type { RequestHandler } from 'express';

import { styleSource } from '../pages/style.js';

/**
 * Headers of every page of the site: nothing is loaded, framed or kept.
 * @param formTargets origins that a form may end up at. Chromium holds the redirects after a POST against
 * `form-action`, and signing in leads on to the community.
 */
export function pageHeaders(formTargets: readonly string[]): RequestHandler {
  const policy = [
    "default-src 'none'",
    `style-src ${styleSource}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
    `form-action ${["'self'", ...formTargets].join(' ')}`,
  ].join('; ');
  return (_request, response, next) => {
    response.set({
      'Content-Security-Policy': policy,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      // With "no-referrer" a form's POST would carry "Origin: null".
      'Referrer-Policy': 'same-origin',
    });
    next();
  };
}
