import type { ReplyHeader } from './reply.js';
import { readHeader, type SsoRequest } from './request.js';
import type { SiteAddress } from './site-address.js';

/** Browsers drop a cookie whose name, value and attributes exceed this many bytes together. */
export const cookieLimit = 4_096;

/**
 * The name of one of our cookies. On https the prefix `__Host-` makes the browser refuse it from another host or
 * path. On http (this machine only) the port is part of the name, since all ports of a host share their cookies.
 *
 * @param purpose what it holds, e.g. `session` or `attempt`
 * @param owner the connector's name; left out for what belongs to the whole site
 */
export function cookieName(address: SiteAddress, purpose: string, owner?: string): string {
  const name = owner === undefined ? purpose : `${purpose}-${owner}`;
  return address.secure ? `__Host-fsso-${name}` : `fsso-${address.port}-${name}`;
}

/**
 * The `Set-Cookie` header.
 * @param maxAge seconds; 0 deletes the cookie; left out: until the browser is closed
 */
export function setCookie(address: SiteAddress, name: string, value: string, maxAge?: number): ReplyHeader {
  const life = maxAge === undefined ? '' : `; Max-Age=${maxAge}`;
  return [
    'Set-Cookie',
    `${name}=${value}; Path=/${life}; HttpOnly; SameSite=Lax${address.secure ? '; Secure' : ''}`,
  ];
}

/** The value of one cookie of a request; undefined when absent. The first wins when a name stands twice. */
export function readCookie(request: SsoRequest, name: string): string | undefined {
  const header = readHeader(request.headers, 'cookie');
  if (header === undefined) return undefined;
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0 && withoutBlanks(part.slice(0, equals)) === name)
      return withoutBlanks(part.slice(equals + 1));
  }
  return undefined;
}

/**
 * Takes off blanks and tabs alone, as browsers do. `trim` would take a no-break space for a blank as well, and so find
 * a cookie of ours in one that another host of the domain has set: with that character in front of its name, the
 * browser does not see the prefix `__Host-`.
 */
function withoutBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
