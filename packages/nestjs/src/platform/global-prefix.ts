import { ForumSsoError } from '@forum-sso/core';
import type { ApplicationConfig } from '@nestjs/core';

/**
 * What the application's global prefix says about addresses of ours: they stand below it, or are excluded from it.
 *
 * @returns tells whether a path and query is such an address
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when `baseUrl` does not stand there
 */
export function globalPrefixOf(config: ApplicationConfig, baseUrl: string): (url: string) => boolean {
  const prefix = config.getGlobalPrefix().replace(/^\/+|\/+$/g, '');
  if (prefix === '') return () => true;
  const excluded = (config.getGlobalPrefixOptions().exclude ?? []).map(({ pathRegex }) => pathRegex);
  const isInside = (url: string): boolean => {
    if (url.startsWith(`/${prefix}/`)) return true;
    const [path = ''] = url.split('?', 1);
    return excluded.some((pattern) => pattern.test(path));
  };
  const { origin, pathname } = new URL(baseUrl);
  const base = pathname === '/' ? '' : pathname;
  if (!isInside(`${base}/x`)) {
    throw new ForumSsoError(
      'ERR_OPTIONS_INVALID',
      `The global prefix of the application is "${prefix}", and baseUrl is ${baseUrl}, which is not below it. Let baseUrl be ${origin}/${prefix}${base === '' ? '/sso' : base}, or exclude our addresses: setGlobalPrefix('${prefix}', { exclude: ['${base.slice(1)}/{*path}'] }).`,
    );
  }
  return isInside;
}
