import type { ExecutionContext } from '@nestjs/common';

import type { ForumRequest } from '../interfaces/forum-request.interface.js';

/**
 * The HTTP request behind a handler: of a controller, or of a GraphQL resolver whose context holds it as `req` or
 * `request`, as it does by default. Undefined elsewhere.
 */
export function requestOf(context: ExecutionContext): ForumRequest | undefined {
  const type: string = context.getType();
  if (type === 'http') return context.switchToHttp().getRequest<ForumRequest>();
  if (type !== 'graphql') return undefined;
  const shared: unknown = context.getArgByIndex(2);
  if (typeof shared !== 'object' || shared === null) return undefined;
  for (const name of ['req', 'request']) {
    const request: unknown = Reflect.get(shared, name);
    if (isRequest(request)) return request;
  }
  return undefined;
}

function isRequest(value: unknown): value is ForumRequest {
  return typeof value === 'object' && value !== null && 'headers' in value;
}
