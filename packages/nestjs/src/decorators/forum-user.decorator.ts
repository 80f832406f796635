import type { SiteUser } from '@forum-sso/core';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

import { openedForum } from '../pages/opened-forum.js';

/**
 * Who is signed in: `@ForumUser() user: SiteUser | null`, or one of the person's details: `@ForumUser('username')`.
 * Behind `ForumUserGuard` it is never null; without a guard it is the person on public routes, too.
 *
 * @publicApi
 */
export const ForumUser = createParamDecorator<keyof SiteUser | undefined>(
  (detail: keyof SiteUser | undefined, context: ExecutionContext) => {
    const { user } = openedForum(context, '@ForumUser()');
    return detail === undefined ? user : user?.[detail];
  },
);
