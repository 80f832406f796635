import { afterEach, describe, expect, jest, test } from '@jest/globals';

import {
  type Connector,
  createForumSso,
  type ForumSso,
  type ForumSsoEvent,
  isForumSsoError,
  jsonReply,
  redirectReply,
  type SiteUser,
} from '../src/index.js';
import { forumVisit, toWebHandler, type WebContact } from '../src/web.js';

const keys = '0d1c7a94b3f25e8866aa10cfe4937b52d8e1f60394c5a7b28e6d1f3a09c4b7e5';
const bob: SiteUser = { id: '2', email: 'bob@example.com', emailVerified: true, username: 'bob' };
const bodyLimit = 10;

/** Tells what it heard, and reads bodies. */
const echo: Connector = {
  kind: 'echo',
  name: 'echo',
  setUp: () => ({
    routes: [
      {
        method: 'GET',
        path: '',
        caller: 'machine',
        handle: async ({ request: { url, method, ip } }) => jsonReply(200, { url, method, ip: ip ?? null }),
      },
      {
        method: 'POST',
        path: '',
        caller: 'machine',
        handle: async ({ request }) =>
          jsonReply(200, { text: new TextDecoder().decode(await request.body(bodyLimit)) }),
      },
      {
        method: 'POST',
        path: '/in',
        caller: 'machine',
        handle: async ({ session }) => {
          await session.signIn(bob);
          return redirectReply('/in', [
            ['Set-Cookie', 'ours=1'],
            ['Vary', 'Cookie'],
            ['X-Twice', '1'],
            ['X-Twice', '2'],
          ]);
        },
      },
    ],
    visit: async ({ query }) =>
      query.get('silent') === '1' ? redirectReply('/silent', [['Set-Cookie', 'silent=1']]) : null,
  }),
};

const events: ForumSsoEvent[] = [];
afterEach(() => {
  events.length = 0;
  jest.useRealTimers();
});
const sso: ForumSso = createForumSso({
  baseUrl: 'https://site.example.com/sso',
  keys,
  connectors: [echo],
  events: (event) => events.push(event),
});
const site = 'https://site.example.com';
const handler = toWebHandler(sso);

/** What the operator is told of the last request. */
const refused = (): string | undefined => {
  const event = events.at(-1);
  return event?.type === 'request.refused' ? event.code : event?.type;
};

const post = (
  body: string | ReadableStream<Uint8Array> | null,
  headers: Readonly<Record<string, string>> = {},
  path = '/sso/echo',
): Request =>
  new Request(site + path, {
    method: 'POST',
    body,
    headers,
    ...(body instanceof ReadableStream ? { duplex: 'half' as const } : {}),
  });

/** A body that sends these pieces, and then stays open, ends or breaks. */
function stream(pieces: readonly string[], end: 'open' | 'ends' | 'breaks', onCancel = () => {}) {
  const rest = [...pieces];
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = rest.shift();
      if (piece !== undefined) controller.enqueue(Buffer.from(piece));
      else if (end === 'ends') controller.close();
      else if (end === 'breaks') controller.error(new Error('connection reset'));
      // An open one waits for ever.
      else return new Promise<void>(() => {});
      return undefined;
    },
    cancel: onCancel,
  });
}

