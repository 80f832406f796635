import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';

import type { ActiveConnector, Connector, Route } from '../src/connector.js';
import { errorFrom, errorTable, isForumSsoError, isRefusal, refusal } from '../src/errors.js';
import type { ForumSsoEvent } from '../src/events/event.js';
import { createForumSso, type ForumSso } from '../src/forum-sso.js';
import { jsonReply } from '../src/http/reply.js';
import type { HeadersLike, SsoRequest } from '../src/http/request.js';
import type { ForumSsoOptions } from '../src/options/forum-sso-options.js';
import type { SiteSession } from '../src/session/site-session.js';
import type { SiteUser } from '../src/site-user.js';

const alice: SiteUser = { id: 'alice', email: 'alice@example.com', emailVerified: true };
const key = randomBytes(32).toString('hex');

function request(
  url: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: HeadersLike } = {},
): SsoRequest {
  return { method, url, headers, ip: '127.0.0.1', body: async () => new Uint8Array() };
}

function connector(
  routes: readonly Route[],
  { name = 'test', ...active }: Partial<ActiveConnector> & { name?: string } = {},
): Connector {
  return { kind: 'test', name, setUp: () => ({ ...active, routes }) };
}

function route(
  handle: Route['handle'],
  { method = 'GET', path = '', caller = 'navigation' }: Partial<Route> = {},
): Route {
  return { method, path, caller, handle };
}

function forumSso(connectors: readonly Connector[], more: Partial<ForumSsoOptions> = {}) {
  const events: ForumSsoEvent[] = [];
  const sso = createForumSso({
    baseUrl: 'https://site.example.com/sso',
    keys: key,
    connectors,
    events: (event) => events.push(event),
    ...more,
  });
  return { sso, events };
}

const signedInAs = (user: SiteUser | null): SiteSession => ({
  currentUser: async () => user,
  signIn: async () => {},
  signOut: async () => {},
});

function problemsOf(options: unknown): readonly string[] {
  try {
    // The callers without a type checker.
    Reflect.apply(createForumSso, undefined, [options]);
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    expect(error.code).toBe('ERR_OPTIONS_INVALID');
    for (const problem of error.problems) expect(error.message).toContain(problem);
    return error.problems;
  }
  throw new Error('it started');
}

