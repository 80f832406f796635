import { type CustomDecorator, SetMetadata } from '@nestjs/common';

/** Where {@link ForumGroups} keeps its list. */
export const FORUM_GROUPS = Symbol('@forum-sso/nestjs:groups');

/**
 * Names the groups, of which one is enough, for `ForumGroupsGuard`; on a handler, or on a controller for all of its
 * handlers that say nothing.
 *
 * @publicApi
 */
export const ForumGroups = (
  group: string,
  ...more: readonly string[]
): CustomDecorator<typeof FORUM_GROUPS> => SetMetadata(FORUM_GROUPS, [group, ...more]);
