import type { ServerResponse } from 'node:http';

import type { ReplyTarget } from '@forum-sso/core/node';

import { type FastifyReply, fastifyTarget, isFastifyReply } from './fastify.js';

/**
 * A response of Express (or of Node), or a reply of Fastify.
 *
 * @publicApi
 */
export type ForumResponse = ServerResponse | FastifyReply;

/** The target for the platform's own response object. */
export function replyTargetOf(response: ForumResponse): ReplyTarget {
  return isFastifyReply(response) ? fastifyTarget(response) : response;
}