describe('the handler', () => {
  test('hears path and query as they stand in the address, and nothing of the host', async () => {
    for (const origin of [site, 'http://127.0.0.1:8080', 'https://evil.example']) {
      const response = await handler(new Request(`${origin}/sso/echo?a=%20&a=1&b=//c`));
      expect(await response.json()).toEqual({ url: '/sso/echo?a=%20&a=1&b=//c', method: 'GET', ip: null });
    }
  });

  test('answers what is not ours with 404, or as it is told', async () => {
    const response = await handler(new Request(`${site}/elsewhere`));
    expect([response.status, await response.text()]).toEqual([404, 'Not found']);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    for (const target of ['//sso/echo', '/sso//echo', '/.//evil.example/sso/echo', '/x/sso/echo', '']) {
      expect((await handler(new Request(site + target))).status).toBe(404);
    }
    const told = toWebHandler<{ readonly name: string }>(sso, {
      otherwise: (request, { name }) => new Response(`${name} ${new URL(request.url).pathname}`),
    });
    expect(await (await told(new Request(`${site}/page`), { name: 'site' })).text()).toBe('site /page');
    expect((await told(new Request(`${site}/sso/echo`), { name: 'site' })).status).toBe(200);
  });

  test('is told the address of the sender, never by a header', async () => {
    const told = toWebHandler(sso, { ip: (_, { remote }: { readonly remote: string }) => remote });
    const request = new Request(`${site}/sso/echo`, { headers: { 'X-Forwarded-For': '203.0.113.9' } });
    expect(await (await told(request, { remote: '192.0.2.7' })).json()).toMatchObject({ ip: '192.0.2.7' });
    expect(await (await handler(request)).json()).toMatchObject({ ip: null });
  });

  test("takes the site's own session; its cookies stay, our headers win over its other ones", async () => {
    const contacts: WebContact[] = [];
    const own = toWebHandler(sso, {
      currentUser: () => null,
      signIn: (contact, { id }) => {
        contacts.push(contact);
        contact.headers.append('Set-Cookie', `site=${id}`);
        contact.headers.append('Set-Cookie', 'ours=0');
        contact.headers.append('Vary', 'Accept');
        contact.headers.set('Cache-Control', 'public');
      },
    });
    const request = post(null, {}, '/sso/echo/in');
    const response = await own(request, 'env');
    expect(contacts).toEqual([expect.objectContaining({ request, env: 'env' })]);
    expect(response.status).toBe(302);
    expect(response.headers.getSetCookie()).toEqual(['site=2', 'ours=1']);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('vary')).toBe('Accept, Cookie');
    expect(response.headers.get('x-twice')).toBe('1, 2');
    expect(response.body).toBeNull();
  });

  test('refuses callbacks that are no session at once', () => {
    for (const make of [toWebHandler, forumVisit]) {
      expect(() => make(sso, { signIn: () => {} })).toThrow(/ERR_OPTIONS_INVALID/);
    }
  });

  test('rejects when the engine fails', async () => {
    const failing = toWebHandler({
      ...sso,
      handle: async () => {
        throw new Error('engine');
      },
    });
    await expect(failing(new Request(`${site}/sso/echo`))).rejects.toThrow('engine');
  });
});

describe('bodies', () => {
  test.each([
    ['none', null, ''],
    ['empty', '', ''],
    ['text at the limit', '0123456789', '0123456789'],
    ['pieces', stream(['01', '', '2é'], 'ends'), '012é'],
  ])('%s', async (_, body, text) => {
    expect(await (await handler(post(body))).json()).toEqual({ text });
  });

  test('larger than the limit, with and without a length, are refused, and the rest is not read', async () => {
    let cancelled = 0;
    const large = () => stream(['0123456789', 'x', 'never read'], 'open', () => cancelled++);
    for (const request of [
      post('0123456789x'),
      post(large()),
      post(
        stream([], 'open', () => cancelled++),
        { 'Content-Length': '11' },
      ),
    ]) {
      const response = await handler(request);
      expect([response.status, refused()]).toEqual([413, 'ERR_BODY_TOO_LARGE']);
    }
    expect(cancelled).toBe(2);
  });

  test('a length that lies does not open the limit', async () => {
    expect((await handler(post(stream(['0123456789x'], 'ends'), { 'Content-Length': '1' }))).status).toBe(
      413,
    );
    expect((await handler(post(stream(['01'], 'ends'), { 'Content-Length': 'many' }))).status).toBe(200);
  });

  test('that do not arrive in time are refused', async () => {
    const cancelled = jest.fn();
    const slow = toWebHandler(sso, { bodySeconds: 0.05 });
    const response = await slow(post(stream(['01'], 'open', cancelled)));
    expect([response.status, refused()]).toEqual([400, 'ERR_BODY_UNREADABLE']);
    expect(cancelled).toHaveBeenCalledTimes(1);
  });

  test('that break off are refused', async () => {
    const response = await handler(post(stream(['01'], 'breaks')));
    expect([response.status, refused()]).toEqual([400, 'ERR_BODY_UNREADABLE']);
  });

  test('that were read before are refused with the remedy; a copy is as good', async () => {
    const read = post('{"a":1}');
    await read.text();
    const locked = post('{"a":1}');
    locked.body?.getReader();
    for (const request of [read, locked]) {
      expect((await handler(request)).status).toBe(500);
      expect(refused()).toBe('ERR_RAW_BODY_CONSUMED');
      expect(events.at(-1)).toMatchObject({ detail: expect.stringContaining('clone()') });
    }
    const request = post('{"a":1}');
    const copy = request.clone();
    await request.json();
    expect(await (await handler(copy)).json()).toEqual({ text: '{"a":1}' });
  });
});

