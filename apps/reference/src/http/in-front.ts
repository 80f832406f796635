import type { IncomingMessage, RequestListener } from 'node:http';

import { writeReply } from '@forum-sso/core/node';

import type { PageReply } from './page-route.js';

/**
 * A listener with what stands in front of every framework, as a proxy would.
 * @param first gives the reply when the framework need not see the request
 */
export function inFront(
  first: (message: IncomingMessage) => PageReply | null,
  listener: RequestListener,
): RequestListener {
  return (message, response) => {
    const reply = first(message);
    if (reply === null) listener(message, response);
    else writeReply(response, reply);
  };
}
