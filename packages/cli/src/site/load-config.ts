import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { ForumSsoOptions } from '@forum-sso/core';

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
 * gives them. TypeScript is loaded where this Node can do so by itself or with a loader.
 *
 * @throws UsageError
 */
export async function loadConfig(
  path: string,
  load: (url: string) => Promise<unknown> = (url) => import(url),
): Promise<ForumSsoOptions> {
  let loaded: unknown;
  try {
    loaded = await load(pathToFileURL(path).href);
  } catch (cause) {
    if (/\.m?ts$/.test(path) && isUnreadableTypeScript(cause)) {
      throw new UsageError(
        `${path} is TypeScript, which this Node (${process.version}) does not read: use Node 22.18, 24 or newer, start with a loader (NODE_OPTIONS="--import tsx"), or write it as forum-sso.config.mjs.`,
      );
    }
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

function isUnreadableTypeScript(error: unknown): boolean {
  if (error instanceof SyntaxError) return true;
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return (
    error.code === 'ERR_UNKNOWN_FILE_EXTENSION' ||
    String(error.code).includes('TYPESCRIPT') ||
    String(error.code).includes('TYPE_STRIPPING')
  );
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0] ?? '';
}
