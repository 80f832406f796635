import {
  type Connector,
  createForumSso,
  type Environment,
  type EventListener,
  type ForumSso,
  type ForumSsoStore,
  type PageRenderer,
  storeQueue,
} from '@forum-sso/core';

import type { DemoSecrets } from './demo-secrets.js';
import type { People } from './people.js';

export interface EngineOptions {
  readonly environment: Environment;
  /** Where Forum SSO is mounted. */
  readonly baseUrl: string;
  readonly connectors: readonly Connector[];
  readonly secrets: DemoSecrets;
  readonly people: People;
  readonly store: ForumSsoStore;
  readonly events?: EventListener;
  readonly renderPage?: PageRenderer;
  readonly now?: () => Date;
  readonly fetch?: typeof fetch;
}

/**
 * Forum SSO as this site uses it: with the built-in session, which holds an id alone and reads the person through
 * `findUser`.
 * @throws ForumSsoError `ERR_OPTIONS_INVALID`
 */
export function createEngine({
  environment,
  baseUrl,
  connectors,
  secrets,
  people,
  ...rest
}: EngineOptions): ForumSso {
  return createForumSso({
    baseUrl,
    keys: environment.FORUM_SSO_KEYS ?? [secrets.read('forum-sso-keys')],
    connectors,
    findUser: people.byId,
    // Somebody is watching.
    queue: storeQueue({ retry: { firstSeconds: 1, longestSeconds: 30 } }),
    ...rest,
  });
}

/** Where Forum SSO is mounted when `FORUM_SSO_BASE_URL` does not say. */
export function defaultBaseUrl(hostname: string, port: number): string {
  return `http://${hostname}:${port}/sso`;
}
