import { isRefusal, type Refusal, refusal } from '../../errors.js';
import { readPeerUrl } from '../../http/site-address.js';

/** Whether a client may return to an address. */
export type ReturnRule = (url: URL) => boolean;

/** Of a client without `returnUrls`: its host decides, and that every address is on https. */
export const anyReturnUrl: ReturnRule = () => true;

/**
 * Reads one of a client's `returnUrls`: an address, or with `/*` at its end all that are below it. Scheme, host and port
 * are equal either way, and the query is free.
 * @param setting names the option in a refusal
 */
export function readReturnRule(text: string, setting: string): ReturnRule | Refusal {
  const isFolder = text.endsWith('/*');
  const address = isFolder ? text.slice(0, -1) : text;
  if (address.includes('*')) {
    return refusal('ERR_OPTIONS_INVALID', `${setting} may have one *, at the end and after a slash.`);
  }
  const allowed = readPeerUrl(address, setting);
  if (isRefusal(allowed)) return allowed;
  const { origin, pathname } = allowed;
  if (!isFolder) return (url) => url.origin === origin && url.pathname === pathname;
  const isWholeHost = pathname === '/';
  return (url) =>
    url.origin === origin &&
    url.pathname.startsWith(pathname) &&
    (isWholeHost || !hiddenSlash.test(url.pathname));
}

/** Some servers decode these before they take `..` out, and so leave the folder; a whole host cannot be left. */
const hiddenSlash = /%2f|%5c/i;
