import { errorFrom, isRefusal, type Refusal, refusal } from '../errors.js';
import { parseUrl } from '../http/parse-url.js';

/** Longest address to go to, in characters. */
const targetLimit = 2_048;

export interface ThenGoToOptions {
  /** Talkyard's own origin, `https://forum.example.com`. */
  readonly serverOrigin: string;
  /**
   * Origins of the pages that embed comments, as in Talkyard's setting "allow embedding from": a name without a scheme
   * means https. Wildcards never match.
   */
  readonly allowEmbeddingFrom?: readonly string[];
}

/**
 * Checks and encodes the address to which Talkyard sends a person after a login.
 *
 * Taken are a path with one leading slash, and an absolute http(s) URL whose whole origin is Talkyard's or an embedding
 * page's, without user name, backslash or control character. What comes out is tested again, since `/.//elsewhere` only
 * shows after resolving what it is. Characters that Talkyard cannot read are percent-encoded. Talkyard's marker for a
 * fragment, `__dwHash__`, passes. Check before asking for a one-time secret: Talkyard checks after using it up.
 *
 * @param target path with query and fragment, or absolute URL; empty means `/`
 * @returns the address, to be percent-encoded once more as a query parameter
 * @throws ForumSsoError `ERR_TALKYARD_RETURN_UNSAFE`; `ERR_OPTIONS_INVALID` when `serverOrigin` is no origin
 */
export function safeThenGoTo(
  target: string,
  { serverOrigin, allowEmbeddingFrom = [] }: ThenGoToOptions,
): string {
  const server = readOrigin(serverOrigin);
  if (server === undefined) {
    throw errorFrom(
      refusal('ERR_OPTIONS_INVALID', 'serverOrigin must be an origin such as https://forum.example.com.'),
    );
  }
  const embedding = allowEmbeddingFrom.flatMap((entry) => embeddingOrigins(entry, server) ?? []);
  const checked = checkThenGoTo(target, { server, embedding });
  if (isRefusal(checked)) throw errorFrom(checked);
  return checked;
}

/** The origins a person may be sent to, in their canonical form. */
export interface AllowedOrigins {
  readonly server: string;
  readonly embedding: readonly string[];
}

/** {@link safeThenGoTo} with prepared origins, and with a refusal as a value. */
export function checkThenGoTo(target: unknown, allowed: AllowedOrigins): string | Refusal {
  if (typeof target !== 'string') return unsafe('It is no text.');
  if (target === '') return '/';
  if (target.length > targetLimit) return unsafe(`It is longer than ${targetLimit} characters.`);
  if (/[\\\p{Cc}]/u.test(target)) return unsafe('It holds a backslash or a control character.');
  if (/^\/(?!\/)/.test(target)) {
    const resolved = new URL(target, allowed.server);
    return resolved.origin === allowed.server ? finish('', resolved) : unsafe('It leads away from Talkyard.');
  }
  const url = /^https?:\/\/[^/]/i.test(target) ? parseUrl(target) : null;
  if (url === null) return unsafe('It must be a path with one leading slash, or an absolute http(s) URL.');
  if (url.username !== '' || url.password !== '') return unsafe('It holds a user name.');
  if (url.origin !== allowed.server && !allowed.embedding.includes(url.origin)) {
    return unsafe(
      'Its origin is neither Talkyard nor one of allowEmbeddingFrom; whole origins are compared.',
    );
  }
  return finish(url.origin, url);
}

/** The resolved address, encoded for Talkyard, once more tested. */
function finish(origin: string, { pathname, search, hash }: URL): string | Refusal {
  const path =
    encoded(pathname) +
    encoded(search) +
    (hash === '' ? '' : `#${encoded(hash.slice(1)).replaceAll('#', '%23')}`);
  if (!/^\/(?![/\\])/.test(path)) return unsafe('Its path begins with two slashes once it is resolved.');
  if (origin.length + path.length > targetLimit)
    return unsafe(`It is longer than ${targetLimit} characters once encoded.`);
  return origin + path;
}

// What URL leaves as it is, and Talkyard's Java library takes for an error.
function encoded(part: string): string {
  return part.replace(/%(?![0-9A-Fa-f]{2})|[|^{}[\]`"<>]/g, encodeURIComponent);
}

function unsafe(detail: string): Refusal {
  return refusal('ERR_TALKYARD_RETURN_UNSAFE', `The address to return to cannot be used. ${detail}`);
}

/** The canonical origin of a text that is nothing but an http(s) origin (a slash at the end may stand); else undefined. */
function readOrigin(text: string): string | undefined {
  const url = parseUrl(text);
  if (url === null) return undefined;
  const bare =
    url.username === '' &&
    url.password === '' &&
    url.pathname === '/' &&
    url.search === '' &&
    url.hash === '';
  return bare && (url.protocol === 'https:' || url.protocol === 'http:') && !/[?#\\]/.test(text)
    ? url.origin
    : undefined;
}

/**
 * The origins that one line of Talkyard's setting "allow embedding from" stands for: a name without scheme is https, and
 * http when Talkyard itself is not on https; http stands for its https twin, too. A path is dropped.
 *
 * @returns undefined for a line that Talkyard never matches (a wildcard), or that is no address
 */
export function embeddingOrigins(entry: string, serverOrigin: string): readonly string[] | undefined {
  const line = entry.trim();
  const withScheme = line.includes('://') ? line : `https://${line}`;
  const url = line === '' || /[*\s\\@#?]/.test(line) ? null : parseUrl(withScheme);
  if (url === null) return undefined;
  const { protocol, host, origin } = url;
  if (protocol === 'http:') return [origin, `https://${host}`];
  if (protocol !== 'https:') return undefined;
  return withScheme === line || serverOrigin.startsWith('https:') ? [origin] : [origin, `http://${host}`];
}
