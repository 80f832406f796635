import type { IncomingMessage } from 'node:http';

import type { ReplyTarget } from '@forum-sso/core/node';

import type { ForumRequest } from '../interfaces/forum-request.interface.js';

/** One request, in the platform's terms and in Node's. */
export interface PlatformContact {
  readonly request: ForumRequest;
  readonly response: object;
  readonly message: IncomingMessage;
  /** Path and query as they were received. */
  readonly url: string;
  readonly target: ReplyTarget;
}

/**
 * Answers a request if it is for us, else opens the page for its visitor.
 *
 * @returns true when the request was answered and nobody else is to see it
 */
export type Serve = (contact: PlatformContact) => Promise<boolean>;