describe('createForumSso', () => {
  test('lists everything that is wrong at once', () => {
    const problems = problemsOf({
      baseUrl: 'http://site.example.com/sso',
      keys: ['short', key],
      trustedProxies: ['10.0.0.0/8', 'proxy'],
      connectors: [],
    });
    expect(problems).toHaveLength(4);
    expect(problems.join('\n')).toMatch(
      /baseUrl.*https[\s\S]*keys\[0\][\s\S]*"proxy"[\s\S]*connectors is empty/,
    );
  });

  describe('connectors are looked at as well', () => {
    const wrong: Connector = {
      kind: 'k',
      name: 'forum',
      setUp: (setup) => {
        setup.problem('forumUrl is missing.');
        setup.readSecrets('short', 'secret', { minimum: 10 });
        setup.createSealer('x');
        return null;
      },
    };
    const ofConnector = ['forum: forumUrl is missing.', 'forum: secret is shorter than 10 characters.'];

    test.each<[string, object, readonly string[]]>([
      ['the address', { baseUrl: 'http://site.example.com' }, ['baseUrl']],
      ['the keys', { keys: 'short' }, ['keys[0]']],
      ['the proxies', { trustedProxies: ['x'] }, ['trustedProxies']],
      ['the shape of the address and of the keys', { baseUrl: 7, keys: {} }, ['baseUrl:', 'keys:']],
      ['the name of an option', { storage: {} }, ['options: Unrecognized key: "storage".']],
      ['a callback', { findUser: 'x', now: 5, events: {} }, ['findUser:', 'events:', 'now:']],
      ['a path', { signInPath: '//x', homePath: 'y' }, ['signInPath:', 'homePath:']],
      ['the store', { store: { oneTime: {}, revocations: {} } }, ['store.shared:', 'store.oneTime.claim:']],
      ['the queue', { queue: {} }, ['queue.kind:', 'queue.open:']],
      [
        'another connector',
        { connectors: [{ kind: 'x' }, wrong, null] },
        ['connectors.0.name:', 'connectors.2:'],
      ],
    ])('when %s is wrong', (_, options, named) => {
      const problems = problemsOf({
        baseUrl: 'https://a.example',
        keys: key,
        connectors: [wrong],
        ...options,
      });
      for (const sentence of ofConnector) expect(problems).toContain(sentence);
      for (const name of named) expect(problems).toContainEqual(expect.stringContaining(name));
      expect(problems.join('\n')).not.toContain('site.invalid');
    });

    test('a missing address and missing keys are told once', () => {
      expect(problemsOf({ connectors: [wrong] })).toEqual([
        'baseUrl: Invalid input: expected string, received undefined.',
        'keys: Invalid input.',
        ...ofConnector,
      ]);
    });
  });

  test.each([
    [undefined, 'options'],
    [{}, 'baseUrl'],
    [{ baseUrl: 'https://a.example', keys: key, connectors: [], baseURL: 'x' }, 'baseURL'],
    [{ baseUrl: 'https://a.example', keys: key, connectors: [{}] }, 'connectors.0.kind'],
    [{ baseUrl: 'https://a.example', keys: key, connectors: [], signInPath: '//evil.example' }, 'signInPath'],
    [
      { baseUrl: 'https://a.example', keys: key, connectors: [], session: { rollingSeconds: 1.5 } },
      'rollingSeconds',
    ],
    [{ baseUrl: 'https://a.example', keys: key, connectors: [] }, 'connectors is empty'],
  ])('%j is refused with a sentence about %s', (options, named) => {
    expect(problemsOf(options).join('\n')).toContain(named);
  });

  test.each([
    '//evil.example',
    '/\\evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/sign in',
    '/login?x',
    '/anmeldung/für-alle',
    '/\u0000',
    'login',
  ])('signInPath and homePath %j are refused', (path) => {
    const problems = problemsOf({
      baseUrl: 'https://a.example',
      keys: key,
      connectors: [connector([])],
      signInPath: path,
      homePath: path,
    });
    expect(problems).toEqual([
      expect.stringContaining('signInPath: must be a path'),
      expect.stringContaining('homePath: must be a path'),
    ]);
  });

  test('connectors report problems, each under its name; names and addresses are unique; secrets have one use', () => {
    const named = (name: string, secret: string): Connector => ({
      kind: 'k',
      name,
      setUp: (setup) => {
        setup.useSecret('secret', secret);
        return { routes: [{ ...route(async () => jsonReply(200, 1)), path: '/fixed', absolute: true }] };
      },
    });
    const failing: Connector = {
      kind: 'k',
      name: 'failing',
      setUp: (setup) => {
        setup.problem('is not set up.');
        return null;
      },
    };
    const problems = problemsOf({
      baseUrl: 'https://a.example',
      keys: key,
      connectors: [
        named('one', 'swordfish'),
        named('two', 'swordfish'),
        named('two', 'x'),
        named('a b', 'y'),
        failing,
      ],
    }).join('\n');
    expect(problems).toContain('failing: is not set up.');
    expect(problems).toContain('Two connectors are called "two"');
    expect(problems).toContain('The name of the k connector must be');
    expect(problems).toContain('Two connectors want the address /fixed');
    expect(problems).toContain('one: secret and two: secret');
    expect(problems).not.toContain('swordfish');
  });

  test("a site's own key is nobody's secret", () => {
    const sharing: Connector = {
      kind: 'k',
      name: 'forum',
      setUp: (setup) => {
        setup.readSecrets(key, 'secret', { minimum: 10 });
        return { routes: [] };
      },
    };
    const [problem = '', ...more] = problemsOf({
      baseUrl: 'https://a.example',
      keys: [randomBytes(32).toString('base64'), key],
      connectors: [sharing],
    });
    expect(more).toEqual([]);
    expect(problem).toContain('keys (FORUM_SSO_KEYS) and forum: secret');
    expect(problem).not.toContain(key);
  });

  test('warnings become events at the start; a listener that throws stops nothing', async () => {
    const warned: Connector = {
      kind: 'k',
      name: 'k',
      setUp: (setup) => {
        setup.warning('Better change this.');
        return { routes: [route(async () => refusal('ERR_INTERNAL', 'x'))] };
      },
    };
    const { events } = forumSso([warned]);
    expect(events).toEqual([
      { type: 'setup.warning', connector: 'k', detail: 'Better change this.', at: expect.any(Date) },
    ]);
    const { sso } = forumSso([warned], {
      events: () => {
        throw new Error('the log is full');
      },
    });
    expect(await sso.handle(request('/sso/k'))).toMatchObject({ status: 500 });
  });
});

