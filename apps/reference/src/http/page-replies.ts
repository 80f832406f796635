import type { ReplyHeader } from '@forum-sso/core';

import { contentPolicy, type PageSources } from './content-policy.js';
import type { PageReply } from './page-route.js';

/** The answers of the site's pages: nothing is loaded, framed or kept. */
export interface PageReplies {
  /** @param html the whole page */
  page(html: string, options?: PageOptions): PageReply;
  /** @param location a checked path of this site, or an address from configuration */
  redirect(location: string, status?: 303 | 307): PageReply;
}

export interface PageOptions {
  /** Default 200. */
  readonly status?: number;
  /** Beside the usual ones, or in their place. */
  readonly headers?: readonly ReplyHeader[];
  /** What the page loads; default nothing. */
  readonly sources?: PageSources;
  /** Addresses of pictures on the page, for one without `sources`. */
  readonly pictures?: readonly string[];
}

/**
 * @param formTargets origins that a form may end up at. Chromium holds the redirects after a POST against
 * `form-action`, and signing in leads on to the community.
 */
export function pageReplies(formTargets: readonly string[]): PageReplies {
  const reply = (
    body: string,
    { status = 200, headers = [], sources, pictures = [] }: PageOptions,
  ): PageReply => {
    const usual: readonly ReplyHeader[] = [
      ['Content-Security-Policy', contentPolicy(formTargets, pictures, sources)],
      ['Cache-Control', 'no-store'],
      ['X-Content-Type-Options', 'nosniff'],
      // With "no-referrer" a form's POST would carry "Origin: null".
      ['Referrer-Policy', 'same-origin'],
    ];
    const replaced = new Set(headers.map(([name]) => name));
    return { status, headers: [...usual.filter(([name]) => !replaced.has(name)), ...headers], body };
  };
  return {
    page: (html, { headers = [], ...options } = {}) =>
      reply(html, { ...options, headers: [['Content-Type', 'text/html; charset=utf-8'], ...headers] }),
    redirect: (location, status = 303) =>
      reply(`Go on to ${location}`, {
        status,
        headers: [
          ['Location', location],
          ['Content-Type', 'text/plain; charset=utf-8'],
        ],
      }),
  };
}
