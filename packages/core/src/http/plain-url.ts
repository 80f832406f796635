import { parseUrl } from './parse-url.js';

/**
 * An address of the usual form: http(s), a host with a dot in small letters, no port, user name or password. Whatever
 * matches is parsed by `URL` to just that; what does not match may still be an address, and only `URL` can tell.
 *
 * Most addresses of people's pictures and pages match, and `URL` takes ten times as long.
 */
export const plainHttpUrl = /^https?:\/\/(?:(?!xn--)[a-z0-9-]+\.)+[a-z]+(?:[/?#]|$)/;

/** True for an absolute http(s) URL without user name and password. */
export function isHttpUrl(text: string): boolean {
  if (plainHttpUrl.test(text)) return true;
  const url = parseUrl(text);
  if (url === null) return false;
  const { protocol, username, password } = url;
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}
