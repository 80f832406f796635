import { createHash } from 'node:crypto';

import {
  type Connector,
  type Exchange,
  jsonReply,
  type Refusal,
  type Route,
  readHeader,
  redirectReply,
  refusal,
  type SsoReply,
} from '@forum-sso/core';

import { personNamed } from './people.js';

/** Largest body that the probe reads, in bytes. */
export const probeBodyLimit = 1_000;

/** A word that stands in errors thrown by the probe: nobody outside may ever see it. */
export const probeSecret = 'hunter2-in-a-stack-trace';

/** Where the probe's fixed address is. */
export const probeFixedPath = '/fixed/probe';

/**
 * A connector that shows what an adapter hands to the engine and what it makes of replies: one route for each kind of
 * caller and each kind of reply.
 */
export function probe(name = 'probe'): Connector {
  return {
    kind: 'probe',
    name,
    setUp: () => ({
      routes,
      // A silent login: whoever asks for it on a page is sent on, with a cookie.
      visit: async ({ query }) =>
        query.get('silent') === '1'
          ? redirectReply('/silent-login', [['Set-Cookie', 'silent=1; Path=/; HttpOnly']])
          : null,
    }),
  };
}

const get = (path: string, handle: Handle, caller: Route['caller'] = 'machine'): Route => ({
  method: 'GET',
  path,
  caller,
  handle,
});

type Handle = (exchange: Exchange) => Promise<SsoReply | Refusal>;

const tellRequest: Handle = async ({ request, path, id }) => {
  const { method, url, headers, ip } = request;
  return jsonReply(200, {
    method,
    url,
    path,
    id: id ?? null,
    ip: ip ?? null,
    cookie: readHeader(headers, 'cookie') ?? null,
    repeated: readHeader(headers, 'x-repeated') ?? null,
    authorization: readHeader(headers, 'authorization') ?? null,
  });
};

const digestBody: Handle = async ({ request }) => {
  const bytes = await request.body(probeBodyLimit);
  return jsonReply(200, { length: bytes.byteLength, sha256: digest(bytes) });
};

/** What the probe says of a body. */
export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Every byte there is. */
export const allBytes = Uint8Array.from({ length: 256 }, (_, i) => i);

const routes: readonly Route[] = [
  get('/request', tellRequest),
  { method: 'POST', path: '/request', caller: 'machine', handle: tellRequest },
  { method: 'DELETE', path: '/request', caller: 'machine', handle: tellRequest },
  { method: 'OPTIONS', path: '/request', caller: 'script', handle: tellRequest },
  get('/items/{id}.json', tellRequest),
  { ...get(probeFixedPath, tellRequest), absolute: true },
  { method: 'POST', path: '/body', caller: 'machine', handle: digestBody },
  { method: 'POST', path: '/form', caller: 'form', handle: digestBody },
  get(
    '/page',
    async (exchange) => exchange.page({ status: 200, title: 'Probe', paragraphs: ['<b>&'] }),
    'navigation',
  ),
  get('/who', async (exchange) => {
    const user = await exchange.currentUser();
    return user !== null && 'refused' in user ? user : jsonReply(200, { user: user?.id ?? null });
  }),
  get('/empty', async () => ({ status: 204, headers: [['Cache-Control', 'no-store']] })),
  get('/teapot', async () => ({
    status: 418,
    headers: [['Content-Type', 'text/plain; charset=utf-8']],
    body: 'é✓',
  })),
  get('/bytes', async () => ({
    status: 200,
    headers: [['Content-Type', 'application/octet-stream']],
    body: allBytes,
  })),
  get('/cookies', async () =>
    redirectReply('/elsewhere', [
      ['Set-Cookie', 'one=1; Path=/; HttpOnly'],
      ['Set-Cookie', 'two=2; Path=/; SameSite=Lax'],
      ['Set-Cookie', 'three=; Path=/; Max-Age=0'],
    ]),
  ),
  get(
    '/fault',
    async () => {
      throw new Error(probeSecret);
    },
    'navigation',
  ),
  get('/fault.json', async () => {
    throw new Error(probeSecret);
  }),
  get('/refusal', async () => refusal('ERR_RATE_LIMITED', `Slow down, ${probeSecret}.`), 'navigation'),
  get('/refusal.json', async () => refusal('ERR_RATE_LIMITED', `Slow down, ${probeSecret}.`)),
  // In this browser and out again, as a connector with which people log in to the site does.
  {
    method: 'POST',
    path: '/sign-in',
    caller: 'machine',
    handle: async ({ session, query }) => {
      await session.signIn(personNamed(String(query.get('user'))));
      return jsonReply(200, { signedIn: true });
    },
  },
  {
    method: 'POST',
    path: '/sign-out',
    caller: 'machine',
    handle: async ({ session }) => {
      await session.signOut();
      return jsonReply(200, { signedOut: true });
    },
  },
];
