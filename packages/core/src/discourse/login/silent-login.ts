import type { Exchange } from '../../connector.js';
import { isRefusal } from '../../errors.js';
import { cookieName, readCookie, setCookie } from '../../http/cookies.js';
import { queryOf } from '../../http/query.js';
import { type ReplyHeader, redirectReply, type SsoReply } from '../../http/reply.js';
import { readHeader, type SsoRequest } from '../../http/request.js';
import { safeReturnPath } from '../../http/return-path.js';
import type { SiteAddress } from '../../http/site-address.js';
import type { LoginFlow } from './login-flow.js';

/**
 * What this browser has been through; one word in a cookie. It decides on comfort alone and is worth nothing to anybody:
 * - `test`: we only want to see whether cookies come back;
 * - `tried`: the forum was asked and nobody was signed in there, or the answer never came;
 * - `in`: somebody signed in here with the forum;
 * - `out`: somebody signed out on purpose.
 */
export type BrowserState = 'test' | 'tried' | 'in' | 'out';

/** How long the cookie is kept, in seconds. */
const stateLife: Readonly<Record<BrowserState, number>> = {
  test: 60,
  tried: 30 * 86_400,
  in: 60 * 86_400,
  out: 365 * 86_400,
};

/** Stands in the address of a page once, to see whether a cookie comes back with it. */
const testParameter = 'fsso-cookie-test';

export interface SilentLoginParts {
  readonly name: string;
  readonly address: SiteAddress;
  readonly flow: LoginFlow;
  /** Asks the forum at the first visit of a browser. */
  readonly seamless: boolean;
  /** Asks the forum when a session that began there has ended by itself. */
  readonly relogin: boolean;
  /** Pages on which nobody is sent away: the sign-in page. */
  readonly exceptPaths: readonly string[];
}

export interface SilentLogin {
  /** Remembers what happened in this browser. */
  mark(state: BrowserState): ReplyHeader;
  /** True when the last that happened in this browser was a login with the forum. */
  beganHere(request: SsoRequest): boolean;
  /** For a page that an anonymous person opens: where to send the browser first, or null. */
  visit(exchange: Exchange): Promise<SsoReply | null>;
}

/**
 * Signs people in without a page, when they are signed in at the forum (`prompt=none`). A browser is asked about once;
 * one that returns no cookie is redirected once, to the same page. The mark is written before the browser leaves, so
 * an attempt that breaks off leads to no loop.
 */
export function createSilentLogin({
  name,
  address,
  flow,
  seamless,
  relogin,
  exceptPaths,
}: SilentLoginParts): SilentLogin {
  const cookie = cookieName(address, 'browser', name);
  const mark = (state: BrowserState): ReplyHeader => setCookie(address, cookie, state, stateLife[state]);

  /** Whether a cookie comes back: once around to the same page. */
  function testCookies(request: SsoRequest): SsoReply | null {
    if (hasTestParameter(request.url)) return null;
    const again = safeReturnPath(withTestParameter(request.url), address.origin);
    return isRefusal(again) ? null : redirectReply(again, [mark('test')]);
  }

  async function probe(request: SsoRequest): Promise<SsoReply | null> {
    const returnPath = safeReturnPath(withoutTestParameter(request.url), address.origin);
    if (isRefusal(returnPath)) return null;
    const departure = await flow.depart(request, { purpose: 'probe', returnPath, requireTwoFactor: false });
    if (isRefusal(departure)) return null;
    return redirectReply(departure.location, [...departure.headers, mark('tried')]);
  }

  return {
    mark,
    beganHere: (request) => readCookie(request, cookie) === 'in',
    async visit({ request, path }) {
      if ((!seamless && !relogin) || !isPageRequest(request) || exceptPaths.includes(path)) return null;
      const state = readCookie(request, cookie);
      if (state === 'test') return seamless ? probe(request) : null;
      if (state === 'in') return relogin ? probe(request) : null;
      return state === undefined && seamless ? testCookies(request) : null;
    },
  };
}

/** A page that a person opens: no form, script, frame, download or look-ahead. */
function isPageRequest({ method, headers }: SsoRequest): boolean {
  if (method !== 'GET') return false;
  if (readHeader(headers, 'sec-purpose') !== undefined || readHeader(headers, 'purpose') !== undefined)
    return false;
  const destination = readHeader(headers, 'sec-fetch-dest');
  if (destination !== undefined) return destination === 'document';
  return (readHeader(headers, 'accept') ?? '').includes('text/html');
}

function hasTestParameter(url: string): boolean {
  return queryOf(url)
    .split('&')
    .some((part) => part === `${testParameter}=1`);
}

function withTestParameter(url: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${testParameter}=1`;
}

function withoutTestParameter(url: string): string {
  const [path = '/'] = url.split('?');
  const rest = queryOf(url)
    .split('&')
    .filter((part) => part !== '' && part !== `${testParameter}=1`);
  return rest.length === 0 ? path : `${path}?${rest.join('&')}`;
}
