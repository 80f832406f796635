import type { SsoReply, SsoRequest } from '@forum-sso/core';
import { redirectReply } from '@forum-sso/core';
import { addHeaders, nodeRequest, writeReply } from '@forum-sso/core/node';

import type { HeaderLine } from '../../src/http/reply.js';
import { missingPage } from '../../src/site/pages.js';
import { type AdapterSteps, soundSteps } from './bare-harness.js';

/** Suites that must notice a broken adapter. */
export type SuiteName = 'provider' | 'errors' | 'visits' | 'login' | 'logout' | 'webhook';

/** An adapter with one fault, of the kinds that real ones have had. */
export interface BrokenAdapter {
  /** What it does wrong, to be read after "an adapter that". */
  readonly fault: string;
  readonly noticedBy: readonly SuiteName[];
  readonly steps: Partial<AdapterSteps>;
}

/** A request of which some parts are others. */
const request = (
  change: (sound: SsoRequest, message: Parameters<AdapterSteps['request']>[0]) => Partial<SsoRequest>,
): Partial<AdapterSteps> => ({
  request: (message, site) => {
    const sound = soundSteps.request(message, site);
    const { method, url, headers, ip } = sound;
    return { method, url, headers, ip, body: (limit) => sound.body(limit), ...change(sound, message) };
  },
});

/** Replies that are changed before they are written. */
const reply = (change: (sound: SsoReply) => SsoReply): Partial<AdapterSteps> => ({
  write: (response, sound) => writeReply(response, change(sound)),
});

const without = (headers: readonly HeaderLine[], name: string): readonly HeaderLine[] =>
  headers.filter(([given]) => given.toLowerCase() !== name);

/** By the port of the site. */
const firstCookies = new Map<number, string>();

/** What is being answered, by method and address. */
const underWay = new Map<string, Promise<SsoReply | null>>();

const all: readonly SuiteName[] = ['provider', 'errors', 'visits', 'login', 'logout', 'webhook'];

