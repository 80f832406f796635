import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  type DiscourseConnectProviderOptions,
  discourse,
  discourseConnectProvider,
} from '../../../src/discourse/index.js';
import {
  createClientTable,
  isBroad,
  matchesDomain,
  readClientLines,
} from '../../../src/discourse/provider/clients.js';
import { ForumSsoError } from '../../../src/errors.js';
import type { ForumSsoEvent } from '../../../src/events/event.js';
import { createForumSso } from '../../../src/forum-sso.js';
import type { SsoReply } from '../../../src/http/reply.js';
import type { ForumSsoOptions } from '../../../src/options/forum-sso-options.js';
import type { SiteUser } from '../../../src/site-user.js';
import { memoryStore } from '../../../src/store/memory-store.js';
import type { Numbers } from '../../../src/store/store.js';
import { LeakDetector, printed } from '../../leak-detector.js';

const secret = randomBytes(16).toString('hex');
const apiKey = 'an-inbound-key-of-32-characters-x';
const wiki = 'https://wiki.example.com/index.php?title=Special:DiscourseSsoConsumer';
const nonce = 'c'.repeat(128);
const alice: SiteUser = {
  id: 'uuid-1',
  email: 'alice@example.com',
  emailVerified: true,
  username: 'alice',
  name: 'Alice ~',
  groups: ['staff', 'choir'],
};

function signed(fields: Record<string, string>, key = secret): string {
  const sso = Buffer.from(new URLSearchParams(fields).toString()).toString('base64');
  return `sso=${encodeURIComponent(sso)}&sig=${createHmac('sha256', key).update(sso).digest('hex')}`;
}

/** Numbers as a durable store gives them out. */
function durableNumbers(): Numbers {
  const people: string[] = [];
  return {
    numberOf: async (id) => (people.includes(id) ? people.indexOf(id) + 1 : people.push(id)),
    siteUserOf: async (number) => people[number - 1] ?? null,
  };
}

function site(
  options: Partial<DiscourseConnectProviderOptions> = {},
  { user = alice, ...more }: Partial<ForumSsoOptions> & { user?: SiteUser | null } = {},
) {
  const events: ForumSsoEvent[] = [];
  const session = { user, signedOut: 0 };
  const sso = createForumSso({
    baseUrl: 'https://site.example.com/sso',
    keys: randomBytes(32).toString('base64'),
    connectors: [discourseConnectProvider({ clients: [{ domain: 'wiki.example.com', secret }], ...options })],
    store: { ...memoryStore(), numbers: durableNumbers() },
    findUser: async (id) => (session.user?.id === id ? session.user : null),
    events: (event) => {
      if (event.type !== 'setup.warning') events.push(event);
    },
    ...more,
  });
  const own = {
    currentUser: async () => session.user,
    signIn: async () => {},
    signOut: async () => {
      session.user = null;
      session.signedOut++;
    },
  };
  const request = (method: string, url: string, headers: Record<string, string> = {}, body = '') =>
    sso.handle(
      { method, url, headers, ip: '127.0.0.1', body: async () => new TextEncoder().encode(body) },
      own,
    );
  const ask = (query: string, headers: Record<string, string> = { 'sec-fetch-dest': 'document' }) =>
    request('GET', `/session/sso_provider?${query}`, headers);
  const api = (method: string, url: string, { key = apiKey, body = '', type = '' } = {}) =>
    request(method, url, { 'api-key': key, 'api-username': 'system', 'content-type': type }, body);
  return { sso, events, session, ask, api };
}

const locationOf = (reply: SsoReply | null): string =>
  reply?.headers.find(([name]) => name === 'Location')?.[1] ?? '';

function answerOf(reply: SsoReply | null, key = secret): Record<string, string> {
  expect(reply?.status).toBe(302);
  const { sso = '', sig } = Object.fromEntries(new URL(locationOf(reply)).searchParams);
  expect(sig).toBe(createHmac('sha256', key).update(sso).digest('hex'));
  expect(sso).toMatch(/^[A-Za-z0-9]+={0,2}$/);
  return Object.fromEntries(new URLSearchParams(Buffer.from(sso, 'base64').toString()));
}

function problemsOf(options: unknown, more: Partial<ForumSsoOptions> = {}): string {
  try {
    createForumSso({
      baseUrl: 'https://site.example.com/sso',
      keys: randomBytes(32).toString('base64'),
      connectors: [Reflect.apply(discourseConnectProvider, undefined, [options])],
      store: { ...memoryStore(), numbers: durableNumbers() },
      ...more,
    });
  } catch (error) {
    return String(error);
  }
  throw new Error('it started');
}

interface SyncVector {
  readonly name: string;
  readonly secret: string;
  readonly sso: string | null;
  readonly sig: string | null;
  readonly old: { readonly status: number };
  readonly new: { readonly status: number };
}
const vectors: {
  wildcard: { pattern: string; host: string; match: boolean }[];
  sync: SyncVector[];
} = JSON.parse(readFileSync(new URL('../../../../testkit/vectors/discourse.json', import.meta.url), 'utf8'));

// The vectors of a forum as provider are asked over HTTP, together with the emulated forum: see the testkit.
test.each(vectors.wildcard)('$pattern and $host', ({ pattern, host, match }) => {
  expect(matchesDomain(pattern, host)).toBe(match);
});

