import type { IncomingMessage } from 'node:http';

/**
 * Leads a person who opened the site under another name of this machine (`127.0.0.1` for `localhost`) to the one in
 * its address: cookies are kept per name, so a login begun under one does not end under the other.
 *
 * @param origin this site's origin, from configuration; the `Host` header only decides whether to redirect to it
 * @returns tells for a request where to redirect to, or null
 */
export function canonicalHost(origin: string): (message: IncomingMessage) => string | null {
  const { host, hostname, port } = new URL(origin);
  const suffix = port === '' ? '' : `:${port}`;
  const names = ['localhost', '127.0.0.1', '[::1]'];
  const others = new Set(
    names.includes(hostname) ? names.map((name) => name + suffix).filter((name) => name !== host) : [],
  );
  return ({ method, headers, url = '/' }) => {
    const page = method === 'GET' && headers['sec-fetch-dest'] === 'document';
    return page && url.startsWith('/') && others.has(headers.host ?? '') ? origin + url : null;
  };
}
