import { type Refusal, refusal } from '../errors.js';

/** Longest return path in characters. */
const returnPathLimit = 2_048;

/**
 * Checks a path of this site to which a person is sent after a login. It must begin with one slash, hold no
 * backslash and no control character, and stay on this origin. The result of resolving is tested once more, since
 * `/.//evil.example` only then shows what it is.
 *
 * @param path path with query, as received from anywhere
 * @param origin this site's origin, `https://site.example.com`
 * @returns the resolved path, safe to put into `Location`, or a refusal `ERR_RETURN_PATH_UNSAFE`
 */
export function safeReturnPath(path: string, origin: string): string | Refusal {
  // A parameter that stands twice is a list for some frameworks, whatever the types say.
  if (typeof path !== 'string') {
    return refusal('ERR_RETURN_PATH_UNSAFE', 'The return path must be one text.');
  }
  if (path.length > returnPathLimit) {
    return refusal('ERR_RETURN_PATH_UNSAFE', `The return path is longer than ${returnPathLimit} characters.`);
  }
  if (!isPlainPath(path)) {
    return refusal(
      'ERR_RETURN_PATH_UNSAFE',
      'The return path must be a path of this site: "/" and what follows.',
    );
  }
  const resolved = new URL(path, origin);
  const result = resolved.pathname + resolved.search + resolved.hash;
  if (resolved.origin !== origin || !isPlainPath(result) || result.length > returnPathLimit) {
    return refusal(
      'ERR_RETURN_PATH_UNSAFE',
      'The return path leads away from this site once it is resolved.',
    );
  }
  return result;
}

function isPlainPath(path: string): boolean {
  if (path.charCodeAt(0) !== 0x2f || path.charCodeAt(1) === 0x2f) return false;
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code <= 0x20 || code === 0x5c || code === 0x7f) return false;
  }
  return true;
}