describe('a page visit', () => {
  const visit = forumVisit(sso);
  const page = (cookie?: string): Request =>
    new Request(`${site}/page?tab=1`, {
      headers: { Accept: 'text/html', ...(cookie === undefined ? {} : { Cookie: cookie }) },
    });

  test('knows the person, with a cookie that the page carries', async () => {
    const stranger = await visit(page());
    expect([stranger.user, stranger.instead]).toEqual([null, null]);
    const untouched = new Response('page');
    expect(stranger.finish(untouched)).toBe(untouched);
    expect(untouched.headers.getSetCookie()).toEqual([]);

    await stranger.signIn(bob);
    expect(stranger.user).toEqual(bob);
    const signedIn = stranger.finish(
      new Response('page', {
        headers: [
          ['Set-Cookie', 'page=1'],
          ['Cache-Control', 'private'],
        ],
      }),
    );
    const [ours = '', theirs] = signedIn.headers.getSetCookie();
    expect(ours).toMatch(/^__Host-fsso-session=[\w.-]{50,}; .*Secure/);
    expect([theirs, signedIn.headers.get('cache-control')]).toEqual(['page=1', 'private']);

    const again = await visit(page(ours.split(';')[0]));
    expect(again.user).toEqual(bob);
    await again.signOut();
    expect(again.user).toBeNull();
    const [over] = again.finish(new Response('')).headers.getSetCookie();
    expect(over).toMatch(/^__Host-fsso-session=; Path=\/; Max-Age=0/);
    expect((await visit(page(ours.split(';')[0]))).user).toBeNull();
  });

  test('puts cookies on answers that cannot be changed, too', async () => {
    const forum = await visit(page());
    await forum.signIn(bob);
    const away = forum.finish(Response.redirect('https://site.example.com/next', 303));
    expect([away.status, away.headers.get('location')]).toEqual([303, 'https://site.example.com/next']);
    expect(away.headers.getSetCookie()).toHaveLength(1);
  });

  test('leads strangers to the sign-in page and back, and programs nowhere', async () => {
    const away = (await visit(page())).signInResponse();
    expect([away.status, away.headers.get('location')]).toEqual([302, '/login?returnTo=%2Fpage%3Ftab%3D1']);
    const program = (await visit(new Request(`${site}/page`))).signInResponse();
    expect([program.status, await program.json()]).toEqual([
      401,
      expect.objectContaining({ error: 'ERR_SIGN_IN_REQUIRED' }),
    ]);
    for (const target of ['/.//evil.example', '//evil.example/x', '/\\evil.example', '/..//evil.example']) {
      const forum = await visit(new Request(site + target, { headers: { Accept: 'text/html' } }));
      const location = forum.signInResponse().headers.get('location') ?? '';
      const back = new URL(location, site).searchParams.get('returnTo') ?? '/';
      expect(new URL(back, site).origin).toBe(site);
    }
  });

  test('is answered at once when a connector wants to log in silently', async () => {
    const { instead } = await visit(new Request(`${site}/page?silent=1`));
    expect([instead?.status, instead?.headers.get('location'), instead?.headers.getSetCookie()]).toEqual([
      302,
      '/silent',
      ['silent=1'],
    ]);
  });

  test("takes the site's own session, and rejects when that fails", async () => {
    const own = forumVisit(sso, {
      currentUser: ({ headers }) => {
        headers.append('Set-Cookie', 'renewed=1');
        headers.set('X-Session', 'own');
        return bob;
      },
    });
    const forum = await own(page());
    expect(forum.user).toEqual(bob);
    const response = forum.finish(new Response('page', { headers: { 'X-Session': 'page' } }));
    expect([response.headers.getSetCookie(), response.headers.get('x-session')]).toEqual([
      ['renewed=1'],
      'page',
    ]);
    const failing = forumVisit(sso, {
      currentUser: () => {
        throw new Error('database');
      },
    });
    const error: unknown = await failing(page()).catch((thrown: unknown) => thrown);
    expect(isForumSsoError(error) && error.code).toBe('ERR_SITE_CALLBACK_FAILED');
  });
});
