import { parseUrl } from '../http/parse-url.js';

// RFC 3986: what may stand in a path; "?" too in queries and fragments.
const pathCharacter = String.raw`[\w.~!$&'()*+,;=:@/-]|%[\da-f]{2}`;
const uriPattern = new RegExp(
  String.raw`^[a-z][a-z\d+.-]*:(?:\/\/(?:(?:[\w.~!$&'()*+,;=:-]|%[\da-f]{2})*@)?(?:\[[\da-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*)(?::\d*)?(?:\/(?:${pathCharacter})*)?|(?!\/\/)(?:${pathCharacter})+)(?:\?(?:${pathCharacter}|\?)*)?(?:#(?:${pathCharacter}|\?)*)?$`,
  'i',
);

/**
 * True for an absolute URI of any scheme as Coral's schema understands it (RFC 3986): a scheme is a must,
 * blanks and other characters that need percent-encoding are not allowed, `http` and `https` need a host.
 */
export function isUri(text: string): boolean {
  if (/^https?:/i.test(text) && !/^https?:\/\/[^/?#]/i.test(text)) return false;
  return uriPattern.test(text);
}

/** Addresses as nearly all are: nothing to encode, no user name. Saves taking them apart. */
const plainHttpUrl = /^https?:\/\/[a-z\d][a-z\d.-]*(?::\d+)?\/[\w.~!$&'()*+,;=:@/?-]*$/;

/**
 * An http(s) URL in the strict spelling that {@link isUri} wants: `URL` leaves a few characters as they are.
 * @returns undefined when the text is no absolute http(s) URL, or holds a user name or password
 */
export function strictHttpUrl(text: string): string | undefined {
  const parsed = parseUrl(text);
  if (parsed === null) return undefined;
  if (plainHttpUrl.test(text)) return text;
  const { protocol, username, password, origin, pathname, search, hash } = parsed;
  if ((protocol !== 'https:' && protocol !== 'http:') || username !== '' || password !== '') return undefined;
  const rest = encodeRest(pathname) + encodeRest(search) + encodeRest(hash);
  const url = origin + rest;
  return isUri(url) ? url : undefined;
}

/** The extensions of pictures that Coral shows; any other avatar it drops without a word. */
export function isPicturePath(url: string): boolean {
  // Only what ends a path can: spares all others the parsing.
  if (!/\.(?:jpe?g|gif|png|webp)(?:[?#]|$)/i.test(url)) return false;
  return /\.(?:jpe?g|gif|png|webp)$/i.test(parseUrl(url)?.pathname ?? '');
}

function encodeRest(text: string): string {
  const head = text.charAt(0);
  const marked = head === '?' || head === '#';
  const body = (marked ? text.slice(1) : text)
    .replace(/%(?![\da-f]{2})/gi, '%25')
    .replace(/[^\w.~!$&'()*+,;=:@/?%-]/g, (character) => encodeURIComponent(character));
  return marked ? head + body : body;
}
