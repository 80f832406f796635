import type { ForumSso as Engine } from '@forum-sso/core';

/**
 * Forum SSO at work, as a provider: `constructor(private readonly sso: ForumSso)`. What it can do stands in
 * `@forum-sso/core`.
 *
 * @publicApi
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the class is only the name of the provider; createForumSso makes it
export abstract class ForumSso {}

export interface ForumSso extends Engine {}
