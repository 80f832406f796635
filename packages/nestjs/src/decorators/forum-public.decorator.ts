import { type CustomDecorator, SetMetadata } from '@nestjs/common';

/** Where {@link ForumPublic} leaves its mark. */
export const FORUM_PUBLIC = Symbol('@forum-sso/nestjs:public');

/**
 * Opens a handler or a controller to everybody when `ForumUserGuard` or `ForumGroupsGuard` is a global guard: the
 * sign-in page, for one.
 *
 * @publicApi
 */
export const ForumPublic = (): CustomDecorator<typeof FORUM_PUBLIC> => SetMetadata(FORUM_PUBLIC, true);
