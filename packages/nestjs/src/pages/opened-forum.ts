import { ForumSsoError } from '@forum-sso/core';
import type { PageForum } from '@forum-sso/core/node';
import type { ExecutionContext } from '@nestjs/common';

import { requestOf } from './request-of.js';

/**
 * The visitor that the module or a guard has found before.
 * @param asker what is named in the error
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when nobody has
 */
export function openedForum(context: ExecutionContext, asker: string): PageForum {
  const forum = requestOf(context)?.forum;
  if (forum === undefined || forum === null) {
    throw new ForumSsoError(
      'ERR_OPTIONS_INVALID',
      `${asker} does not know the visitor: it needs an HTTP or GraphQL request that ForumSsoModule has seen as a page (option isPage), or a ForumUserGuard.`,
    );
  }
  return forum;
}