describe('a login at a client', () => {
  test('is answered with all that the wiki and WordPress need', async () => {
    const { ask, events } = site();
    const reply = await ask(signed({ nonce, return_sso_url: wiki }));
    expect(locationOf(reply)).toMatch(
      /^https:\/\/wiki\.example\.com\/index\.php\?title=Special:DiscourseSsoConsumer&sso=/,
    );
    expect(answerOf(reply)).toEqual({
      nonce,
      return_sso_url: wiki,
      external_id: '1',
      username: 'alice',
      email: 'alice@example.com',
      name: 'Alice ~',
      admin: 'false',
      moderator: 'false',
      groups: 'staff,choir',
    });
    expect(reply?.headers).toContainEqual(['Cache-Control', 'no-store']);
    expect(events).toMatchObject([{ type: 'login.answered', connector: 'discourse-connect-provider' }]);
  });

  test('keeps the fragment of the return address at its end, and custom fields', async () => {
    const returnUrl = 'https://wiki.example.com/a?b=1#c';
    const reply = await site().ask(
      signed({ nonce, return_sso_url: returnUrl, 'custom.state': 'x y', bio: 'planted', admin: 'true' }),
    );
    expect(locationOf(reply)).toMatch(/^https:\/\/wiki\.example\.com\/a\?b=1&sso=.*#c$/);
    expect(answerOf(reply)).toMatchObject({
      'custom.state': 'x y',
      admin: 'false',
      return_sso_url: returnUrl,
    });
    expect(answerOf(reply)).not.toHaveProperty('bio');
  });

  test('the same person has the same number, another has another', async () => {
    const own = site();
    const number = async () => answerOf(await own.ask(signed({ nonce, return_sso_url: wiki }))).external_id;
    expect(await number()).toBe('1');
    own.session.user = { ...alice, id: 'uuid-2' };
    expect(await number()).toBe('2');
    own.session.user = alice;
    expect(await number()).toBe('1');
  });

  test('anonymous: to the sign-in page and back with the whole request', async () => {
    const query = signed({ nonce, return_sso_url: wiki });
    const reply = await site({}, { user: null }).ask(query);
    expect(new URL(locationOf(reply), 'https://site.example.com').searchParams.get('returnTo')).toBe(
      `/session/sso_provider?${query}`,
    );
  });

  test.each<[string, SiteUser | null]>([
    ['nobody', null],
    ['a suspended person', { ...alice, suspended: true }],
    ['a person without a verified address', { ...alice, emailVerified: false }],
  ])('prompt=none with %s: failed, without a page and without a person', async (_, user) => {
    const reply = await site({}, { user }).ask(
      signed({ nonce, return_sso_url: wiki, prompt: 'none', 'custom.a': '1' }),
    );
    expect(answerOf(reply)).toEqual({
      nonce,
      return_sso_url: wiki,
      prompt: 'none',
      failed: 'true',
      'custom.a': '1',
    });
  });

  test('a person without a verified address, or suspended, is told so on a page', async () => {
    const carol = site({}, { user: { ...alice, emailVerified: false } });
    expect(await carol.ask(signed({ nonce, return_sso_url: wiki }))).toMatchObject({ status: 403 });
    expect(carol.events).toMatchObject([{ code: 'ERR_EMAIL_NOT_VERIFIED' }]);
    expect(
      await site({}, { user: { ...alice, suspended: true } }).ask(signed({ nonce, return_sso_url: wiki })),
    ).toMatchObject({ status: 403 });
  });

  test('logout=true ends the session first and returns to the bare address', async () => {
    const own = site();
    const reply = await own.ask(signed({ nonce, return_sso_url: wiki, logout: 'true' }));
    expect(locationOf(reply)).toBe(wiki);
    expect(own.session).toEqual({ user: null, signedOut: 1 });
    expect(own.events).toMatchObject([{ type: 'logout.completed', everywhere: false }]);
    // Nobody is there any more: that is just as well.
    expect(locationOf(await own.ask(signed({ nonce, return_sso_url: wiki, logout: 'true' })))).toBe(wiki);
  });

  test('logout=true ends the built-in session, in this browser alone', async () => {
    const { sso } = site();
    const request = (cookie: string, query = '') => ({
      method: 'GET',
      url: `/session/sso_provider?${query}`,
      headers: { cookie },
      ip: undefined,
      body: async () => new Uint8Array(),
    });
    const browser = async (): Promise<string> => {
      const [[, cookie] = []] = await (await sso.visit(request(''))).signIn(alice);
      return cookie?.split(';')[0] ?? '';
    };
    const [here, there] = [await browser(), await browser()];
    const reply = await sso.handle(request(here, signed({ nonce, return_sso_url: wiki, logout: 'true' })));
    expect(locationOf(reply)).toBe(wiki);
    expect(reply?.headers.find(([name]) => name === 'Set-Cookie')?.[1]).toContain('Max-Age=0');
    expect((await sso.visit(request(here))).user).toBeNull();
    expect((await sso.visit(request(there))).user).toMatchObject({ id: 'uuid-1' });
  });

  test('a session that does not end sends nobody back', async () => {
    const own = site();
    const reply = await own.sso.handle(
      {
        method: 'GET',
        url: `/session/sso_provider?${signed({ nonce, return_sso_url: wiki, logout: 'true' })}`,
        headers: {},
        ip: undefined,
        body: async () => new Uint8Array(),
      },
      {
        currentUser: async () => alice,
        signIn: async () => {},
        signOut: async () => {
          throw new Error('the session store is down');
        },
      },
    );
    expect([reply?.status, locationOf(reply)]).toEqual([503, '']);
  });

  test('prompt=none ends on no page, whatever is the matter; the operator hears of it', async () => {
    const query = signed({ nonce, return_sso_url: wiki, prompt: 'none' });
    const failed = { nonce, return_sso_url: wiki, prompt: 'none', failed: 'true' };
    const removed = site();
    await removed.sso.remove('uuid-1');
    expect(answerOf(await removed.ask(query))).toEqual(failed);
    expect(removed.events.at(-1)).toMatchObject({ code: 'ERR_USER_REMOVED' });

    const numberless = site({
      numberOf: () => {
        throw new Error('the database of alice@example.com is down');
      },
      siteUserOf: () => null,
    });
    expect(answerOf(await numberless.ask(query))).toEqual(failed);
    expect(numberless.events).toMatchObject([{ code: 'ERR_SITE_CALLBACK_FAILED' }]);
    expect((await numberless.ask(signed({ nonce, return_sso_url: wiki })))?.status).toBe(503);

    const silentStore = site(
      {},
      {
        store: {
          ...memoryStore(),
          numbers: { ...durableNumbers(), numberOf: () => Promise.reject(new Error('down')) },
        },
      },
    );
    expect(answerOf(await silentStore.ask(query))).toEqual(failed);
    expect(silentStore.events).toMatchObject([{ code: 'ERR_STORE_UNAVAILABLE' }]);
  });

  test.each([0, -1, 1.5, 2 ** 53, Number.NaN])('a number %p is nobody’s', async (number) => {
    const own = site({ numberOf: () => number, siteUserOf: () => null });
    expect((await own.ask(signed({ nonce, return_sso_url: wiki })))?.status).toBe(500);
    expect(own.events).toMatchObject([{ code: 'ERR_SITE_USER_INVALID' }]);
  });

  test('groups that a client would take for others, and half characters, do not get out', async () => {
    const user = { ...alice, name: `A ${'😀'.slice(0, 1)}`, groups: ['@ADMIN@', 'a,b', ' c', 'fine'] };
    const answer = answerOf(await site({}, { user }).ask(signed({ nonce, return_sso_url: wiki })));
    expect(answer).toMatchObject({ groups: 'fine', name: 'A \u{fffd}' });
  });

  test('a person without groups has an empty list, one without a user name a made-up one', async () => {
    const { groups: _g, username: _u, name: _n, ...rest } = alice;
    const answer = answerOf(await site({}, { user: rest }).ask(signed({ nonce, return_sso_url: wiki })));
    expect(answer).toMatchObject({ groups: '', username: 'user1' });
    expect(answer).not.toHaveProperty('name');
  });

  test.each([
    ['cut off', 'Admin#1'],
    ['a namespace taken off', 'user:Admin'],
    ['an entity decoded', '&#65;dmin'],
    ['an escape dropped', 'Ad%20min'],
    ['a tag dropped', 'Ad<b>min'],
    ['an invisible character dropped', 'Admin\u200e'],
    ['another blank for a blank', 'Site\u00a0Admin'],
    ['a blank at the end dropped', 'Admin_'],
    ['a blank at the start dropped', ' Admin'],
    ['blanks folded', 'Site__Admin'],
    ['an accent composed', 'Rene\u0301'],
    ['half a character replaced', 'Admin\ud83d'],
  ])('a user name that a client would read as another one does not get out: %s', async (_what, username) => {
    const own = site({}, { user: { ...alice, username } });
    const answer = answerOf(await own.ask(signed({ nonce, return_sso_url: wiki })));
    expect(answer).toMatchObject({ username: 'user1' });
  });

  test.each(['alice', 'a_b', 'Site Admin', 'jürgen.o-neil', '山田', 'alice@example.com', "o'neil~"])(
    'the user name %s goes as it is',
    async (username) => {
      const own = site({}, { user: { ...alice, username } });
      const answer = answerOf(await own.ask(signed({ nonce, return_sso_url: wiki })));
      expect(answer).toMatchObject({ username });
    },
  );

  test.each([
    ['alice@exámple.com', 'alice@xn--exmple-qta.com'],
    ['älice@bücher.example', 'älice@xn--bcher-kva.example'],
    ['Älice@Example.COM', 'Älice@Example.COM'],
  ])(
    'the domain of an address equals no other for a client that knows no accents: %s',
    async (email, sent) => {
      const own = site({}, { user: { ...alice, email } });
      const answer = answerOf(await own.ask(signed({ nonce, return_sso_url: wiki })));
      expect(answer).toMatchObject({ email: sent });
    },
  );

  test('a second factor: confirmed, not there, or asked for at a page of the site', async () => {
    const query = signed({ nonce, return_sso_url: wiki, require_2fa: 'true' });
    const answers = {
      confirmed: site({ twoFactor: () => 'confirmed' }),
      none: site({ twoFactor: async () => 'none' as const }),
      left: site(),
    };
    expect(answerOf(await answers.confirmed.ask(query))).toMatchObject({ confirmed_2fa: 'true' });
    expect(answerOf(await answers.none.ask(query))).toMatchObject({ no_2fa_methods: 'true' });
    expect(answerOf(await answers.left.ask(query))).toMatchObject({ no_2fa_methods: 'true' });
    const asking = site({
      twoFactor: (_, returnPath) => ({ path: `/2fa?next=${encodeURIComponent(returnPath)}` }),
    });
    expect(locationOf(await asking.ask(query))).toBe(
      `/2fa?next=${encodeURIComponent(`/session/sso_provider?${query}`)}`,
    );
    const silent = signed({ nonce, return_sso_url: wiki, require_2fa: 'true', prompt: 'none' });
    expect(answerOf(await asking.ask(silent))).toMatchObject({ failed: 'true' });
    const broken = site({ twoFactor: () => ({ path: '//evil.example' }) });
    expect(await broken.ask(query)).toMatchObject({ status: 503 });
  });
});

describe('refused', () => {
  test.each<[string, string, number, string]>([
    ['nothing at all', '', 400, 'ERR_PROVIDER_REQUEST_MISSING'],
    ['an empty message', 'sso=&sig=1', 400, 'ERR_PROVIDER_REQUEST_MISSING'],
    ['no base64', 'sso=a.b&sig=1', 422, 'ERR_PROVIDER_REQUEST_UNREADABLE'],
    ['no message inside', 'sso=YQ==&sig=1', 422, 'ERR_PROVIDER_REQUEST_UNREADABLE'],
    [
      'no signature',
      signed({ nonce, return_sso_url: wiki }).split('&')[0] ?? '',
      422,
      'ERR_PROVIDER_SIGNATURE_INVALID',
    ],
    [
      'another secret',
      signed({ nonce, return_sso_url: wiki }, 'another secret'),
      422,
      'ERR_PROVIDER_SIGNATURE_INVALID',
    ],
    [
      'a tampered nonce',
      `${signed({ nonce: 'd'.repeat(128), return_sso_url: wiki }).split('&')[0]}&${signed({ nonce, return_sso_url: wiki }).split('&')[1]}`,
      422,
      'ERR_PROVIDER_SIGNATURE_INVALID',
    ],
    [
      'a foreign host',
      signed({ nonce, return_sso_url: 'https://evil.example/' }),
      400,
      'ERR_PROVIDER_CLIENT_UNKNOWN',
    ],
    [
      'a host in front',
      signed({ nonce, return_sso_url: 'https://wiki.example.com@evil.example/' }),
      400,
      'ERR_PROVIDER_RETURN_URL_UNUSABLE',
    ],
    [
      'a backslash',
      signed({ nonce, return_sso_url: 'https://evil.example\\@wiki.example.com/' }),
      400,
      'ERR_PROVIDER_RETURN_URL_UNUSABLE',
    ],
    [
      'an ending host',
      signed({ nonce, return_sso_url: 'https://wiki.example.com.evil.example/' }),
      400,
      'ERR_PROVIDER_CLIENT_UNKNOWN',
    ],
    [
      'plain http',
      signed({ nonce, return_sso_url: 'http://wiki.example.com/' }),
      400,
      'ERR_PROVIDER_RETURN_URL_UNUSABLE',
    ],
    [
      'another scheme',
      signed({ nonce, return_sso_url: 'javascript:alert(1)//wiki.example.com' }),
      400,
      'ERR_PROVIDER_RETURN_URL_UNUSABLE',
    ],
    [
      'three slashes',
      signed({ nonce, return_sso_url: 'https:///wiki.example.com/' }),
      400,
      'ERR_PROVIDER_RETURN_URL_UNUSABLE',
    ],
    [
      'prompt=login',
      signed({ nonce, return_sso_url: wiki, prompt: 'login' }),
      400,
      'ERR_PROVIDER_PROMPT_UNKNOWN',
    ],
    ['no nonce', signed({ return_sso_url: wiki }), 400, 'ERR_SSO_NONCE_MISSING'],
    [
      'a long nonce',
      signed({ nonce: 'n'.repeat(257), return_sso_url: wiki }),
      413,
      'ERR_SSO_MESSAGE_TOO_LARGE',
    ],
    [
      'a repeated parameter',
      `${signed({ nonce, return_sso_url: wiki })}&sso=x`,
      400,
      'ERR_PARAMETER_REPEATED',
    ],
    [
      'an oversized request',
      signed({ nonce, return_sso_url: wiki, bio: 'x'.repeat(7_000) }),
      413,
      'ERR_SSO_MESSAGE_TOO_LARGE',
    ],
  ])('%s', async (_, query, status, code) => {
    const { ask, events } = site();
    const reply = await ask(query);
    expect(reply?.status).toBe(status);
    expect(locationOf(reply)).toBe('');
    expect(String(reply?.body)).not.toContain('evil.example');
    expect(events).toMatchObject([{ code, status }]);
    expect(JSON.stringify([reply, events])).not.toContain(secret);
  });

  test('what anybody may have written gets into no event and no page', async () => {
    const word = (): string => randomBytes(9).toString('hex');
    const values = { host: `${word()}.example`, nonce: word(), path: word(), custom: word(), below: word() };
    const detector = new LeakDetector(values);
    const own = site({
      clients: [
        { domain: 'wiki.example.com', secret, returnUrls: ['https://wiki.example.com/login'] },
        { domain: '*.wiki.example.com', secret: randomBytes(16).toString('hex') },
      ],
    });
    const fields = { nonce: values.nonce, 'custom.state': values.custom };
    const replies = await Promise.all(
      [
        signed({ ...fields, return_sso_url: `https://${values.host}/${values.path}` }),
        signed({ ...fields, return_sso_url: `https://wiki.example.com/${values.path}` }),
        signed({ ...fields, return_sso_url: `https://wiki.example.com/${values.path}` }, 'another secret'),
        signed({ ...fields, return_sso_url: `https://${values.below}.wiki.example.com/` }),
        signed({ ...fields, return_sso_url: `javascript:${values.path}` }),
        signed({ ...fields, return_sso_url: 'https://wiki.example.com/login', prompt: values.custom }),
      ].map((query) => own.ask(query)),
    );
    expect(own.events).toHaveLength(6);
    expect(detector.find(printed([replies, own.events]))).toEqual([]);
    const told = own.events.map((event) => (event.type === 'request.refused' ? event.detail : ''));
    expect(told.filter((detail) => detail.includes('"*.wiki.example.com"'))).toHaveLength(1);
  });

  test.each<[string, string, string]>([
    ['nothing at all', '', 'opened without a login request'],
    [
      'a foreign host',
      signed({ nonce, return_sso_url: 'https://evil.example/' }),
      'added to the list of clients',
    ],
    [
      'another secret',
      signed({ nonce, return_sso_url: wiki }, 'another secret'),
      'secret at the site that sent you',
    ],
    ['prompt=login', signed({ nonce, return_sso_url: wiki, prompt: 'login' }), 'may only be &#34;none&#34;'],
    ['no https', signed({ nonce, return_sso_url: 'http://wiki.example.com/' }), 'absolute https address'],
    ['no return address', signed({ nonce }), 'no return_sso_url'],
  ])('with %s the page tells its operator what to fix', async (_, query, text) => {
    expect(String((await site().ask(query))?.body)).toContain(text);
  });

  test.each([{ 'sec-fetch-dest': 'iframe' }, { 'sec-fetch-dest': 'image' }, { 'sec-purpose': 'prefetch' }])(
    'no page of others finds out who is signed in, or signs anybody out: %j',
    async (headers) => {
      const own = site();
      for (const more of [{ prompt: 'none' }, { logout: 'true' }, {}]) {
        const reply = await own.ask(signed({ nonce, return_sso_url: wiki, ...more }), { ...headers });
        expect(locationOf(reply)).toBe('');
        expect(String(reply?.body)).not.toContain('alice');
      }
      expect(own.session).toEqual({ user: alice, signedOut: 0 });
    },
  );

  test('an address that the client may not return to, though it signed it', async () => {
    const own = site({
      clients: [{ domain: 'wiki.example.com', secret, returnUrls: ['https://wiki.example.com/login'] }],
    });
    expect(
      (await own.ask(signed({ nonce, return_sso_url: 'https://wiki.example.com/login?a=1' })))?.status,
    ).toBe(302);
    for (const url of [
      'https://wiki.example.com/other',
      'https://wiki.example.com:8443/login',
      'https://wiki.example.com/login/',
    ]) {
      expect((await own.ask(signed({ nonce, return_sso_url: url })))?.status).toBe(403);
    }
  });

  // A blog has its login button on any of its pages, and comes back to that page.
  test.each<[string, readonly string[], readonly string[]]>([
    [
      'https://wiki.example.com/*',
      [
        'https://wiki.example.com',
        'https://wiki.example.com/2026/11/a-post/?p=1#comments',
        'https://wiki.example.com/a%2Fb',
      ],
      ['https://wiki.example.com:8443/', 'http://wiki.example.com/'],
    ],
    [
      'https://wiki.example.com/blog/*',
      ['https://wiki.example.com/blog/', 'https://wiki.example.com/blog/wp-admin/'],
      [
        'https://wiki.example.com/blog',
        'https://wiki.example.com/blogger/',
        'https://wiki.example.com/blog/../other',
        'https://wiki.example.com/blog/%2e%2e/other',
        'https://wiki.example.com/blog/..%2Fother',
        'https://wiki.example.com/blog/x%5c..%5c..%5cother',
      ],
    ],
  ])('every address below one: %s', async (returnUrl, allowed, refused) => {
    const own = site({ clients: [{ domain: 'wiki.example.com', secret, returnUrls: [returnUrl] }] });
    const statuses = (urls: readonly string[]) =>
      Promise.all(
        urls.map(async (url) => (await own.ask(signed({ nonce, return_sso_url: url })))?.status ?? 0),
      );
    expect(await statuses(allowed)).toEqual(allowed.map(() => 302));
    for (const status of await statuses(refused)) expect([400, 403]).toContain(status);
  });

  test('whatever is asked, nobody is sent to a host that is no client’s', async () => {
    const { ask } = site();
    const part = fc.constantFrom(
      'https://',
      'http://',
      'wiki.example.com',
      'evil.example',
      '@',
      '\\',
      '/',
      '//',
      ':',
      '.',
      '#',
      '?',
      '%2f',
      ' ',
      'a',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
        const location = locationOf(await ask(signed({ nonce, return_sso_url: parts.join('') })));
        if (location !== '') expect(new URL(location).hostname).toBe('wiki.example.com');
      }),
      { numRuns: 500 },
    );
  });
});

