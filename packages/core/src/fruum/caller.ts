import { createHash, timingSafeEqual } from 'node:crypto';

import { isRefusal, type Refusal, refusal } from '../errors.js';
import { type Query, readParameter } from '../http/query.js';
import { type HeadersLike, readHeader } from '../http/request.js';

/** How Fruum's calls are recognised: by what the auth URL holds. */
export type FruumCaller =
  | { readonly kind: 'basic'; readonly name: string; readonly password: string }
  | { readonly kind: 'key'; readonly key: string };

/** Shortest password or key, in characters. */
const secretMinimum = 20;

/**
 * Reads `caller` (`FRUUM_CALLER`): `name:password` for `https://name:password@…`, anything else is the key of `?k=…`.
 * Only characters that need no escaping in a URL, so that the value can be pasted into the auth URL as it is.
 */
export function readCaller(text: string): FruumCaller | Refusal {
  const [, name, secret = ''] = /^(?:([\w.~-]+):)?([\w.~-]+)$/.exec(text) ?? [];
  if (secret.length < secretMinimum) {
    return refusal(
      'ERR_OPTIONS_INVALID',
      `caller (FRUUM_CALLER) is "name:password" or the key of "?k=", with at least ${secretMinimum} letters, digits and "-._~" in password or key: make one with "openssl rand -hex 24".`,
    );
  }
  return name === undefined ? { kind: 'key', key: secret } : { kind: 'basic', name, password: secret };
}

/** The secret part of a caller. */
export function callerSecret(caller: FruumCaller): string {
  return caller.kind === 'basic' ? caller.password : caller.key;
}

/** Refuses a request that holds none of the callers' credentials; compared in constant time. */
export function checkCaller(
  callers: readonly FruumCaller[],
  headers: HeadersLike,
  query: Query,
): Refusal | null {
  if (callers.length === 0) return null;
  const authorization = readHeader(headers, 'authorization') ?? '';
  const [, basic = ''] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization) ?? [];
  const credentials = Buffer.from(basic, 'base64').toString('utf8');
  const parameter = readParameter(query, 'k');
  const key = isRefusal(parameter) ? '' : (parameter ?? '');
  let known = false;
  for (const caller of callers) {
    const matches =
      caller.kind === 'basic'
        ? equals(credentials, `${caller.name}:${caller.password}`)
        : equals(key, caller.key);
    known = matches || known;
  }
  if (known) return null;
  return refusal(
    'ERR_FRUUM_CALLER_UNKNOWN',
    'The request does not hold the credentials of "caller" (FRUUM_CALLER): put them into the auth URL given to Fruum.',
  );
}

function equals(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
