import type { IncomingMessage } from 'node:http';

import { nodeRequest, type PageForum } from '@forum-sso/core/node';

import type { PageRequest } from './page-route.js';

/**
 * The request of a page, from what every framework has.
 * @param url path and query as they were received
 */
export function pageRequest(message: IncomingMessage, url: string, forum: PageForum): PageRequest {
  const { headers } = message;
  return {
    path: pathOf(url),
    query: new URLSearchParams(url.slice(pathOf(url).length)),
    headers,
    forum,
    async form(limitBytes) {
      const bytes = await nodeRequest(message, url).body(limitBytes);
      return new URLSearchParams(new TextDecoder().decode(bytes));
    },
  };
}

/** The path of a path with query, as it stands there. */
export function pathOf(url: string): string {
  const [path = ''] = url.split('?', 1);
  return path;
}