describe('clients', () => {
  const ready = (domain: string) => ({
    domain,
    secrets: { keysAt: () => [], values: [] },
    mayReturnTo: () => true,
  });

  test('the table finds the same as trying every line, the most particular first', () => {
    const label = fc.constantFrom('a', 'b', 'c', 'example');
    const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
    const pattern = fc.oneof(
      host,
      host.map((name) => `*.${name}`),
      host.map((name) => `*${name}`),
      fc.constant('*'),
    );
    fc.assert(
      fc.property(fc.uniqueArray(pattern), host, (patterns, name) => {
        const found = createClientTable(patterns.map(ready))(name).map(({ domain }) => domain);
        const tried = patterns
          .filter((domain) => matchesDomain(domain, name))
          .toSorted()
          .toReversed();
        expect(found).toEqual(tried);
      }),
    );
  });

  test.each([
    ['*', true],
    ['*example.com', true],
    ['*.com', true],
    ['*.', true],
    ['*.example.com', false],
    ['example.com', false],
  ])('%s is broad: %s', (domain, broad) => {
    expect(isBroad(domain)).toBe(broad);
  });

  test('lines as a forum has them; only the first bar splits; a domain may have several', () => {
    expect(readClientLines('a.example|one|two\r\n\n*.b.example|three\na.example|four')).toEqual([
      { domain: 'a.example', secret: ['one|two', 'four'] },
      { domain: '*.b.example', secret: ['three'] },
    ]);
    expect(readClientLines('no bar')).toEqual({ problem: expect.stringContaining('line 1') });
    expect(readClientLines('|secret')).toEqual({ problem: expect.stringContaining('line 1') });
  });

  test('an old secret of a client still works, and is an event', async () => {
    const old = randomBytes(16).toString('hex');
    const own = site({ clients: [{ domain: 'wiki.example.com', secret: [secret, old] }] });
    answerOf(await own.ask(signed({ nonce, return_sso_url: wiki }, old)), old);
    expect(own.events).toMatchObject([{ type: 'secret.old_used', position: 1 }, { type: 'login.answered' }]);
  });

  test('an old secret of a client ends with its "until", for logins and for what the client pushes', async () => {
    const old = randomBytes(16).toString('hex');
    const until = new Date('2026-02-01');
    const statuses = async (
      call: (own: ReturnType<typeof site>, key: string) => Promise<SsoReply | null>,
    ) => {
      let now = new Date('2026-01-01');
      const own = site(
        {
          apiKey,
          authority: { domain: 'wiki.example.com', applyUser: async () => alice },
          clients: [{ domain: 'wiki.example.com', secret: [secret, { secret: old, until }] }],
        },
        { now: () => now },
      );
      const seen: (number | undefined)[] = [];
      for (const past of [-1, 0, 1]) {
        now = new Date(until.getTime() + past);
        seen.push((await call(own, old))?.status);
      }
      return [...seen, (await call(own, secret))?.status];
    };
    expect(await statuses((own, key) => own.ask(signed({ nonce, return_sso_url: wiki }, key)))).toEqual([
      302, 422, 422, 302,
    ]);
    const person = { external_id: 'wp-5', username: 'alice' };
    expect(
      await statuses((own, key) => own.api('POST', '/admin/users/sync_sso', { body: signed(person, key) })),
    ).toEqual([200, 422, 422, 200]);
  });

  test('lines that share a secret are warned about; clients that do are refused', () => {
    const line = `${secret}`;
    const events: ForumSsoEvent[] = [];
    createForumSso({
      baseUrl: 'https://site.example.com/sso',
      keys: randomBytes(32).toString('base64'),
      connectors: [discourseConnectProvider({ clients: `a.example|${line}\nb.example|${line}` })],
      store: { ...memoryStore(), numbers: durableNumbers() },
      events: (event) => events.push(event),
    });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'setup.warning', detail: expect.stringContaining('same secret') }),
    );
    expect(
      problemsOf({
        clients: [
          { domain: 'a.example', secret },
          { domain: 'b.example', secret },
        ],
      }),
    ).toContain('The same secret serves');
  });
});

