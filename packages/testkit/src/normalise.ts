import type { WireReply } from './http/reply.js';
import { siteMark } from './site/pages.js';

/** An answer in the form in which those of different adapters must be equal. */
export interface NormalReply {
  /** Method-less address: path and query. */
  readonly target: string;
  readonly status: number;
  /** `name: value`, names in lower case, sorted; several lines of one name stay in their order. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** Headers of the connection and of the framework's own habits, which no adapter decides on. */
const transportHeaders = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
  'x-powered-by',
]);

/** On pages of the test site itself, only these count: how a framework sends JSON is its own affair. */
const pageHeaders = new Set([siteMark.toLowerCase(), 'cache-control', 'location', 'set-cookie']);

/**
 * Takes out of an answer what differs from run to run: random values by the names they are given, sealed cookies by
 * the name of the cookie.
 *
 * @param names what to write for which text, e.g. the port of the server; longer texts are replaced first
 */
export function normalise(reply: WireReply, names: Readonly<Record<string, string>>): NormalReply {
  const texts = Object.entries(names).sort(([, a], [, b]) => b.length - a.length);
  const named = (text: string): string => {
    let result = text;
    for (const [name, value] of texts) {
      result = result.replaceAll(value, `{${name}}`).replaceAll(encodeURIComponent(value), `{${name}}`);
    }
    return result;
  };
  const isPage = reply.all(siteMark).length > 0;
  const plain = (text: string): string => named(withoutSecrets(text, named));
  const { pathname, search } = new URL(reply.url);
  return {
    target: plain(pathname + search),
    status: reply.status,
    headers: reply.headers
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => (isPage ? pageHeaders.has(name) : !transportHeaders.has(name)))
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([name, value]) => `${name}: ${plain(name === 'set-cookie' ? withoutSealed(value) : value)}`),
    body: plain(isPage && reply.text !== '' ? JSON.stringify(reply.json()) : reply.text),
  };
}

/** Messages with a nonce are written out, without the nonce and the signature over it; so are sealed form fields. */
function withoutSecrets(text: string, named: (text: string) => string): string {
  let messages = 0;
  const told = text.replace(/\bsso=((?:[\w-]|%2B|%2F|%3D)+)/g, (whole, sso: string) => {
    const payload = Buffer.from(decodeURIComponent(sso), 'base64').toString('utf8');
    if (!/\bnonce=/.test(payload)) return whole;
    messages++;
    // The nonce first: it may happen to hold the digits of the port.
    return `sso={${named(payload.replace(/\bnonce=[0-9a-f]{32}\b/, 'nonce={nonce}'))}}`;
  });
  return (messages === 0 ? told : told.replace(/\bsig=[0-9a-f]{63,64}/g, 'sig={sig}')).replace(
    / value="[\w-]{20,}\.\.[\w.-]+"/g,
    ' value="{sealed}"',
  );
}

/** A cookie's value, when it is long enough to be random, and the name of a login attempt's cookie. */
function withoutSealed(cookie: string): string {
  return cookie
    .replace(/^([^=]+)=[^;]{20,}/, '$1={sealed}')
    .replace(/^([^=]+-attempt-[^=]+)-[0-9a-f]{8}=/, '$1-{attempt}=');
}
