import type { IncomingHttpHeaders } from 'node:http';

import type { PageForum } from '@forum-sso/core/node';

/**
 * What the requests of Express and of Fastify have in common. Callbacks may ask for more: `currentUser: (request:
 * FastifyRequest) => …`.
 *
 * @publicApi
 */
export interface ForumRequest {
  readonly headers: IncomingHttpHeaders;
  readonly url?: string | undefined;
  readonly method?: string | undefined;
  /** Who is here, once the module has seen the request. */
  forum?: PageForum | undefined;
}