export const brokenAdapters: readonly BrokenAdapter[] = [
  // Requests
  {
    fault: 'loses the query',
    noticedBy: all,
    steps: request(({ url }) => ({ url: url.replace(/\?.*/, '') })),
  },
  {
    fault: 'decodes the query by itself',
    noticedBy: ['provider', 'errors', 'login'],
    steps: request(({ url }) => {
      try {
        return { url: decodeURIComponent(url) };
      } catch {
        return {};
      }
    }),
  },
  {
    fault: 'parses the query and writes it anew',
    noticedBy: ['errors', 'visits', 'login'],
    steps: request(({ url }) => {
      const { pathname, searchParams } = new URL(url, 'http://localhost');
      return { url: searchParams.size === 0 ? pathname : `${pathname}?${searchParams}` };
    }),
  },
  {
    fault: 'hands on the path below its mount point',
    noticedBy: all,
    steps: request(({ url }) => ({ url: url.replace(/^\/(sso|community|site)(?=\/)/, '') })),
  },
  {
    fault: 'believes X-Original-URL and X-Forwarded-Prefix',
    noticedBy: ['provider'],
    steps: request(({ url, headers }) => {
      const given = headers instanceof Headers ? undefined : headers['x-original-url'];
      return { url: typeof given === 'string' ? given : url };
    }),
  },
  {
    fault: 'resolves the address with the Host header',
    noticedBy: ['provider', 'visits', 'login'],
    steps: request(({ url }, { headers }) => ({
      url: new URL(url, `http://${headers.host}`).href.replace(/^http:\/\/127[^/]*/, ''),
    })),
  },
  {
    fault: 'hands on no header but the cookies',
    noticedBy: all,
    steps: request((_, { headers }) => ({ headers: { cookie: headers.cookie } })),
  },
  {
    fault: 'takes the last of repeated headers',
    noticedBy: ['provider', 'errors', 'webhook'],
    steps: request(({ headers }) => ({
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, String(value).split(', ').at(-1)]),
      ),
    })),
  },
  {
    fault: 'loses the cookies',
    noticedBy: all,
    steps: request((_, { headers: { cookie: _cookie, ...headers } }) => ({ headers })),
  },
  {
    fault: 'takes everybody for the first who came with a cookie',
    noticedBy: ['provider', 'visits', 'login', 'logout', 'webhook'],
    steps: request((_, { headers, socket: { localPort = 0 } }) => {
      const { cookie = firstCookies.get(localPort) } = headers;
      if (cookie !== undefined && !firstCookies.has(localPort)) firstCookies.set(localPort, cookie);
      return { headers: { ...headers, cookie: firstCookies.get(localPort) } };
    }),
  },
  {
    fault: 'believes X-Forwarded-For',
    noticedBy: ['errors', 'webhook'],
    steps: request((_, { headers }) => ({ ip: String(headers['x-forwarded-for'] ?? '127.0.0.1') })),
  },
  {
    fault: 'answers HEAD as GET',
    noticedBy: ['provider', 'errors', 'visits', 'login'],
    steps: request(({ method }) => ({ method: method === 'HEAD' ? 'GET' : method })),
  },
  {
    fault: 'obeys X-HTTP-Method-Override',
    noticedBy: ['provider'],
    steps: request(({ method }, { headers }) => ({
      method: String(headers['x-http-method-override'] ?? method),
    })),
  },
  {
    fault: 'writes methods in lower case',
    noticedBy: all,
    steps: request(({ method }) => ({ method: method.toLowerCase() })),
  },
  // Bodies
  {
    fault: 'parses bodies first and hands on what it has made of them',
    noticedBy: ['errors', 'webhook'],
    steps: request((sound) => ({
      body: async (limit) => {
        const text = Buffer.from(await sound.body(limit)).toString();
        try {
          return Buffer.from(JSON.stringify(JSON.parse(text)));
        } catch {
          return Buffer.from(text);
        }
      },
    })),
  },
  {
    fault: 'reads bodies as text',
    noticedBy: ['errors', 'webhook'],
    steps: request((sound) => ({
      body: async (limit) => Buffer.from(Buffer.from(await sound.body(limit)).toString('utf8')),
    })),
  },
  {
    fault: 'has no limit for bodies',
    noticedBy: ['errors', 'logout'],
    steps: request((sound) => ({ body: () => sound.body(1_000_000_000) })),
  },
  {
    fault: 'cuts bodies off at the limit',
    noticedBy: ['errors', 'logout', 'webhook'],
    steps: request((sound) => ({
      body: async (limit) => (await sound.body(1_000_000_000)).subarray(0, limit),
    })),
  },
  {
    fault: 'waits for bodies for ever',
    noticedBy: ['errors'],
    steps: { request: (message) => nodeRequest(message, message.url ?? '', { bodySeconds: 3_600 }) },
  },
  {
    fault: 'does not notice that the sender has gone',
    noticedBy: ['errors', 'logout', 'webhook'],
    steps: request((_, message) => ({
      body: () =>
        new Promise((resolve) => {
          const chunks: Uint8Array[] = [];
          message.on('data', (chunk: Uint8Array) => chunks.push(chunk));
          message.on('end', () => resolve(Buffer.concat(chunks)));
        }),
    })),
  },
  {
    fault: 'has no bodies',
    noticedBy: ['errors', 'login', 'logout', 'webhook'],
    steps: request(() => ({ body: async () => new Uint8Array() })),
  },
  {
    fault: 'makes up a body that a parser has consumed',
    noticedBy: ['errors', 'webhook'],
    steps: request((sound, message) => ({
      body: async (limit) =>
        'body' in message ? Buffer.from(JSON.stringify(message.body)) : await sound.body(limit),
    })),
  },
  // Replies
  {
    fault: 'drops Set-Cookie',
    noticedBy: ['errors', 'visits', 'login', 'logout', 'webhook'],
    steps: reply((sound) => ({ ...sound, headers: without(sound.headers, 'set-cookie') })),
  },
  {
    fault: 'keeps only the last cookie',
    noticedBy: ['errors', 'visits', 'login', 'logout'],
    steps: {
      write: (response, { status, headers, body }) => {
        response.statusCode = status;
        for (const [name, value] of headers) response.setHeader(name, value);
        response.end(body);
      },
    },
  },
  {
    fault: "overwrites the application's cookies",
    noticedBy: ['errors', 'visits', 'login', 'logout'],
    steps: {
      write: (response, sound) => {
        response.removeHeader('Set-Cookie');
        writeReply(response, sound);
      },
    },
  },
  {
    fault: "appends to the application's headers, whatever they say",
    noticedBy: ['errors'],
    steps: {
      write: (response, { status, headers, body }) => {
        response.statusCode = status;
        for (const [name, value] of headers) response.appendHeader(name, value);
        response.end(body);
      },
    },
  },
  { fault: 'ignores the status', noticedBy: all, steps: reply((sound) => ({ ...sound, status: 200 })) },
  {
    fault: 'redirects with another status',
    noticedBy: all,
    steps: reply((sound) => ({ ...sound, status: sound.status === 302 ? 303 : sound.status })),
  },
  {
    fault: 'adds a header for caches',
    noticedBy: all,
    steps: reply((sound) => ({
      ...sound,
      headers: [...without(sound.headers, 'cache-control'), ['Cache-Control', 'public, max-age=60']],
    })),
  },
  {
    fault: 'adds a validator for caches',
    noticedBy: all,
    steps: reply((sound) => ({ ...sound, headers: [...sound.headers, ['ETag', 'W/"1"']] })),
  },
  {
    fault: 'drops the security headers of pages',
    noticedBy: ['provider', 'errors', 'login', 'logout'],
    steps: reply((sound) => ({ ...sound, headers: without(sound.headers, 'content-security-policy') })),
  },
  {
    fault: 'drops Referrer-Policy',
    noticedBy: all,
    steps: reply((sound) => ({ ...sound, headers: without(sound.headers, 'referrer-policy') })),
  },
  {
    fault: 'drops Allow',
    noticedBy: ['provider', 'errors', 'login', 'logout', 'webhook'],
    steps: reply((sound) => ({ ...sound, headers: without(sound.headers, 'allow') })),
  },
  {
    fault: 'writes a body of its own for redirects',
    noticedBy: all,
    steps: reply((sound) => (sound.status === 302 ? { ...sound, body: 'Found. Redirecting' } : sound)),
  },
  {
    fault: 'encodes Location once more',
    noticedBy: ['provider', 'visits', 'login', 'logout', 'webhook'],
    steps: reply((sound) => ({
      ...sound,
      headers: sound.headers.map(([name, value]) => [name, name === 'Location' ? encodeURI(value) : value]),
    })),
  },
  {
    fault: 'makes Location absolute with the Host header',
    noticedBy: ['provider', 'visits', 'login', 'logout', 'webhook'],
    steps: {
      write: (response, sound) =>
        writeReply(response, {
          ...sound,
          headers: sound.headers.map(([name, value]) => [
            name,
            name === 'Location' ? new URL(value, `http://${response.req.headers.host}`).href : value,
          ]),
        }),
    },
  },
  {
    fault: 'drops bodies',
    noticedBy: all,
    steps: reply(({ status, headers }) => ({ status, headers })),
  },
  {
    fault: 'writes bytes as text',
    noticedBy: ['errors'],
    steps: reply((sound) =>
      sound.body instanceof Uint8Array ? { ...sound, body: Buffer.from(sound.body).toString() } : sound,
    ),
  },
  {
    fault: 'sets a type of its own',
    noticedBy: all,
    steps: reply((sound) => ({
      ...sound,
      headers: [...without(sound.headers, 'content-type'), ['Content-Type', 'text/plain']],
    })),
  },
  // Signing in with a forum account
  {
    fault: 'folds all cookies into one line',
    noticedBy: ['errors', 'login', 'logout', 'webhook'],
    steps: {
      write: (response, sound) => {
        const cookies = sound.headers.filter(([name]) => name === 'Set-Cookie').map(([, value]) => value);
        const others = without(sound.headers, 'set-cookie');
        writeReply(response, {
          ...sound,
          headers: cookies.length === 0 ? others : [...others, ['Set-Cookie', cookies.join(', ')]],
        });
      },
    },
  },
  {
    fault: 'cuts long cookies off',
    noticedBy: ['errors', 'login', 'logout', 'webhook'],
    steps: reply((sound) => ({
      ...sound,
      headers: sound.headers.map(([name, value]) => [
        name,
        name === 'Set-Cookie' ? value.replace(/^([^=]+=[^;]{200})[^;]*/, '$1') : value,
      ]),
    })),
  },
  {
    fault: 'hands on no fetch metadata',
    noticedBy: ['provider', 'login', 'logout'],
    steps: request((_, { headers }) => ({
      headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('sec-'))),
    })),
  },
  {
    fault: 'hands on neither Origin nor fetch metadata',
    noticedBy: ['provider', 'errors', 'login', 'logout'],
    steps: request((_, { headers: { origin: _origin, ...headers } }) => ({
      headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('sec-'))),
    })),
  },
  {
    fault: 'reads the person of the own session and keeps signing in to itself',
    noticedBy: ['provider', 'errors', 'visits', 'login', 'logout'],
    steps: { session: (given) => given && { ...given, signIn: async () => {} } },
  },
  {
    fault: 'never ends the own session',
    noticedBy: ['errors', 'visits', 'logout'],
    steps: { session: (given) => given && { ...given, signOut: async () => {} } },
  },
  {
    fault: 'hides what a callback of the own session throws',
    noticedBy: ['errors', 'visits', 'login'],
    steps: {
      session: (given) => given && { ...given, signIn: (user) => given.signIn(user).catch(() => {}) },
    },
  },
  {
    fault: 'tells the browser nothing when a page signs somebody out',
    noticedBy: ['visits', 'logout'],
    steps: {
      addHeaders: (response, headers) =>
        addHeaders(
          response,
          headers.filter(([, value]) => !/=out;|Max-Age=0/.test(value)),
        ),
    },
  },
  // Webhooks
  {
    fault: 'hands on no headers that begin with X-',
    noticedBy: ['errors', 'webhook'],
    steps: request((_, { headers }) => ({
      headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-'))),
    })),
  },
  {
    fault: 'has bodies only of what says it is JSON',
    noticedBy: ['errors', 'login', 'logout', 'webhook'],
    steps: request((sound, { headers }) => ({
      body: async (limit) =>
        headers['content-type'] === 'application/json' ? sound.body(limit) : new Uint8Array(),
    })),
  },
  {
    fault: 'trims bodies',
    noticedBy: ['errors', 'webhook'],
    steps: request((sound) => ({
      body: async (limit) =>
        Buffer.from(
          Buffer.from(await sound.body(limit))
            .toString('latin1')
            .trim(),
          'latin1',
        ),
    })),
  },
  {
    fault: 'knows no address of the sender',
    noticedBy: ['errors', 'webhook'],
    steps: request(() => ({ ip: undefined })),
  },
  {
    fault: 'reads the first bytes of a body alone',
    noticedBy: ['webhook'],
    steps: request((sound) => ({ body: async (limit) => (await sound.body(limit)).subarray(0, 65_536) })),
  },
  {
    fault: 'answers the second of two requests at the same time with the first answer',
    noticedBy: ['errors', 'login'],
    steps: {
      handle: (sso, given, session) => {
        const key = `${sso.baseUrl}${given.method}${given.url}`;
        const running = underWay.get(key);
        if (running !== undefined) return running;
        const answer = sso.handle(given, session).finally(() => underWay.delete(key));
        underWay.set(key, answer);
        return answer;
      },
    },
  },
  // What is whose
  {
    fault: 'answers what is not ours with its own 404',
    noticedBy: all,
    steps: {
      handle: async (sso, given, session) =>
        (await sso.handle(given, session)) ?? { status: 404, headers: [], body: 'Not Found' },
    },
  },
  {
    fault: 'throws refusals at the error handler of the site',
    noticedBy: ['provider', 'errors', 'login', 'logout', 'webhook'],
    steps: {
      handle: async (sso, given, session) => {
        const answer = await sso.handle(given, session);
        if (answer !== null && answer.status >= 400) throw new Error(`refused with ${answer.status}`);
        return answer;
      },
    },
  },
  {
    fault: 'hides faults of the engine',
    noticedBy: ['errors'],
    steps: { handle: (sso, given, session) => sso.handle(given, session).catch(() => null) },
  },
  {
    fault: 'hides errors behind the page for what is missing',
    noticedBy: ['errors', 'visits'],
    steps: { fault: () => missingPage },
  },
  {
    fault: "forgets the site's own session",
    noticedBy: ['provider', 'errors', 'visits', 'login', 'logout'],
    steps: { session: () => undefined },
  },
  // Pages
  {
    fault: 'sets no cookies on pages',
    noticedBy: ['provider', 'visits', 'login', 'logout'],
    steps: { addHeaders: () => {} },
  },
  {
    fault: 'replaces the cookies of the page by its own',
    noticedBy: ['visits'],
    steps: {
      addHeaders: (response, headers) => {
        for (const [name, value] of headers) response.setHeader(name, value);
      },
    },
  },
  {
    fault: 'sets the session cookie twice when a page changes it twice',
    noticedBy: ['visits'],
    steps: {
      addHeaders: (response, headers) => {
        for (const [name, value] of headers) response.appendHeader(name, value);
      },
    },
  },
  {
    fault: 'marks every page as not to be stored',
    noticedBy: ['visits'],
    steps: {
      addHeaders: (response, headers) => {
        response.setHeader('Cache-Control', 'no-store');
        addHeaders(response, headers);
      },
    },
  },
  {
    fault: 'shows the page although there is a silent login',
    noticedBy: ['visits', 'login', 'logout'],
    steps: { sendsVisitReply: false },
  },
  {
    fault: 'does not notice a sign-in on the same page',
    noticedBy: ['visits', 'logout'],
    steps: { forum: (forum) => ({ ...forum, user: forum.user }) },
  },
  {
    fault: 'ignores sign-out on pages',
    noticedBy: ['visits', 'logout'],
    steps: {
      forum: (forum) => ({
        get user() {
          return forum.user;
        },
        signIn: (user) => forum.signIn(user),
        signOut: async () => {},
        signInReply: () => forum.signInReply(),
      }),
    },
  },
  {
    fault: 'lets anonymous visitors through its guard',
    noticedBy: ['visits', 'login'],
    steps: { guard: () => null },
  },
  {
    fault: 'leads scripts to the sign-in page, too',
    noticedBy: ['visits', 'login'],
    steps: {
      guard: (_, { url }) => redirectReply(`/site/sign-in?returnTo=${encodeURIComponent(url ?? '')}`),
    },
  },
  {
    fault: 'makes the way back of the Host header',
    noticedBy: ['visits', 'login'],
    steps: {
      guard: (forum, { url, headers }) => {
        const sound = forum.signInReply();
        return sound.status === 302
          ? redirectReply(`/site/sign-in?returnTo=${encodeURIComponent(`http://${headers.host}${url}`)}`)
          : sound;
      },
    },
  },
  {
    fault: 'takes the way back as it comes',
    noticedBy: ['visits', 'login'],
    steps: {
      guard: (forum, { url }) => {
        const sound = forum.signInReply();
        return sound.status === 302
          ? redirectReply(`/site/sign-in?returnTo=${encodeURIComponent(url ?? '')}`)
          : sound;
      },
    },
  },
];