describe('the API for clients', () => {
  test('log-out everywhere, at both addresses, with exactly the answer that clients wait for', async () => {
    for (const path of ['/admin/users/1/log_out', '/admin/users/1/log_out.json']) {
      const ended: string[] = [];
      const own = site({ apiKey }, { endSessions: async (id) => void ended.push(id) });
      await own.ask(signed({ nonce, return_sso_url: wiki }));
      expect(await own.api('POST', path)).toMatchObject({ status: 200, body: '{"success":"OK"}' });
      expect(ended).toEqual(['uuid-1']);
    }
  });

  test('a wrong key is refused before anything is looked up; unknown numbers are not found', async () => {
    const own = site({ apiKey });
    await own.ask(signed({ nonce, return_sso_url: wiki }));
    for (const key of ['', 'x', `${apiKey}x`, apiKey.toUpperCase()]) {
      const reply = await own.api('POST', '/admin/users/999/log_out', { key });
      expect(reply).toMatchObject({ status: 403, body: expect.stringContaining('invalid_access') });
    }
    for (const id of ['2', '0', '-1', '01', 'x', '9007199254740993']) {
      expect(await own.api('POST', `/admin/users/${id}/log_out`)).toMatchObject({
        status: 404,
        body: expect.stringContaining('not_found'),
      });
    }
    expect(JSON.stringify(own.events)).not.toContain(apiKey);
  });

  test('a number that the site’s callback finds nobody for, as a map does, ends nobody’s sessions', async () => {
    const ended: unknown[] = [];
    const own = site(
      { apiKey, numberOf: () => 1, siteUserOf: (number) => Reflect.get({ 1: 'uuid-1' }, number) },
      { endSessions: async (id) => void ended.push(id) },
    );
    expect(await own.api('POST', '/admin/users/2/log_out')).toMatchObject({ status: 404 });
    expect(ended).toEqual([]);
    expect(await own.api('POST', '/admin/users/1/log_out')).toMatchObject({ status: 200 });
    expect(ended).toEqual(['uuid-1']);
  });

  test('without a key there is no API', async () => {
    expect(await site().api('POST', '/admin/users/1/log_out')).toBeNull();
  });

  test('more than sixty calls a minute wait', async () => {
    const own = site({ apiKey });
    for (let i = 0; i < 60; i++) await own.api('POST', '/admin/users/1/log_out');
    const reply = await own.api('POST', '/admin/users/1/log_out');
    expect(reply?.status).toBe(429);
    expect(reply?.headers.find(([name]) => name === 'Retry-After')?.[1]).toMatch(/^([1-9]|[1-5]\d|60)$/);
    expect(JSON.parse(String(reply?.body))).toMatchObject({
      error_type: 'rate_limit',
      extras: { wait_seconds: expect.any(Number) },
    });
  });

  const bob: SiteUser = { id: 'uuid-7', email: 'bob@example.com', emailVerified: true, username: 'bob' };
  const authority = (seen: unknown[], more = {}) => ({
    apiKey,
    authority: {
      domain: 'wiki.example.com',
      applyUser: async (person: unknown) => {
        seen.push(person);
        return bob;
      },
      ...more,
    },
  });
  const person = {
    external_id: 'wp-5',
    email: 'b@example.com',
    username: 'bob',
    admin: 'true',
    add_groups: 'a,b',
    require_activation: 'true',
  };

  test('the authority brings people, as a form or as JSON; e-mail and staff flags only when asked for', async () => {
    const seen: unknown[] = [];
    const own = site(authority(seen), { user: bob });
    const form = await own.api('POST', '/admin/users/sync_sso', {
      body: signed(person),
      type: 'application/x-www-form-urlencoded',
    });
    expect(form?.status).toBe(200);
    expect(JSON.parse(String(form?.body))).toMatchObject({ id: 1, username: 'bob' });
    const { sso, sig } = Object.fromEntries(new URLSearchParams(signed(person)));
    await own.api('POST', '/admin/users/sync_sso.json', {
      body: JSON.stringify({ sso, sig }),
      type: 'application/json',
    });
    expect(seen).toEqual([
      { externalId: 'wp-5', siteUserId: null, username: 'bob', addGroups: ['a', 'b'] },
      { externalId: 'wp-5', siteUserId: 'uuid-7', username: 'bob', addGroups: ['a', 'b'] },
    ]);
    const found = await own.api('GET', '/u/by-external/wp-5.json');
    expect(JSON.parse(String(found?.body))).toMatchObject({ user: { id: 1, username: 'bob' } });
    expect((await own.api('GET', '/users/by-external/wp-5.json'))?.status).toBe(200);
    // The site's own ids are not the client's.
    expect((await own.api('GET', '/u/by-external/uuid-7.json'))?.status).toBe(404);

    const all: unknown[] = [];
    await site(authority(all, { acceptEmail: true, acceptStaffFlags: true }), { user: bob }).api(
      'POST',
      '/admin/users/sync_sso',
      { body: signed(person) },
    );
    expect(all).toMatchObject([{ email: 'b@example.com', emailVerified: false, admin: true }]);
    expect(own.events.filter(({ type }) => type === 'person.synced')).toHaveLength(2);
  });

  test('base64 with a plus, as a form and as JSON, and what was encoded twice for older forums', async () => {
    const seen: unknown[] = [];
    const own = site(authority(seen), { user: bob });
    const sso = Buffer.from('external_id=wp-6&bio=~~~~~~~~~').toString('base64');
    expect(sso).toContain('+');
    const sig = createHmac('sha256', secret).update(sso).digest('hex');
    const once = encodeURIComponent(sso);
    for (const [type, body] of [
      ['application/x-www-form-urlencoded', `sso=${once}&sig=${sig}`],
      ['application/x-www-form-urlencoded', `sso=${encodeURIComponent(once)}&sig=${sig}`],
      ['application/json; charset=utf-8', JSON.stringify({ sso, sig })],
      ['application/json', JSON.stringify({ sso: once, sig })],
    ] as const) {
      expect([body, (await own.api('POST', '/admin/users/sync_sso', { body, type }))?.status]).toEqual([
        body,
        200,
      ]);
    }
    expect(seen).toHaveLength(4);
    expect(seen[3]).toMatchObject({ externalId: 'wp-6', bio: '~~~~~~~~~' });
  });

  test.each(vectors.sync.map((vector) => [vector.name, vector] as const))(
    'a forum’s vector, %s: what either era takes has a right signature here, and is no push',
    async (_, { secret: key, sso, sig, old, new: current }) => {
      const own = site({ ...authority([]), clients: [{ domain: 'wiki.example.com', secret: key }] });
      const body = new URLSearchParams({
        ...(sso === null ? {} : { sso }),
        ...(sig === null ? {} : { sig }),
      }).toString();
      expect((await own.api('POST', '/admin/users/sync_sso', { body }))?.status).toBe(422);
      // All of them have a nonce: they could be a login's answer.
      const taken = [old.status, current.status].includes(200);
      const refused = own.events.at(-1);
      expect(refused?.type === 'request.refused' && refused.code === 'ERR_PROVIDER_SYNC_REFUSED').toBe(taken);
    },
  );

  test('an id is one person’s, for good; words that name nobody are none', async () => {
    const seen: unknown[] = [];
    const own = site(authority(seen), { user: bob });
    const push = async (fields: Record<string, string>) =>
      (await own.api('POST', '/admin/users/sync_sso', { body: signed(fields) }))?.status;
    expect(await push(person)).toBe(200);
    expect(await push({ ...person, external_id: 'wp-6' })).toBe(403);
    const unstorable = ['a\0', 'a\nb', 'x'.repeat(256)];
    for (const id of ['', ' ', 'none', 'NULL', 'undefined', 'NaN', '[object Object]', ...unstorable])
      expect([id, await push({ ...person, external_id: id })]).toEqual([id, 422]);
    const changing = site(
      authority([], {
        applyUser: async ({ siteUserId }: { siteUserId: string | null }) =>
          siteUserId === null ? bob : { ...bob, id: 'uuid-8' },
      }),
    );
    expect(await changing.api('POST', '/admin/users/sync_sso', { body: signed(person) })).toMatchObject({
      status: 200,
    });
    expect(await changing.api('POST', '/admin/users/sync_sso', { body: signed(person) })).toMatchObject({
      status: 403,
      body: '{"failed":"FAILED","message":"Login Error"}',
    });
  });

  test('of first pushes at the same time one makes the person, and the others find them', async () => {
    const asked: (string | null)[] = [];
    const own = site(
      authority([], {
        applyUser: async ({ siteUserId }: { siteUserId: string | null }) => {
          asked.push(siteUserId);
          await new Promise((resolve) => setTimeout(resolve, 20));
          return siteUserId === null ? { ...bob, id: `made-${asked.length}` } : { ...bob, id: siteUserId };
        },
      }),
    );
    const pushes = [1, 2, 3].map(() => own.api('POST', '/admin/users/sync_sso', { body: signed(person) }));
    expect((await Promise.all(pushes)).map((reply) => reply?.status)).toEqual([200, 200, 200]);
    expect(asked).toEqual([null, 'made-1', 'made-1']);
  });

  test('an id that no store takes is nobody’s, and no fault of the store', async () => {
    const { links } = memoryStore();
    const findByCommunityUser = async (): Promise<null> => {
      throw new RangeError('A key of the store has at most 512 characters.');
    };
    const store = { ...memoryStore(), numbers: durableNumbers(), links: { ...links, findByCommunityUser } };
    const own = site(authority([]), { user: bob, store });
    for (const id of ['x'.repeat(600), '%00', 'a%0Ab'])
      expect([id, (await own.api('GET', `/u/by-external/${id}.json`))?.status]).toEqual([id, 404]);
  });

  test('a client with a key of its own: no other key brings people or finds them', async () => {
    const own = site(
      {
        ...authority([]),
        clients: [
          { domain: 'wiki.example.com', secret, apiKey: 'the-key-of-the-authority-alone-x' },
          {
            domain: 'blog.example.com',
            secret: randomBytes(16).toString('hex'),
            apiKey: 'the-key-of-the-blog-and-nobody-x',
          },
        ],
      },
      { user: bob },
    );
    const call = async (key: string) => [
      (await own.api('POST', '/admin/users/sync_sso', { key, body: signed(person) }))?.status,
      (await own.api('GET', '/u/by-external/wp-5.json', { key }))?.status,
      (await own.api('POST', '/admin/users/1/log_out', { key }))?.status,
    ];
    expect(await call('the-key-of-the-authority-alone-x')).toEqual([200, 200, 200]);
    expect(await call(apiKey)).toEqual([403, 404, 200]);
    expect(await call('the-key-of-the-blog-and-nobody-x')).toEqual([403, 404, 200]);
    expect(await call('the-key-of-nobody-at-all-0123456')).toEqual([403, 403, 403]);
  });

  test('a fault of the site is no fault of the client', async () => {
    const own = site(authority([], { applyUser: () => Promise.reject(new Error('down')) }));
    expect(await own.api('POST', '/admin/users/sync_sso', { body: signed(person) })).toMatchObject({
      status: 503,
      body: expect.stringContaining('internal_error'),
    });
    expect(own.events).toMatchObject([{ code: 'ERR_SITE_CALLBACK_FAILED', cause: { message: 'down' } }]);
  });

  test('what Forum SSO itself throws within applyUser keeps its code', async () => {
    const full = new ForumSsoError('ERR_PUSH_QUEUE_FULL', 'Too many jobs wait.');
    const own = site(authority([], { applyUser: () => Promise.reject(full) }));
    await own.api('POST', '/admin/users/sync_sso', { body: signed(person) });
    expect(own.events).toMatchObject([{ code: 'ERR_PUSH_QUEUE_FULL', detail: 'Too many jobs wait.' }]);
  });

  test('our own answer posted back, a foreign signature, and a push without an authority are refused', async () => {
    const seen: unknown[] = [];
    const own = site(authority(seen));
    const answer = new URL(locationOf(await own.ask(signed({ nonce, return_sso_url: wiki })))).search.replace(
      /^\?title=[^&]*&/,
      '',
    );
    for (const body of [
      answer,
      signed(person, 'another secret'),
      signed({ email: 'x@example.com' }),
      '',
      'sso=%zz',
    ]) {
      const reply = await own.api('POST', '/admin/users/sync_sso', { body });
      expect(reply).toMatchObject({ status: 422, body: expect.stringContaining('"failed":"FAILED"') });
    }
    expect(seen).toEqual([]);
    expect(
      await site({ apiKey }).api('POST', '/admin/users/sync_sso', { body: signed(person) }),
    ).toMatchObject({ status: 404, headers: expect.arrayContaining([['Cache-Control', 'no-store']]) });
  });
});

