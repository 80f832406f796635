import { type Environment, type ForumSsoOptions, isForumSsoError, readEnvironment } from '@forum-sso/core';
import type { GroupsOption } from '@forum-sso/core/discourse';

import { UsageError } from '../usage-error.js';
import { environmentConnectors } from './environment-connectors.js';
import { findConfig, loadConfig } from './load-config.js';
import { openStore } from './open-store.js';

export interface LoadRequest {
  /** What `--config` says. */
  readonly config?: string | undefined;
  /** What `--groups` says. */
  readonly groups?: GroupsOption | undefined;
  readonly folder: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Also opens the database that the environment names. */
  readonly withStore: boolean;
}

export interface LoadedOptions {
  readonly options: ForumSsoOptions;
  /** For messages: the path of the file, or "the environment". */
  readonly from: string;
  /** Closes what was opened. */
  close(): Promise<void>;
}

/**
 * The options of the site: from its configuration file where there is one, else from the environment.
 * @throws UsageError with all problems that show here; the engine finds the rest
 */
export async function loadOptions(request: LoadRequest): Promise<LoadedOptions> {
  const path = findConfig(request.config, request.folder);
  if (path !== null) {
    if (request.groups !== undefined) {
      throw new UsageError(`--groups is for options from the environment; ${path} says it by itself.`);
    }
    return { options: await loadConfig(path), from: path, close: async () => {} };
  }
  const environment = readVariables(request.variables);
  const { connectors, problems } = environmentConnectors(environment, request.groups);
  const missing = (['FORUM_SSO_BASE_URL', 'FORUM_SSO_KEYS'] as const).filter(
    (name) => environment[name] === undefined,
  );
  const all = [
    ...problems,
    ...(connectors.length === 0 && problems.length === 0
      ? [
          'The environment names no community, such as DISCOURSE_URL, and there is no forum-sso.config file here.',
        ]
      : []),
    ...missing.map(
      (name) => `Set ${name}${name === 'FORUM_SSO_KEYS' ? ' ("forum-sso keys" makes them)' : ''}.`,
    ),
  ];
  if (all.length > 0) throw new UsageError(all);
  const open =
    request.withStore && environment.DATABASE_URL !== undefined
      ? await openStore(environment.DATABASE_URL)
      : undefined;
  return {
    options: {
      baseUrl: environment.FORUM_SSO_BASE_URL ?? '',
      keys: environment.FORUM_SSO_KEYS ?? [],
      connectors,
      ...(open === undefined ? {} : { store: open.store }),
    },
    from: 'the environment',
    close: async () => open?.close(),
  };
}

/** `readEnvironment`, with its problems as ours. */
export function readVariables(variables: Readonly<Record<string, string | undefined>>): Environment {
  try {
    return readEnvironment(variables);
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    throw new UsageError(error.problems);
  }
}