test('a listener that leads events on is asked first whether anybody hears', async () => {
  const asked: string[] = [];
  const refusing: Connector = {
    kind: 'k',
    name: 'k',
    setUp: ({ pseudonym }) => ({
      routes: [
        route(async () => {
          asked.push(pseudonym('alice'));
          return refusal('ERR_INTERNAL', 'x');
        }),
      ],
    }),
  };
  const heard: ForumSsoEvent[] = [];
  let hears = (): boolean => false;
  const events = Object.assign((event: ForumSsoEvent) => heard.push(event), { hears: () => hears() });
  const { sso } = forumSso([refusing], { events });
  await sso.handle(request('/sso/k'));
  expect([asked, heard]).toEqual([[''], []]);

  hears = () => true;
  await sso.handle(request('/sso/k'));
  expect(asked[1]).toMatch(/^[0-9a-f]{16}$/);
  expect(heard).toMatchObject([{ type: 'request.refused' }]);

  hears = () => {
    throw new Error('out of order');
  };
  await sso.handle(request('/sso/k'));
  expect(asked[2]).toBe(asked[1]);
  expect(heard).toHaveLength(2);
});

test('an async listener that fails ends nothing', async () => {
  const unheard: unknown[] = [];
  const note = (reason: unknown): void => {
    unheard.push(reason);
  };
  process.on('unhandledRejection', note);
  try {
    const failing = [
      async () => {
        throw new Error('the log is full');
      },
      // biome-ignore lint/suspicious/noThenProperty: what query builders return
      () => ({ then: (_: unknown, reject: (reason: Error) => void) => reject(new Error('no database')) }),
    ];
    for (const events of failing) {
      const { sso } = forumSso([connector([route(async () => refusal('ERR_INTERNAL', 'x'))])], { events });
      expect(await sso.handle(request('/sso/test'))).toMatchObject({ status: 500 });
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(unheard).toEqual([]);
  } finally {
    process.off('unhandledRejection', note);
  }
});

test.each<[string, () => unknown]>([
  [
    'throws',
    () => {
      throw new Error('no template');
    },
  ],
  ['gives a promise', async () => 'late'],
  ['gives nothing', () => undefined],
])("a site's renderPage that %s is replaced by ours, with an event", async (_, renderPage) => {
  const events: ForumSsoEvent[] = [];
  const sso: ForumSso = Reflect.apply(createForumSso, undefined, [
    {
      baseUrl: 'https://site.example.com/sso',
      keys: key,
      connectors: [connector([route(async () => refusal('ERR_USER_SUSPENDED', 'x'))])],
      renderPage,
      events: (event: ForumSsoEvent) => events.push(event),
    },
  ]);
  const reply = await sso.handle(request('/sso/test'));
  expect(reply).toMatchObject({ status: 403, body: expect.stringContaining('Your account is suspended.') });
  expect(events).toMatchObject([
    { type: 'request.refused', code: 'ERR_USER_SUSPENDED' },
    { type: 'setup.warning', detail: expect.stringContaining('renderPage') },
  ]);
});

test('the in-memory store is warned about in production, and there alone', () => {
  const before = process.env.NODE_ENV;
  try {
    process.env.NODE_ENV = 'production';
    const { events } = forumSso([connector([])]);
    expect(events).toMatchObject([
      { type: 'setup.warning', detail: expect.stringContaining('store is in memory') },
    ]);
  } finally {
    process.env.NODE_ENV = before;
  }
  expect(forumSso([connector([])]).events).toEqual([]);
});

describe('handle', () => {
  const hello = connector([route(async () => jsonReply(200, 'hello'))]);

  test('answers our addresses and no others', async () => {
    const { sso } = forumSso([hello]);
    expect(['/sso/test?x=1', '/sso/test/', '/sso/test'].filter((url) => !sso.owns(url))).toEqual([]);
    expect(await sso.handle(request('/sso/test?x=1'))).toMatchObject({ status: 200, body: '"hello"' });
    expect(await sso.handle(request('/sso/test/'))).toMatchObject({ status: 200 });
    for (const url of [
      '/',
      '/sso',
      '/sso/',
      '/sso/test/more',
      '/sso/tes',
      '/SSO/test',
      '//sso/test',
      '/x/sso/test',
    ]) {
      expect(sso.owns(url)).toBe(false);
      expect(await sso.handle(request(url))).toBeNull();
    }
  });

  test('other methods get 405 with Allow; HEAD is one of them', async () => {
    const { sso, events } = forumSso([hello]);
    for (const method of ['HEAD', 'POST', 'PUT', 'OPTIONS', 'NONSENSE']) {
      const reply = await sso.handle(request('/sso/test', { method }));
      expect(reply?.status).toBe(405);
      expect(reply?.headers).toContainEqual(['Allow', 'GET']);
    }
    expect(events).toHaveLength(5);
    expect(events[0]).toMatchObject({
      type: 'request.refused',
      code: 'ERR_METHOD_NOT_ALLOWED',
      path: '/sso/test',
      connector: 'test',
    });
  });

  test('what stands for {id} is not logged', async () => {
    const { sso, events } = forumSso([
      connector([
        route(async () => jsonReply(200, 1), { path: '/webhook/{id}', method: 'POST', caller: 'machine' }),
      ]),
    ]);
    expect((await sso.handle(request('/sso/test/webhook/the-secret-part')))?.status).toBe(405);
    expect(events).toMatchObject([{ path: '/sso/test/webhook/{id}' }]);
    expect(JSON.stringify(events)).not.toContain('the-secret-part');
  });

  test('each caller has its gate', async () => {
    const { sso } = forumSso([
      connector([
        route(async () => jsonReply(200, 1)),
        route(async () => jsonReply(200, 1), { method: 'POST', caller: 'form' }),
        route(async () => jsonReply(200, 1), { path: '/machine', method: 'POST', caller: 'machine' }),
      ]),
    ]);
    const status = async (url: string, method: string, headers: HeadersLike) =>
      (await sso.handle(request(url, { method, headers })))?.status;
    expect(await status('/sso/test', 'GET', { 'sec-fetch-dest': 'iframe' })).toBe(403);
    expect(await status('/sso/test', 'GET', { 'sec-purpose': 'prefetch' })).toBe(503);
    expect(await status('/sso/test', 'POST', { origin: 'https://evil.example' })).toBe(403);
    expect(await status('/sso/test', 'POST', { origin: 'https://site.example.com' })).toBe(200);
    expect(await status('/sso/test/machine', 'POST', { origin: 'https://evil.example' })).toBe(200);
  });

  test('refusals: a page for a person, JSON for a program; never the detail, always no-store', async () => {
    const refused: Route['handle'] = async () =>
      refusal('ERR_SSO_SIGNATURE_INVALID', 'the private detail <b>');
    const { sso, events } = forumSso([
      connector([route(refused), route(refused, { path: '/machine', caller: 'machine' })]),
    ]);
    const page = await sso.handle(request('/sso/test?secret=1'));
    expect(page).toMatchObject({ status: 403, body: expect.stringContaining('ERR_SSO_SIGNATURE_INVALID') });
    expect(page?.headers).toEqual(
      expect.arrayContaining([
        ['Cache-Control', 'no-store'],
        ['X-Content-Type-Options', 'nosniff'],
        ['Content-Type', 'text/html; charset=utf-8'],
        ['Content-Security-Policy', expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/)],
        ['Referrer-Policy', 'same-origin'],
      ]),
    );
    const json = await sso.handle(request('/sso/test/machine'));
    expect(JSON.parse(String(json?.body))).toEqual({
      error: 'ERR_SSO_SIGNATURE_INVALID',
      message: expect.any(String),
    });
    expect(String(page?.body) + String(json?.body)).not.toContain('detail');
    expect(events[0]).toMatchObject({ detail: 'the private detail <b>', path: '/sso/test', status: 403 });
    expect(JSON.stringify(events)).not.toContain('secret=1');
  });

  test.each([
    ['a code of a later version', { code: 'ERR_OF_LATER', detail: 'Said by a store.' }],
    ['a name that every object has', { code: 'constructor', detail: 'Said by a store.' }],
    ['no code', { detail: 'Said by a store.' }],
  ])('an error of another copy of the package with %s is a fault, never an exception', async (_, error) => {
    const failing = route(async () => {
      throw Object.assign(new Error('later'), { [Symbol.for('@forum-sso/error')]: true }, error);
    });
    const { sso, events } = forumSso([connector([failing])]);
    const reply = await sso.handle(request('/sso/test'));
    expect(reply).toMatchObject({
      status: 500,
      body: expect.stringContaining(errorTable.ERR_INTERNAL.publicMessage),
    });
    expect(events).toMatchObject([{ type: 'request.refused', status: 500 }]);
  });

  test('a fault of a connector or of the site is a page and an event, never an exception', async () => {
    const failure = new Error('database: password swordfish');
    const { sso, events } = forumSso([
      connector([
        route(async () => {
          throw failure;
        }),
        route(
          async (exchange) => {
            const user = await exchange.currentUser();
            return user === null || 'id' in user ? jsonReply(200, user) : user;
          },
          { path: '/user' },
        ),
      ]),
    ]);
    const reply = await sso.handle(request('/sso/test'));
    expect(reply?.status).toBe(500);
    expect(String(reply?.body)).not.toContain('swordfish');
    expect(events[0]).toMatchObject({ code: 'ERR_INTERNAL', cause: failure });

    const broken: SiteSession = { ...signedInAs(null), currentUser: async () => Promise.reject(failure) };
    expect(await sso.handle(request('/sso/test/user'), broken)).toMatchObject({ status: 503 });
    expect(events[1]).toMatchObject({ code: 'ERR_SITE_CALLBACK_FAILED', cause: failure });

    const unusable = signedInAs({ ...alice, email: 'no address' });
    expect(await sso.handle(request('/sso/test/user'), unusable)).toMatchObject({ status: 500 });
    expect(events[2]).toMatchObject({
      code: 'ERR_SITE_USER_INVALID',
      detail: expect.stringContaining('email'),
    });
    expect(JSON.stringify(events[2])).not.toContain('no address');
  });

  test('signInFirst keeps the whole request as return path', async () => {
    const { sso } = forumSso([connector([route(async (exchange) => exchange.signInFirst())])], {
      signInPath: '/account/sign-in',
      returnParameter: 'next',
    });
    const reply = await sso.handle(request('/sso/test?sso=a%2Bb&sig=0'));
    expect(reply?.status).toBe(302);
    expect(reply?.headers[0]).toEqual([
      'Location',
      '/account/sign-in?next=%2Fsso%2Ftest%3Fsso%3Da%252Bb%26sig%3D0',
    ]);
    expect(reply?.headers).toContainEqual(['Referrer-Policy', 'no-referrer']);
    const tooLong = await sso.handle(request(`/sso/test?x=${'a'.repeat(2_100)}`));
    expect(tooLong?.status).toBe(400);
  });

  test('a form may have 4 kB', async () => {
    const { sso, events } = forumSso([
      connector([
        route(
          async (exchange) => {
            const form = await exchange.readForm();
            return isRefusal(form) ? form : jsonReply(200, form.size);
          },
          { method: 'POST', caller: 'form' },
        ),
      ]),
    ]);
    const limits: number[] = [];
    const post = (size: number) =>
      sso.handle({
        ...request('/sso/test', { method: 'POST' }),
        async body(limitBytes) {
          limits.push(limitBytes);
          if (size > limitBytes) throw errorFrom(refusal('ERR_BODY_TOO_LARGE', 'x'));
          return new TextEncoder().encode('a=1');
        },
      });
    expect(await post(4_096)).toMatchObject({ status: 200, body: '1' });
    expect(await post(4_097)).toMatchObject({ status: 413 });
    expect(limits).toEqual([4_096, 4_096]);
    expect(events).toMatchObject([{ code: 'ERR_BODY_TOO_LARGE' }]);
  });

  test('the built-in session answers with its cookie', async () => {
    const { sso } = forumSso([
      connector([
        route(async ({ session }) => {
          await session.signIn(alice);
          return jsonReply(200, 1);
        }),
      ]),
    ]);
    const reply = await sso.handle(request('/sso/test'));
    const cookie = reply?.headers.find(([name]) => name === 'Set-Cookie')?.[1].split(';')[0];
    const visit = await sso.visit(request('/', { headers: { cookie } }));
    expect(visit.user).toEqual(alice);
    const bye = await visit.signOut();
    expect(bye[0]?.[1]).toContain('Max-Age=0');
    expect((await sso.visit(request('/', { headers: { cookie } }))).user).toBeNull();
  });
});