describe('options', () => {
  test.each<[unknown, string]>([
    [{ clients: [] }, 'is empty'],
    [{ clients: '' }, 'is empty'],
    [{ clients: 'no bar at all' }, 'domain|secret'],
    [{ clients: 'wiki.example.com:8080|the-secret-of-it' }, 'line 1 must be a host alone'],
    [{ clients: ['https://wiki.example.com|the-secret-of-it'] }, 'line 1 must be a host alone'],
    [{ clients: [{ domain: '*', secret }] }, 'allowBroadWildcard'],
    [{ clients: [{ domain: '*example.com', secret }] }, 'allowBroadWildcard'],
    [{ clients: [{ domain: 'https://a.example', secret }] }, 'must be a host'],
    [{ clients: [{ domain: 'a.example', secret: 'short' }] }, 'shorter than 10'],
    [{ clients: [{ domain: 'a.example', secret, returnUrls: ['http://a.example/'] }] }, 'https'],
    [{ clients: [{ domain: 'a.example', secret, returnUrls: ['https://a.example/x*'] }] }, 'after a slash'],
    [{ clients: [{ domain: 'a.example', secret, returnUrls: ['https://*.example/'] }] }, 'after a slash'],
    [{ clients: [{ domain: 'a.example', secret, returnUrls: ['https://a.example/*/*'] }] }, 'after a slash'],
    [{ clients: [{ domain: 'a.example', secret }], apiKey: 'Has Capitals And Blanks' }, 'DISCOURSE_API_KEY'],
    [{ clients: [{ domain: 'a.example', secret }], apiKey: 'short' }, 'shorter than 20'],
    [
      { clients: [{ domain: 'a.example', secret, apiKey: 'short' }] },
      'the apiKey of the client "a.example" is shorter',
    ],
    [{ clients: [{ domain: 'a.example', secret, apiKey }], apiKey }, 'The same secret serves'],
    [{ clients: [{ domain: 'a.example', secret: apiKey }], apiKey }, 'The same secret serves'],
    [{ clients: [{ domain: 'a.example', secret }], numberOf: () => 1 }, 'siteUserOf'],
    [{ clients: [{ domain: 'a.example', secret }], path: 'x' }, 'path'],
    [
      {
        clients: [{ domain: 'a.example', secret }],
        apiKey,
        authority: { domain: 'b.example', applyUser: async () => null },
      },
      'not the domain of a client',
    ],
    [
      {
        clients: [{ domain: 'a.example', secret }],
        authority: { domain: 'a.example', applyUser: async () => null },
      },
      'needs apiKey',
    ],
  ])('%j is refused with a sentence about %s', (options, named) => {
    const text = problemsOf(options);
    expect(text).toContain(named);
    expect(text).not.toContain(secret);
  });

  test('without numbers that last the site does not start', () => {
    expect(problemsOf({ clients: [{ domain: 'a.example', secret }] }, { store: memoryStore() })).toContain(
      'whole numbers',
    );
  });

  test('a short inbound key is a warning', () => {
    const events: ForumSsoEvent[] = [];
    const warnings = (key: string) => {
      site({ apiKey: key }, { events: (event) => events.push(event) });
      return events.splice(0).map((event) => (event.type === 'setup.warning' ? event.detail : ''));
    };
    expect(warnings('k'.repeat(31))).toEqual([
      expect.stringMatching(/^apiKey \(DISCOURSE_API_KEY\) is shorter than 32/),
    ]);
    expect(warnings('k'.repeat(32))).toEqual([]);
  });

  test('an IPv6 address is a host, too', async () => {
    const own = site({ clients: `[::1]|${secret}` });
    expect(locationOf(await own.ask(signed({ nonce, return_sso_url: 'http://[::1]:8080/wiki' })))).toMatch(
      /^http:\/\/\[::1\]:8080\/wiki\?sso=/,
    );
  });

  test('an inbound key that is the outgoing one is refused', () => {
    const clients = [{ domain: 'a.example', secret }];
    const forum = discourse({
      forumUrl: 'https://forum.example.com',
      secret: 'the other secret',
      api: { key: apiKey },
    });
    expect(() =>
      createForumSso({
        baseUrl: 'https://site.example.com/sso',
        keys: randomBytes(32).toString('base64'),
        connectors: [forum, discourseConnectProvider({ clients, apiKey })],
        store: { ...memoryStore(), numbers: durableNumbers() },
      }),
    ).toThrow('The same secret serves');
  });
});
