import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { CookieJar } from 'tough-cookie';

import {
  DiscourseApi,
  type DiscourseLoginOptions,
  discourse,
  discourseLogin,
  verifyMessage,
  verifyWebhook,
} from '../../src/discourse/index.js';
import { createForumSso } from '../../src/forum-sso.js';
import type { SsoReply } from '../../src/http/reply.js';
import type { ForumSsoOptions } from '../../src/options/forum-sso-options.js';
import type { SiteUser } from '../../src/site-user.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { LeakDetector, printed } from '../leak-detector.js';

/**
 * Beyond what the protocol itself puts there, nothing that leaves us holds a secret, a key, an e-mail address or a
 * payload. All values are random in each run. Every reply, event, error and cookie of every flow is looked through.
 */
const word = (): string => randomBytes(9).toString('hex');
const values = {
  siteKey: randomBytes(32).toString('hex'),
  connectSecret: `c+${word()}~&=`,
  oldConnectSecret: `o+${word()}~&=`,
  loginSecret: `l+${word()}~&=`,
  oldLoginSecret: `q+${word()}~&=`,
  webhookSecret: `w+${word()}~&=`,
  apiKey: word(),
  foreignSecret: `f+${word()}~&=`,
  forumEmail: `forum+${word()}@example.com`,
  siteEmail: `site+${word()}@example.com`,
  /** In fields that nobody asked for, in custom fields, in the body of webhooks, in answers of the API. */
  payload: `payload ${word()} & more`,
};
const detector = new LeakDetector(values);

const origin = 'https://site.example.com';
const person: SiteUser = {
  id: 'local-1',
  email: values.siteEmail,
  emailVerified: true,
  username: 'sam',
  groups: [],
};

const sign = (text: string | Uint8Array, secret: string): string =>
  createHmac('sha256', secret).update(text).digest('hex');

function signed(fields: Record<string, string>, secret: string): { query: string; sso: string; sig: string } {
  const sso = Buffer.from(new URLSearchParams(fields).toString()).toString('base64');
  const sig = sign(sso, secret);
  return { query: `sso=${encodeURIComponent(sso)}&sig=${sig}`, sso, sig };
}

/** What our redirect says to the forum. */
function requestIn(reply: SsoReply): Record<string, string> {
  const location = reply.headers.find(([name]) => name === 'Location')?.[1] ?? '';
  const sso = new URL(location).searchParams.get('sso') ?? '';
  return Object.fromEntries(new URLSearchParams(Buffer.from(sso, 'base64').toString()));
}

const forumPerson = {
  external_id: '42',
  username: 'sam',
  name: 'Sam',
  email: values.forumEmail,
  groups: 'writers',
  bio: values.payload,
  'custom.note': values.payload,
};

/** A forum whose API answers what it is told to; its answers are full of what must not get any further. */
const api = { listener: (() => {}) as RequestListener, url: '' };
const server = createServer((request, response) => api.listener(request, response));

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  api.url = `http://127.0.0.1:${address.port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const answering =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(body);
  };
const chatter = JSON.stringify({ errors: [values.apiKey, values.forumEmail, values.payload] });
const failures: Readonly<Record<string, RequestListener>> = {
  'a wrong key': (_request, response) =>
    response.writeHead(403).end(`{"error_type":"invalid_access","errors":["${values.apiKey}"]}`),
  'no such account': answering(404, `{"error_type":"not_found","errors":["${values.forumEmail}"]}`),
  'a rate limit': answering(429, chatter, { 'Retry-After': '5' }),
  'a fault': answering(500, chatter),
  'a redirect': answering(302, chatter, { Location: `https://evil.example/?key=${values.apiKey}` }),
  'an odd status': answering(418, chatter),
  'no JSON': answering(200, `<html>${values.apiKey} ${values.forumEmail} ${values.payload}`),
  'too much': answering(200, `"${values.payload.repeat(60_000)}"`),
  'an answer that breaks off': (_request, response) => {
    response.writeHead(200, { 'Content-Length': '1000' }).write(chatter);
    setTimeout(() => response.destroy(), 20);
  },
  'no answer': (request) => request.socket.destroy(),
};

