import type { RequestHandler } from 'express';

import { styleSource } from '../pages/style.js';

/** What a page may load besides our own style. */
export interface PageSources {
  /** For the page's own script elements. */
  readonly nonce: string;
  /** Origin of the community that the page has inside. */
  readonly peer: string;
  /** True: the community brings style, fonts and pictures of its own. */
  readonly styled: boolean;
}

/**
 * Headers of every page of the site: nothing is loaded, framed or kept.
 * @param formTargets origins that a form may end up at. Chromium holds the redirects after a POST against
 * `form-action`, and signing in leads on to the community.
 */
export function pageHeaders(formTargets: readonly string[]): RequestHandler {
  const policy = contentPolicy(formTargets);
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

/** The content security policy of a page; without sources it has no script and loads nothing. */
export function contentPolicy(formTargets: readonly string[], sources?: PageSources): string {
  return [
    "default-src 'none'",
    `style-src ${sources?.styled === true ? `'unsafe-inline' ${sources.peer}` : styleSource}`,
    ...(sources === undefined ? [] : peerDirectives(sources)),
    "base-uri 'none'",
    "frame-ancestors 'none'",
    `form-action ${["'self'", ...formTargets].join(' ')}`,
  ].join('; ');
}

function peerDirectives({ nonce, peer, styled }: PageSources): readonly string[] {
  const sockets = peer.replace(/^http/, 'ws');
  return [
    `script-src 'nonce-${nonce}' ${peer}`,
    `connect-src 'self' ${peer} ${sockets}`,
    `frame-src ${peer}`,
    ...(styled ? [`font-src ${peer} data:`, `img-src ${peer} https: data:`] : []),
  ];
}
