import { type Refusal, refusal } from '../errors.js';
import { parseUrl } from '../http/parse-url.js';
import { safeReturnPath } from '../http/return-path.js';

/**
 * Where a person may be sent after signing in from a page with comments: a path of the site, or a page of an
 * origin that was listed for comments. Origins are compared as a whole; what follows is tested like a path of
 * the site.
 *
 * @returns a path for the site's own pages, a whole URL for others, or a refusal `ERR_RETURN_PATH_UNSAFE`
 */
export function returnTarget(
  text: string,
  ownOrigin: string,
  origins: ReadonlySet<string>,
): string | Refusal {
  if (text.startsWith('/')) return safeReturnPath(text, ownOrigin);
  const foreign = refusal(
    'ERR_RETURN_PATH_UNSAFE',
    'The address to return to is neither on this site nor of one of the listed origins.',
  );
  const url = parseUrl(text);
  if (url === null) return foreign;
  const { origin, pathname, search, hash, username, password } = url;
  if (username !== '' || password !== '' || (origin !== ownOrigin && !origins.has(origin))) return foreign;
  const path = safeReturnPath(pathname + search + hash, ownOrigin);
  if (typeof path !== 'string' || origin === ownOrigin) return path;
  return origin + path;
}