/** A site, and all that has left it. */
class Watched {
  readonly #texts: { readonly what: string; readonly text: string }[] = [];
  readonly sso;
  readonly jar = new CookieJar();
  readonly clock = { now: new Date() };

  constructor(login: Partial<DiscourseLoginOptions> = {}, more: Partial<ForumSsoOptions> = {}) {
    const accounts = new Map([[person.id, person]]);
    this.sso = createForumSso({
      baseUrl: `${origin}/sso`,
      keys: values.siteKey,
      connectors: [
        discourse({
          forumUrl: 'https://forum.example.com',
          secret: [values.connectSecret, values.oldConnectSecret],
        }),
        discourseLogin({
          forumUrl: api.url,
          secret: [values.loginSecret, values.oldLoginSecret],
          api: { key: values.apiKey },
          webhook: { secret: values.webhookSecret },
          logout: { offerEverywhere: true, forwardToForum: true, followForum: true },
          findSiteUser: async (query) => ('id' in query ? (accounts.get(query.id) ?? null) : null),
          createSiteUser: async () => person,
          updateSiteUser: async (user) => user,
          groupMap: { editors: ['writers'] },
          ...login,
        }),
      ],
      store: memoryStore({ now: () => this.clock.now }),
      now: () => this.clock.now,
      events: (event) => this.keep(`the event ${event.type}`, printed(event)),
      ...more,
    });
  }

  keep(what: string, text: string): void {
    this.#texts.push({ what, text });
  }