describe('visit', () => {
  test('asks the connectors for an anonymous person; the first reply goes instead of the page', async () => {
    const asked: string[] = [];
    const probing = (name: string, status?: number) =>
      connector([], {
        name,
        visit: async () => {
          asked.push(name);
          return status === undefined ? null : jsonReply(status, 1);
        },
      });
    const { sso } = forumSso([probing('one'), probing('two', 302), probing('three', 303)]);
    expect((await sso.visit(request('/page'), signedInAs(null))).reply?.status).toBe(302);
    expect(asked).toEqual(['one', 'two']);
    expect((await sso.visit(request('/page'), signedInAs(alice))).reply).toBeNull();
    expect(asked).toEqual(['one', 'two']);
  });

  test("throws a typed error when the site's callback fails", async () => {
    const { sso } = forumSso([connector([])]);
    const broken: SiteSession = { ...signedInAs(null), currentUser: () => Promise.reject(new Error('down')) };
    await expect(sso.visit(request('/'), broken)).rejects.toMatchObject({
      code: 'ERR_SITE_CALLBACK_FAILED',
      status: 503,
    });
  });
});

describe('what the site tells the communities', () => {
  const done = async () => ({ done: true as const });
  const { sso } = forumSso([
    connector([], { name: 'good', push: done, signOut: done, check: done }),
    connector([], { name: 'cannot', push: done, signOut: 'It has no way to end sessions.' }),
    connector([], {
      name: 'failing',
      push: async () => ({ done: false, refusal: refusal('ERR_RATE_LIMITED', 'slow down'), retryAfter: 7 }),
      signOut: () => Promise.reject(new Error('broken')),
    }),
  ]);

  test('one result for each; a failure undoes nothing; what is impossible is said', async () => {
    const pushed = await sso.pushNow(alice);
    expect(pushed.ok).toBe(false);
    expect(pushed.results).toMatchObject([
      { connector: 'good', outcome: 'done' },
      { connector: 'cannot', outcome: 'done' },
      { connector: 'failing', outcome: 'failed', code: 'ERR_RATE_LIMITED', retryAfter: 7 },
    ]);
    expect((await sso.signOut('alice')).results).toMatchObject([
      { outcome: 'done' },
      { outcome: 'impossible', reason: 'It has no way to end sessions.' },
      { outcome: 'failed', code: 'ERR_INTERNAL' },
    ]);
    expect(await sso.check()).toMatchObject({ ok: true, results: [{ connector: 'good' }] });
    expect((await sso.suspend('alice')).results).toEqual([]);
  });

  test('an unusable user is refused before anything is sent', async () => {
    await expect(sso.pushNow({ ...alice, id: '' })).rejects.toMatchObject({ code: 'ERR_SITE_USER_INVALID' });
  });
});
