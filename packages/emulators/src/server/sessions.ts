import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { ServerAddress } from './server-address.js';

export interface SessionsOptions<T> {
  /** Part of the cookie's name; the port is added, since all ports of one host share their cookies. */
  readonly name: string;
  readonly address: ServerAddress;
  /** The data of a fresh session. */
  readonly create: () => T;
  /** How long an untouched session lives, in seconds. Default 86 400. */
  readonly lifetimeSeconds?: number;
  /** How many are kept; the longest untouched goes first. Default 1 000. */
  readonly limit?: number;
  readonly now?: () => Date;
}

/** Sessions in memory, found by a random value in an HttpOnly cookie. */
export interface Sessions<T> {
  /** The name of the cookie. */
  readonly cookieName: string;
  /** The session of this browser; undefined when it has none. */
  read(request: IncomingMessage): T | undefined;
  /** The session of this browser; a new one, with its cookie, when it has none. */
  open(request: IncomingMessage, response: ServerResponse): T;
  /** Moves the session to a new cookie value (at each login, so that a planted cookie is worth nothing). */
  renew(request: IncomingMessage, response: ServerResponse): T;
  /** Ends the session and takes the cookie back. */
  end(request: IncomingMessage, response: ServerResponse): void;
  /** Ends every session that the test picks: how many. */
  endWhere(test: (data: T) => boolean): number;
}

interface Entry<T> {
  readonly data: T;
  touched: number;
}

/** Makes the {@link Sessions} of one emulator. */
export function createSessions<T>({
  name,
  address,
  create,
  lifetimeSeconds = 86_400,
  limit = 1_000,
  now = () => new Date(),
}: SessionsOptions<T>): Sessions<T> {
  const cookieName = `${name}-${address.port}`;
  const attributes = `Path=/; HttpOnly; SameSite=Lax${address.origin.startsWith('https:') ? '; Secure' : ''}`;
  const entries = new Map<string, Entry<T>>();
  /** What this response has set already: a second look at the same request must find it. */
  const opened = new WeakMap<IncomingMessage, string>();

  const find = (request: IncomingMessage): string | undefined => {
    const id = opened.get(request) ?? readCookie(request, cookieName);
    const entry = id === undefined ? undefined : entries.get(id);
    if (id === undefined || entry === undefined) return undefined;
    entries.delete(id);
    if (now().getTime() - entry.touched > lifetimeSeconds * 1_000) return undefined;
    // Put back at the end: a Map keeps its order, so the first one is always the longest untouched.
    entry.touched = now().getTime();
    entries.set(id, entry);
    return id;
  };

  const keep = (request: IncomingMessage, response: ServerResponse, data: T): T => {
    const id = randomBytes(24).toString('base64url');
    for (const oldest of entries.keys()) {
      if (entries.size < limit) break;
      entries.delete(oldest);
    }
    entries.set(id, { data, touched: now().getTime() });
    opened.set(request, id);
    setCookie(response, cookieName, `${cookieName}=${id}; ${attributes}`);
    return data;
  };

  const read = (request: IncomingMessage): T | undefined => {
    const id = find(request);
    return id === undefined ? undefined : entries.get(id)?.data;
  };

  return {
    cookieName,
    read,
    open: (request, response) => read(request) ?? keep(request, response, create()),
    renew(request, response) {
      const id = find(request);
      const data = id === undefined ? undefined : entries.get(id)?.data;
      if (id !== undefined) entries.delete(id);
      return keep(request, response, data ?? create());
    },
    end(request, response) {
      const id = find(request);
      if (id !== undefined) entries.delete(id);
      opened.delete(request);
      setCookie(response, cookieName, `${cookieName}=; ${attributes}; Max-Age=0`);
    },
    endWhere(test) {
      let count = 0;
      for (const [id, entry] of entries) {
        if (test(entry.data)) {
          entries.delete(id);
          count++;
        }
      }
      return count;
    },
  };
}

/** One cookie's value, as sent. The first wins when a name is there twice. */
export function readCookie(request: IncomingMessage, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

/** Sets a cookie in place of one of the same name that this response has set before. */
function setCookie(response: ServerResponse, name: string, cookie: string): void {
  const before = response.getHeader('set-cookie');
  const list = before === undefined ? [] : Array.isArray(before) ? before : [String(before)];
  response.setHeader('set-cookie', [...list.filter((other) => !other.startsWith(`${name}=`)), cookie]);
}