  /** Everything that left, and what of it must not have. */
  leaks(): readonly string[] {
    expect(this.#texts.length).toBeGreaterThan(0);
    return this.#texts.flatMap(({ what, text }) => detector.find(text).map((name) => `${name} in ${what}`));
  }

  async open(
    url: string,
    {
      method = 'GET',
      headers = {},
      body = new Uint8Array(),
    }: { method?: string; headers?: Record<string, string>; body?: Uint8Array } = {},
    /** What the protocol puts into the answer, to be taken out before it is looked through. */
    allowed: (reply: SsoReply) => SsoReply = (reply) => reply,
  ): Promise<SsoReply> {
    const reply = await this.sso.handle({
      method,
      url,
      headers: {
        accept: 'text/html',
        ...(method === 'GET' ? { 'sec-fetch-dest': 'document' } : { origin }),
        cookie: await this.jar.getCookieString(origin),
        ...headers,
      },
      ip: '198.51.100.7',
      body: async () => body,
    });
    if (reply === null) throw new Error(`${url} is not ours`);
    for (const [name, value] of reply.headers)
      if (name === 'Set-Cookie') await this.jar.setCookie(value, origin);
    this.keep(`the answer ${reply.status} to ${method} ${url.split('?')[0]}`, printed(allowed(reply)));
    return reply;
  }

  async post(url: string, fields: Record<string, string> = {}): Promise<SsoReply> {
    return this.open(url, { method: 'POST', body: Buffer.from(new URLSearchParams(fields).toString()) });
  }

  async start(): Promise<Record<string, string>> {
    return requestIn(await this.open('/sso/discourse-login/start?returnTo=/account'));
  }

  async arrive(
    request: Record<string, string>,
    answer: Record<string, string> = forumPerson,
    secret = values.loginSecret,
  ): Promise<SsoReply> {
    const message = signed({ ...request, ...answer }, secret);
    const reply = await this.open(`/sso/discourse-login/callback?${message.query}`);
    // Neither is the message itself repeated, nor the signature that would have been right.
    const text = printed(reply);
    for (const part of [message.sso, message.sig, sign(message.sso, values.loginSecret)])
      expect(text).not.toContain(part);
    return reply;
  }

  async webhook(body: object, event = 'user_updated', secret = values.webhookSecret): Promise<SsoReply> {
    const bytes = Buffer.from(JSON.stringify(body));
    return this.open('/sso/discourse-login/webhook', {
      method: 'POST',
      body: bytes,
      headers: {
        'x-discourse-event-id': randomBytes(4).toString('hex'),
        'x-discourse-event-type': 'user',
        'x-discourse-event': event,
        'x-discourse-event-signature': `sha256=${sign(bytes, secret)}`,
      },
    });
  }
}

const webhookUser = {
  user: {
    id: 42,
    username: 'sam',
    email: values.forumEmail,
    bio_raw: values.payload,
    title: 'Writer',
    groups: [{ id: 1, name: 'writers' }],
    last_seen_at: '2099-01-01T00:00:00Z',
  },
};

const signInAs = async (site: Watched, user: SiteUser): Promise<void> => {
  const request = {
    method: 'GET',
    url: '/login',
    headers: {},
    ip: undefined,
    body: async () => new Uint8Array(),
  };
  for (const [, value] of await (await site.sso.visit(request)).signIn(user))
    await site.jar.setCookie(value, origin);
};

describe('nothing gets out', () => {
  test('of a login, and of every way in which it can go wrong', async () => {
    const site = new Watched();
    expect((await site.arrive(await site.start())).status).toBe(302);
    expect((await site.arrive(await site.start(), forumPerson, values.oldLoginSecret)).status).toBe(302);
    const request = await site.start();
    for (const [answer, secret] of [
      [forumPerson, values.foreignSecret],
      [{ ...forumPerson, nonce: '' }],
      [{ ...forumPerson, nonce: values.payload }],
      [{ ...forumPerson, return_sso_url: `https://evil.example/${values.payload}` }],
    ] as const) {
      expect((await site.arrive(request, answer, secret)).status).toBeGreaterThan(399);
    }
    for (const answer of [
      { ...forumPerson, external_id: values.payload },
      { ...forumPerson, username: `${values.payload}\u0007` },
      { ...forumPerson, failed: 'true' },
      {},
    ]) {
      expect((await site.arrive(await site.start(), answer)).status).toBe(403);
    }
    const late = await site.start();
    site.clock.now = new Date(site.clock.now.getTime() + 700_000);
    expect((await site.arrive(late)).status).toBe(403);
    for (const query of [
      `sso=${values.payload}&sig=${values.payload}`,
      `sso=${encodeURIComponent(values.forumEmail)}&sig=${'0'.repeat(64)}`,
      `sso=x&sso=${values.payload}&sig=1`,
      `sso=%zz${values.payload}`,
      `returnTo=//${values.payload}`,
    ]) {
      await site.open(`/sso/discourse-login/callback?${query.replaceAll(' ', '+')}`);
      await site.open(`/sso/discourse-login/start?${query.replaceAll(' ', '+')}`);
    }
    expect(site.leaks()).toEqual([]);
  });

  test('when the site has no account, or its callbacks fail, or its user cannot be used', async () => {
    const unusable = { ...person, email: `${values.siteEmail} ${values.payload}` };
    for (const login of [
      { createSiteUser: async () => null },
      { createSiteUser: () => Promise.reject(new Error('unique constraint')) },
      { createSiteUser: async () => unusable },
      { createSiteUser: async () => ({ ...person, suspended: true }) },
      { updateSiteUser: async () => unusable },
    ]) {
      const site = new Watched(login);
      expect((await site.arrive(await site.start())).status).toBeGreaterThan(399);
      expect(site.leaks()).toEqual([]);
    }
  });

  test('of a store that fails', async () => {
    api.listener = answering(200, JSON.stringify(webhookUser.user));
    const { profiles, ...store } = memoryStore();
    const gone = () => Promise.reject(new Error('connection refused'));
    for (const broken of [
      { ...store, oneTime: { claim: gone } },
      { ...store, profiles: { read: gone, write: gone, remove: gone } },
    ]) {
      const site = new Watched({}, { store: { ...(profiles && { profiles }), ...broken, shared: true } });
      expect((await site.arrive(await site.start())).status).toBe(503);
      await site.webhook(webhookUser);
      expect(site.leaks()).toEqual([]);
    }
  });

  test('of linking: the page names both accounts by their user names', async () => {
    const site = new Watched();
    await signInAs(site, { ...person, username: undefined });
    const away = await site.post('/sso/discourse-login/link', { returnTo: '/profile' });
    const page = await site.arrive(requestIn(away));
    expect(page.status).toBe(200);
    const confirmation = /name="confirmation" value="([^"]+)"/.exec(String(page.body))?.[1] ?? '';
    expect((await site.post('/sso/discourse-login/link/confirm', { confirmation })).status).toBe(302);
    expect((await site.post('/sso/discourse-login/link/confirm', { confirmation })).status).toBe(403);
    expect(
      (await site.post('/sso/discourse-login/link/confirm', { confirmation: values.payload })).status,
    ).toBe(403);
    expect(site.leaks()).toEqual([]);
  });

