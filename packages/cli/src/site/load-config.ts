import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { ForumSsoOptions } from '@forum-sso/core';

import { errorCodeOf } from '../error-code.js';
import { UsageError } from '../usage-error.js';

const names = ['forum-sso.config.ts', 'forum-sso.config.mts', 'forum-sso.config.js', 'forum-sso.config.mjs'];

/**
 * The path of the configuration file; null when there is none.
 * @param given what `--config` says
 * @throws UsageError when that file is not there
 */
export function findConfig(given: string | undefined, folder: string): string | null {
  if (given === undefined) {
    const found = names.map((name) => resolve(folder, name)).find((path) => existsSync(path));
    return found ?? null;
  }
  const path = resolve(folder, given);
  if (!existsSync(path)) throw new UsageError(`--config ${given}: there is no such file.`);
  return path;
}

/**
 * Loads a configuration file: a module whose default export is the options of `createForumSso`, or a function that
 * gives them. TypeScript is read by this Node itself where it can, else by jiti.
 *
 * @throws UsageError
 */
export async function loadConfig(path: string): Promise<ForumSsoOptions> {
  let loaded: unknown;
  try {
    loaded = await loadModule(path);
  } catch (cause) {
    throw new UsageError(`${path} cannot be loaded: ${firstLine(cause)}`);
  }
  const exported: unknown =
    typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined;
  let options = exported;
  if (typeof exported === 'function') {
    try {
      options = await exported();
    } catch (cause) {
      throw new UsageError(`The function that ${path} exports failed: ${firstLine(cause)}`);
    }
  }
  if (!isOptions(options)) {
    throw new UsageError(
      `${path} must have the options of createForumSso as its default export, or a function that gives them: baseUrl, keys, connectors.`,
    );
  }
  return options;
}

/** What the engine checks by itself is left to it. */
function isOptions(value: unknown): value is ForumSsoOptions {
  if (typeof value !== 'object' || value === null || !('connectors' in value)) return false;
  return (
    Array.isArray(value.connectors) &&
    value.connectors.every(
      (connector: unknown) =>
        typeof connector === 'object' &&
        connector !== null &&
        'setUp' in connector &&
        typeof connector.setUp === 'function',
    )
  );
}

async function loadModule(path: string): Promise<unknown> {
  const { href } = pathToFileURL(path);
  try {
    return await import(href);
  } catch (cause) {
    if (!/\.[cm]?ts$/.test(path) || !isUnreadable(cause)) throw cause;
    // Nobody else needs it.
    const { createJiti } = await import('jiti');
    return createJiti(href, { moduleCache: false, fsCache: false }).import(path);
  }
}

/**
 * Node 20, and 22 before 22.18, read no TypeScript at all; later ones take types off and nothing else, so no enums, no
 * paths without an ending, no packages in TypeScript.
 */
function isUnreadable(error: unknown): boolean {
  if (error instanceof SyntaxError) return true;
  return /UNKNOWN_FILE_EXTENSION|TYPESCRIPT|TYPE_STRIPPING|MODULE_NOT_FOUND/.test(errorCodeOf(error));
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0] ?? '';
}
