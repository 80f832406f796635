import type { ForumUser } from './forum-user.js';

/**
 * Which of the site's groups follow the forum: for each, the forum groups of which one is enough. `@ADMIN@` and
 * `@MODERATOR@` stand for the two staff flags. Names are compared as they are written.
 */
export type GroupMap = Readonly<Record<string, readonly string[]>>;

/** What changes in a person's groups at the site. */
export interface GroupChange {
  readonly join: readonly string[];
  readonly leave: readonly string[];
}

/**
 * Applies a group map. Only groups that it names are ever joined or left; when the forum did not say which groups the
 * person has, nothing changes.
 *
 * @param held the person's groups at the site
 */
export function mapGroups(
  map: GroupMap,
  forumUser: Pick<ForumUser, 'groups' | 'admin' | 'moderator'>,
  held: readonly string[],
): GroupChange {
  if (forumUser.groups === undefined) return { join: [], leave: [] };
  const has = new Set(forumUser.groups.filter((name) => name !== '@ADMIN@' && name !== '@MODERATOR@'));
  if (forumUser.admin) has.add('@ADMIN@');
  if (forumUser.moderator) has.add('@MODERATOR@');
  const join: string[] = [];
  const leave: string[] = [];
  for (const [group, sources] of Object.entries(map)) {
    const belongs = sources.some((source) => has.has(source));
    if (belongs && !held.includes(group)) join.push(group);
    if (!belongs && held.includes(group)) leave.push(group);
  }
  return { join, leave };
}