  test('of silent logins', async () => {
    const site = new Watched({ seamlessLogin: true, autoRelogin: true });
    const visit = async (url: string): Promise<SsoReply | null> => {
      const headers = { accept: 'text/html', cookie: await site.jar.getCookieString(origin) };
      const { reply } = await site.sso.visit({
        method: 'GET',
        url,
        headers,
        ip: undefined,
        body: async () => new Uint8Array(),
      });
      for (const [name, value] of reply?.headers ?? [])
        if (name === 'Set-Cookie') await site.jar.setCookie(value, origin);
      site.keep('a silent login', printed(reply));
      return reply;
    };
    await visit('/page');
    const away = await visit('/page?fsso-cookie-test=1');
    expect((await site.arrive(requestIn(away ?? { status: 0, headers: [] }))).status).toBe(302);
    expect(site.leaks()).toEqual([]);
  });

  test.each(Object.keys(failures))('of the forum’s API: %s', async (name) => {
    api.listener = failures[name] ?? (() => {});
    const site = new Watched();
    expect((await site.arrive(await site.start())).status).toBe(302);
    for (const event of ['user_updated', 'user_destroyed']) await site.webhook(webhookUser, event);
    site.keep('a report', printed(await site.sso.signOut(person.id)));
    site.keep('a check', printed(await site.sso.check()));
    await site.arrive(await site.start());
    await site.post('/sso/discourse-login/logout', { everywhere: 'on', returnTo: `/${values.payload}` });

    const client = new DiscourseApi({
      forumUrl: api.url,
      apiKey: values.apiKey,
      connectSecret: values.connectSecret,
    });
    const sync = { externalId: 'local-1', email: values.siteEmail, username: 'sam', bio: values.payload };
    for (const call of [
      () => client.syncSso(sync),
      () => client.logOut('42'),
      () => client.readUser('42'),
      () => client.readEmail('sam'),
      () => client.findByExternalId('local-1'),
      () => client.suspend('42', { reason: values.payload }),
      () => client.groupNames(),
    ]) {
      const outcome = await call().catch((error: unknown) => error);
      if (outcome instanceof Error) site.keep(`the error of ${call}`, printed(outcome));
    }
    expect(site.leaks()).toEqual([]);
  });

  test('of webhooks, accepted or refused', async () => {
    api.listener = answering(200, JSON.stringify(webhookUser.user));
    const site = new Watched();
    await site.arrive(await site.start());
    expect((await site.webhook(webhookUser)).status).toBe(200);
    expect((await site.webhook(webhookUser, 'user_logged_out')).status).toBe(200);
    expect((await site.webhook(webhookUser, 'user_updated', values.foreignSecret)).status).toBe(401);
    expect((await site.webhook({ user: { id: values.payload, email: values.forumEmail } })).status).toBe(400);
    expect((await site.webhook({ user: { ...webhookUser.user, groups: [values.payload] } })).status).toBe(
      400,
    );
    expect((await site.webhook([values.payload])).status).toBe(400);
    const withoutApi = new Watched(
      {},
      {
        connectors: [
          discourseLogin({
            forumUrl: api.url,
            secret: values.loginSecret,
            webhook: { secret: values.webhookSecret },
          }),
        ],
      },
    );
    await withoutApi.arrive(await withoutApi.start());
    await withoutApi.webhook(webhookUser);
    expect([...site.leaks(), ...withoutApi.leaks()]).toEqual([]);
  });

  test('of log-out, in every direction', async () => {
    api.listener = answering(200, '{"success":"OK"}');
    const site = new Watched();
    await site.arrive(await site.start());
    await site.open('/sso/discourse-login/logout?returnTo=/bye');
    const landing = requestIn(await site.open('/sso/discourse-login/forum-logout'));
    await site.arrive(landing, { failed: 'true' });
    await site.arrive(await site.start());
    expect((await site.post('/sso/discourse-login/logout', { everywhere: 'on' })).status).toBe(302);
    expect(site.leaks()).toEqual([]);
  });

