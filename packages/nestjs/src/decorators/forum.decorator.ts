import type { PageForum } from '@forum-sso/core/node';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

import { openedForum } from '../pages/opened-forum.js';

/**
 * The visitor of a page and what may be done with them: `@Forum() forum: PageForum` has `user`, `signIn(user)` and
 * `signOut()`; await these two before the handler returns.
 *
 * @publicApi
 */
export const Forum = createParamDecorator<undefined>(
  (_: undefined, context: ExecutionContext): PageForum => openedForum(context, '@Forum()'),
);
