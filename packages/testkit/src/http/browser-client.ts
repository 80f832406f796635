import { CookieJar } from 'tough-cookie';

import type { HeaderLine, WireReply } from './reply.js';
import { sendRequest } from './send.js';

/** How a browser asks for something, as far as servers can see it. */
interface Fetching {
  readonly method: string;
  readonly destination: 'document' | 'iframe' | 'image' | 'script' | 'empty';
  readonly mode: 'navigate' | 'no-cors' | 'cors';
  /** The page on which it was asked; undefined: the person typed the address. */
  readonly from: string | undefined;
  /** All addresses since the first, for redirects. */
  readonly chain: readonly string[];
  readonly body?: string | undefined;
  readonly headers: readonly HeaderLine[];
}

interface Options {
  /** Address of the page on which the link, form or script stands; left out: the person typed the address. */
  readonly from?: string;
  /** More header lines, after the browser's own. */
  readonly headers?: readonly HeaderLine[];
}

/**
 * A browser as servers see it: keeps cookies with all their rules (`SameSite`, `__Host-`, `Secure`, expiry), sends
 * `Origin`, `Referer` and fetch metadata, and follows redirects one by one when it is told to.
 */
export class BrowserClient {
  readonly #jar = new CookieJar(undefined, { prefixSecurity: 'strict', rejectPublicSuffixes: false });
  readonly #pending = new WeakMap<WireReply, Fetching>();
  readonly #seen: (reply: WireReply) => void;

  /** @param seen called with every answer, in order */
  constructor(seen: (reply: WireReply) => void = () => {}) {
    this.#seen = seen;
  }

  /** Opens a page: a click on a link at `from`, or an address typed by the person. */
  open(url: string, { from, headers = [] }: Options = {}): Promise<WireReply> {
    return this.#fetch(url, {
      method: 'GET',
      destination: 'document',
      mode: 'navigate',
      from,
      chain: [url],
      headers,
    });
  }

  /** Sends a form that stands on the page `from`. */
  submit(
    url: string,
    fields: Readonly<Record<string, string>>,
    { from, headers = [] }: Options = {},
  ): Promise<WireReply> {
    return this.#fetch(url, {
      method: 'POST',
      destination: 'document',
      mode: 'navigate',
      from,
      chain: [url],
      body: new URLSearchParams(fields).toString(),
      headers: [['Content-Type', 'application/x-www-form-urlencoded'], ...headers],
    });
  }

  /** Asks as a script of the page `from` does with `fetch(url, { credentials: 'include' })`. */
  script(
    url: string,
    {
      from,
      headers = [],
      method = 'GET',
      body,
    }: Options & { readonly method?: string; readonly body?: string },
  ): Promise<WireReply> {
    return this.#fetch(url, {
      method,
      destination: 'empty',
      mode: 'cors',
      from,
      chain: [url],
      body,
      headers,
    });
  }

  /** Loads what the page `from` embeds. */
  embed(
    url: string,
    { as, from, headers = [] }: Options & { readonly as: 'iframe' | 'image' | 'script' },
  ): Promise<WireReply> {
    const mode = as === 'iframe' ? 'navigate' : 'no-cors';
    return this.#fetch(url, { method: 'GET', destination: as, mode, from, chain: [url], headers });
  }

  /** Loads a page in advance, in case the person should want it. */
  prefetch(url: string, { from, headers = [] }: Options = {}): Promise<WireReply> {
    return this.open(url, {
      ...(from === undefined ? {} : { from }),
      headers: [['Sec-Purpose', 'prefetch'], ...headers],
    });
  }

  /** Follows the redirect of an answer that this browser got. */
  follow(reply: WireReply): Promise<WireReply> {
    const before = this.#pending.get(reply);
    if (before === undefined) throw new Error(`The answer to ${reply.url} is not this browser's.`);
    const target = reply.target;
    const chain = [...before.chain, target];
    const keepsMethod = reply.status === 307 || reply.status === 308 || before.method === 'GET';
    const { body, ...rest } = before;
    return this.#fetch(
      target,
      keepsMethod
        ? { ...rest, body, chain }
        : {
            ...rest,
            method: 'GET',
            headers: rest.headers.filter(([name]) => name !== 'Content-Type'),
            chain,
          },
    );
  }

  /** The cookies that would go to an address which the person types: name and value. */
  async cookies(url: string): Promise<ReadonlyMap<string, string>> {
    const cookies = await this.#jar.getCookies(url, { sameSiteContext: 'strict' });
    return new Map(cookies.map(({ key, value }) => [key, value]));
  }

  /** Puts a cookie into the browser, as a `Set-Cookie` of that address would. */
  async plant(url: string, cookie: string): Promise<void> {
    await this.#jar.setCookie(cookie, url);
  }

  async #fetch(url: string, fetching: Fetching): Promise<WireReply> {
    const { origin, pathname, search } = new URL(url);
    const site = siteRelation(fetching);
    const cookies = await this.#jar.getCookieString(url, {
      sameSiteContext: sameSiteContext(site, fetching),
    });
    const reply = await sendRequest({
      method: fetching.method,
      origin,
      target: pathname + search,
      headers: [
        ['User-Agent', 'Mozilla/5.0 (testkit)'],
        [
          'Accept',
          fetching.mode === 'navigate'
            ? 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
            : '*/*',
        ],
        ['Accept-Language', 'en'],
        ...(cookies === '' ? [] : [['Cookie', cookies] as const]),
        ...originLines(url, fetching),
        ['Sec-Fetch-Site', site],
        ['Sec-Fetch-Mode', fetching.mode],
        ['Sec-Fetch-Dest', fetching.destination],
        ...(fetching.mode === 'navigate' ? [['Sec-Fetch-User', '?1'] as const] : []),
        ...fetching.headers,
      ],
      body: fetching.body,
    });
    for (const cookie of reply.all('set-cookie'))
      await this.#jar.setCookie(cookie, url, { ignoreError: true });
    this.#pending.set(reply, fetching);
    this.#seen(reply);
    return reply;
  }
}

