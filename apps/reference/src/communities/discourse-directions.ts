import { describeVariable, type Environment } from '@forum-sso/core';

/**
 * The demo has two Discourse forums: one that the site logs people in to, and one whose accounts people sign in to the
 * site with. `DISCOURSE_URL` names a real one; the secrets that are given with it say which of the two it is. With both
 * secrets it is both.
 */
export function realDirections({
  DISCOURSE_URL,
  DISCOURSE_CONNECT_SECRET,
  DISCOURSE_LOGIN_SECRET,
}: Environment): { readonly siteToForum: boolean; readonly forumToSite: boolean } {
  const forumToSite = DISCOURSE_URL !== undefined && DISCOURSE_LOGIN_SECRET !== undefined;
  const siteToForum = DISCOURSE_URL !== undefined && (DISCOURSE_CONNECT_SECRET !== undefined || !forumToSite);
  return { siteToForum, forumToSite };
}

/** What is missing beside `DISCOURSE_URL`. */
export function missingSecret({
  DISCOURSE_URL,
  DISCOURSE_CONNECT_SECRET,
  DISCOURSE_LOGIN_SECRET,
}: Environment): readonly string[] {
  const lacks =
    DISCOURSE_URL !== undefined &&
    DISCOURSE_CONNECT_SECRET === undefined &&
    DISCOURSE_LOGIN_SECRET === undefined;
  return lacks
    ? [
        `DISCOURSE_URL names a forum: set ${describeVariable('DISCOURSE_CONNECT_SECRET')}, or ${describeVariable('DISCOURSE_LOGIN_SECRET')}, too.`,
      ]
    : [];
}