  test('of answers to the forum but what the protocol puts into their address', async () => {
    const site = new Watched();
    const question = (secret: string, more: Record<string, string> = {}): string =>
      signed(
        {
          nonce: randomBytes(16).toString('hex'),
          return_sso_url: 'https://forum.example.com/session/sso_login',
          ...more,
        },
        secret,
      ).query;
    // Of the address only the message is taken out: it has to hold the person's details, and no secret.
    const answered = (reply: SsoReply): SsoReply => {
      const location = new URL(reply.headers.find(([name]) => name === 'Location')?.[1] ?? '', origin);
      const payload = Buffer.from(location.searchParams.get('sso') ?? '', 'base64').toString();
      expect(detector.find(payload).filter((name) => name !== 'siteEmail')).toEqual([]);
      return { ...reply, headers: reply.headers.filter(([name]) => name !== 'Location') };
    };
    // Nobody is signed in: the way back carries the question as it came.
    await site.open(`/sso/discourse?${question(values.connectSecret)}`);
    await signInAs(site, person);
    for (const secret of [values.connectSecret, values.oldConnectSecret]) {
      const target = `/sso/discourse?${question(secret, { bio: values.payload, email: values.forumEmail })}`;
      expect((await site.open(target, {}, answered)).status).toBe(302);
    }
    for (const query of [
      question(values.foreignSecret),
      question(values.loginSecret),
      question(values.connectSecret, { return_sso_url: `https://evil.example/${values.payload}` }),
      question(values.connectSecret, { nonce: '' }),
    ]) {
      expect((await site.open(`/sso/discourse?${query}`)).status).toBeGreaterThan(399);
    }
    expect(site.leaks()).toEqual([]);
  });

  test('of errors that are thrown at the start, and by functions for sites', () => {
    const site = new Watched();
    const { secret: short } = { secret: values.loginSecret.slice(0, 9) };
    const shortDetector = new LeakDetector({ short });
    for (const wrong of [
      () => new Watched({}, { keys: values.siteKey.slice(0, 20) }),
      () => new Watched({ secret: values.connectSecret }),
      () => new Watched({ secret: [values.loginSecret, values.loginSecret] }),
      () => new Watched({ secret: `${values.loginSecret}\n` }),
      () => new Watched({ secret: short }),
      () => new Watched({ api: { key: `${values.apiKey} x` } }),
      () => new Watched({ api: { key: values.webhookSecret } }),
      () => new Watched({ webhook: { secret: values.connectSecret } }),
      () => new Watched({ forumUrl: `https://user:${values.apiKey}@forum.example.com` }),
      () => verifyMessage(signed(forumPerson, values.foreignSecret), values.loginSecret),
      () => verifyMessage({ sso: values.payload, sig: values.payload }, [values.loginSecret]),
      () =>
        verifyWebhook(
          {
            headers: { 'x-discourse-event-signature': `sha256=${'0'.repeat(64)}` },
            body: Buffer.from(values.payload),
          },
          values.webhookSecret,
        ),
    ]) {
      let thrown: unknown = null;
      try {
        wrong();
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(Error);
      site.keep(`the error of ${wrong}`, printed(thrown));
      expect(shortDetector.find(printed(thrown))).toEqual([]);
    }
    expect(site.leaks()).toEqual([]);
  });
});

test('nothing is written to the console', async () => {
  const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) => jest.spyOn(console, name));
  api.listener = failures['a fault'] ?? (() => {});
  const site = new Watched();
  await site.arrive(await site.start(), forumPerson, values.foreignSecret);
  await site.webhook(webhookUser);
  for (const spy of spies) {
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  }
});

test('the test itself would notice: each value, planted into an event or a page', async () => {
  for (const [name, value] of Object.entries(values)) {
    const site = new Watched(
      {},
      { renderPage: ({ title }) => `<p>${title} ${encodeURIComponent(value)}</p>` },
    );
    await site.open('/sso/discourse-login/logout');
    expect(site.leaks()).toEqual([`${name} in the answer 200 to GET /sso/discourse-login/logout`]);
  }
});