type SiteRelation = 'none' | 'same-origin' | 'same-site' | 'cross-site';

/** `Sec-Fetch-Site`: the most distant relation of any address on the way to the page that asked. */
function siteRelation({ from, chain }: Fetching): SiteRelation {
  if (from === undefined) return 'none';
  const page = new URL(from);
  const targets = chain.map((address) => new URL(address));
  if (targets.some((target) => siteOf(target) !== siteOf(page))) return 'cross-site';
  return targets.every(({ origin }) => origin === page.origin) ? 'same-origin' : 'same-site';
}

/**
 * Scheme and registrable domain. For the hosts of tests: an IP address or a bare name is a site of its own, of all
 * others the last two labels are. The port does not count.
 */
function siteOf({ protocol, hostname }: URL): string {
  const isAddress = /^[\d.]+$|^\[/.test(hostname);
  return `${protocol}//${isAddress ? hostname : hostname.split('.').slice(-2).join('.')}`;
}

function sameSiteContext(
  site: SiteRelation,
  { mode, method, destination }: Fetching,
): 'strict' | 'lax' | 'none' {
  if (site !== 'cross-site') return 'strict';
  return mode === 'navigate' && destination === 'document' && method === 'GET' ? 'lax' : 'none';
}

/** `Origin` goes with everything but plain GETs; `Referer` tells other origins no more than the origin. */
function originLines(url: string, { from, method, mode }: Fetching): readonly HeaderLine[] {
  if (from === undefined) return method === 'GET' ? [] : [['Origin', 'null']];
  const page = new URL(from);
  const ownOrigin = page.origin === new URL(url).origin;
  const referer = ownOrigin ? page.origin + page.pathname + page.search : `${page.origin}/`;
  const withOrigin = method !== 'GET' || (mode === 'cors' && !ownOrigin);
  return [...(withOrigin ? [['Origin', page.origin] as const] : []), ['Referer', referer]];
}
