import { createHmac, randomBytes } from 'node:crypto';
import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { inspect } from 'node:util';
import { type ForumSsoEvent, memoryStore } from '@forum-sso/core';
import { afterEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import session from 'express-session';
import Koa from 'koa';
import { KoaPassport } from 'koa-passport';
import koaSession from 'koa-session';
import { Passport } from 'passport';
import { CookieJar } from 'tough-cookie';

import {
  type DiscourseAuthenticateOptions,
  DiscourseStrategy,
  type DiscourseStrategyOptions,
  type PassportRequest,
  type Verify,
} from '../src/index.js';

const secret = randomBytes(16).toString('hex');
const sam = {
  external_id: '42',
  username: 'sam',
  name: 'Sam S.',
  email: 'sam@example.com',
  admin: 'false',
  moderator: 'true',
  groups: 'a,b',
};

function signed(fields: Record<string, string>, key = secret): string {
  const sso = Buffer.from(new URLSearchParams(fields).toString()).toString('base64');
  return `sso=${encodeURIComponent(sso)}&sig=${createHmac('sha256', key).update(sso).digest('hex')}`;
}
function requestOf(location: string): Record<string, string> {
  const sso = new URL(location).searchParams.get('sso') ?? '';
  return Object.fromEntries(new URLSearchParams(Buffer.from(sso, 'base64').toString()));
}

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve).closeAllConnections())),
  );
});

/** Starts first, since the strategy has to know its own address. */
async function serve(build: (origin: string) => RequestListener): Promise<string> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const origin = `http://localhost:${address.port}`;
  server.on('request', build(origin));
  return origin;
}

class Browser {
  readonly #jar = new CookieJar();
  constructor(readonly origin: string) {}
  async open(path: string, headers: Record<string, string> = {}, method = 'GET') {
    const url = new URL(path, this.origin).href;
    const response = await fetch(url.replace('localhost', '127.0.0.1'), {
      redirect: 'manual',
      method,
      headers: { cookie: await this.#jar.getCookieString(url), 'sec-fetch-dest': 'document', ...headers },
    });
    for (const cookie of response.headers.getSetCookie()) await this.#jar.setCookie(cookie, url);
    return {
      status: response.status,
      location: response.headers.get('location') ?? '',
      headers: response.headers,
      text: await response.text(),
    };
  }
  cookies(): string[] {
    return this.#jar.getCookiesSync(this.origin).map(({ key }) => key);
  }
  cookie(name: string): string | undefined {
    return this.#jar.getCookiesSync(this.origin).find(({ key }) => key === name)?.value;
  }
  plant(cookie: string): void {
    this.#jar.setCookieSync(`${cookie}; Path=/`, this.origin);
  }
}

type StrategyOptions = Partial<DiscourseStrategyOptions>;
const optionsFor = (origin: string, more: StrategyOptions = {}): DiscourseStrategyOptions => ({
  forumUrl: 'https://forum.example.com',
  secret,
  callbackUrl: `${origin}/auth/discourse/callback`,
  cookieKeys: randomBytes(32).toString('base64'),
  ...more,
});

const verifyAll: Verify = (profile, done) => done(null, { id: profile.id, name: profile.displayName });

interface App {
  readonly verify?: Verify;
  readonly strategy?: StrategyOptions;
  /** Options on the way to the forum. */
  readonly authenticate?: DiscourseAuthenticateOptions;
  /** Options on the way back. */
  readonly arrive?: DiscourseAuthenticateOptions;
}

/** The frameworks under test; each answers `/me` with who is signed in, and the callback with what Passport knows. */
const frameworks = {
  'Express with express-session': ({
    verify = verifyAll,
    strategy = {},
    authenticate = {},
    arrive = {},
  }: App) =>
    serve((origin) => {
      const passport = new Passport();
      passport.use(new DiscourseStrategy(optionsFor(origin, strategy), verify));
      passport.serializeUser((user, done) => done(null, JSON.stringify(user)));
      passport.deserializeUser((text: string, done) => done(null, JSON.parse(text)));
      const app = express();
      app.use(session({ secret: 'of the test', resave: false, saveUninitialized: false }));
      app.use(passport.initialize(), passport.session());
      app.get('/auth/discourse', passport.authenticate('discourse', authenticate));
      app.get(
        '/auth/discourse/callback',
        passport.authenticate('discourse', { ...arrive, failWithError: true }),
        (req, res) => {
          res.json({ user: req.user, info: req.authInfo });
        },
      );
      app.get('/me', (req, res) => void res.json(req.user ?? null));
      app.use(failures);
      return app;
    }),
  'Express without any session': ({
    verify = verifyAll,
    strategy = {},
    authenticate = {},
    arrive = {},
  }: App) =>
    serve((origin) => {
      const passport = new Passport();
      passport.use(new DiscourseStrategy(optionsFor(origin, strategy), verify));
      const app = express();
      const auth = express.Router();
      auth.get('/', passport.authenticate('discourse', { ...authenticate, session: false }));
      auth.get(
        '/callback',
        passport.authenticate('discourse', { ...arrive, session: false, failWithError: true }),
        (req, res) => {
          res.json({ user: req.user, info: req.authInfo });
        },
      );
      app.use('/auth/discourse', auth);
      app.use(failures);
      return app;
    }),
  'Koa with koa-passport': ({ verify = verifyAll, strategy = {}, authenticate = {}, arrive = {} }: App) =>
    serve((origin) => {
      const passport = new KoaPassport();
      passport.use(new DiscourseStrategy(optionsFor(origin, strategy), verify));
      passport.serializeUser((user, done) => done(null, JSON.stringify(user)));
      passport.deserializeUser((text: string, done) => done(null, JSON.parse(text)));
      const app = new Koa();
      app.keys = ['of the test'];
      app.use(async (ctx, next) => {
        try {
          await next();
        } catch (error) {
          ctx.status = statusOf(error);
          ctx.body = { error: String(error) };
        }
      });
      app.use(koaSession(app));
      app.use(passport.initialize());
      app.use(passport.session());
      app.use(async (ctx, next) => {
        if (ctx.path === '/auth/discourse')
          return passport.authenticate('discourse', authenticate)(ctx, next);
        if (ctx.path === '/auth/discourse/callback') {
          return passport.authenticate(
            'discourse',
            arrive,
            async (error: unknown, user: unknown, info: unknown, status: unknown) => {
              if (error !== null && error !== undefined) throw error;
              if (user === false || user === null || user === undefined) {
                ctx.status = typeof status === 'number' ? status : 401;
                ctx.body = { failed: info };
                return;
              }
              await ctx.login(user);
              ctx.body = { user, info };
            },
          )(ctx, next);
        }
        if (ctx.path === '/me') ctx.body = JSON.stringify(ctx.state.user ?? null);
        return undefined;
      });
      return app.callback();
    }),
};

function statusOf(error: unknown): number {
  return typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number'
    ? error.status
    : 500;
}
const failures: express.ErrorRequestHandler = (error, _req, res, _next) => {
  res.status(statusOf(error)).json({ error: String(error) });
};

describe.each(Object.entries(frameworks))('%s', (framework, start) => {
  const leave = async (browser: Browser, path = '/auth/discourse?returnTo=%2Faccount') => {
    const reply = await browser.open(path);
    expect(reply.status).toBe(302);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    return requestOf(reply.location);
  };
  const back = (browser: Browser, fields: Record<string, string>, key = secret) =>
    browser.open(`/auth/discourse/callback?${signed(fields, key)}`);

  test('signs in, tells where to return to, and leaves no attempt behind', async () => {
    const browser = new Browser(await start({}));
    const request = await leave(browser);
    expect(request).toEqual({
      nonce: expect.stringMatching(/^[0-9a-f]{32}$/),
      return_sso_url: `${browser.origin}/auth/discourse/callback`,
    });
    const reply = await back(browser, { ...request, ...sam });
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.text)).toMatchObject({
      user: { id: '42', name: 'Sam S.' },
      info: { returnTo: '/account' },
    });
    expect(browser.cookies().some((name) => name.includes('attempt'))).toBe(false);
    if (!framework.includes('without')) {
      expect(JSON.parse((await browser.open('/me')).text)).toEqual({ id: '42', name: 'Sam S.' });
    }
  });

  test('two tabs come back each to its page', async () => {
    const browser = new Browser(await start({}));
    const one = await leave(browser, '/auth/discourse?returnTo=%2Fone');
    const two = await leave(browser, '/auth/discourse?returnTo=%2Ftwo');
    expect((await back(browser, { ...two, ...sam })).text).toContain('/two');
    expect((await back(browser, { ...one, ...sam })).text).toContain('/one');
  });

  test('an answer of another browser, a used one, and a forged one fail with their status', async () => {
    const origin = await start({});
    const browser = new Browser(origin);
    const request = await leave(browser);
    expect((await back(new Browser(origin), { ...request, ...sam })).status).toBe(403);
    expect((await back(browser, { ...request, ...sam }, 'another secret')).status).toBe(403);
    expect(
      (
        await browser.open(`/auth/discourse/callback?${signed({ ...request, ...sam })}`, {
          'sec-fetch-dest': 'iframe',
        })
      ).status,
    ).toBe(403);
    expect((await back(browser, { ...request, ...sam })).status).toBe(200);
    expect((await back(browser, { ...request, ...sam })).status).toBe(403);
  });

  test('a look ahead signs nobody in and leaves the login as it was', async () => {
    const browser = new Browser(await start({}));
    const request = await leave(browser);
    const path = `/auth/discourse/callback?${signed({ ...request, ...sam })}`;
    expect((await browser.open(path, { purpose: 'prefetch' })).status).toBe(503);
    expect(await browser.open(path, {}, 'HEAD')).toMatchObject({ status: 405, text: '' });
    expect((await browser.open(path)).status).toBe(200);
  });

  test('a login begins on a page that somebody opens, not in a frame, an image or a look ahead', async () => {
    const browser = new Browser(await start({}));
    for (const headers of [{ 'sec-fetch-dest': 'iframe' }, { 'sec-fetch-dest': 'image' }])
      expect((await browser.open('/auth/discourse', headers)).status).toBe(403);
    const ahead = await browser.open('/auth/discourse', { 'sec-purpose': 'prefetch' });
    expect([ahead.status, ahead.text.includes('Error')]).toEqual([503, false]);
    expect((await browser.open('/auth/discourse', {}, 'HEAD')).location).toBe('');
    expect(browser.cookies().some((name) => name.includes('attempt'))).toBe(false);
  });

  test('prompt none fails as login_required when nobody is there', async () => {
    const browser = new Browser(await start({ authenticate: { prompt: 'none' } }));
    const request = await leave(browser);
    expect(request).toMatchObject({ prompt: 'none' });
    expect((await back(browser, { ...request, failed: 'true', ...sam })).status).toBe(401);
  });

  test('a second factor is insisted on', async () => {
    const browser = new Browser(await start({ authenticate: { requireTwoFactor: true } }));
    const request = await leave(browser);
    expect(request).toMatchObject({ require_2fa: 'true' });
    expect((await back(browser, { ...request, ...sam })).status).toBe(403);
    const again = await leave(browser);
    expect((await back(browser, { ...again, ...sam, confirmed_2fa: 'true' })).status).toBe(200);
  });

  test('a second factor that only the way back insists on is insisted on, too', async () => {
    const browser = new Browser(await start({ arrive: { requireTwoFactor: true } }));
    expect((await back(browser, { ...(await leave(browser)), ...sam })).status).toBe(403);
    const confirmed = { ...(await leave(browser)), ...sam, confirmed_2fa: 'true' };
    expect((await back(browser, confirmed)).status).toBe(200);
  });

  test('the site’s own word on where to return to goes before the query’s', async () => {
    const browser = new Browser(await start({ authenticate: { returnTo: '/welcome?new=1' } }));
    const reply = await back(browser, { ...(await leave(browser)), ...sam });
    expect(JSON.parse(reply.text)).toMatchObject({ info: { returnTo: '/welcome?new=1' } });
  });

  test('verify may refuse, fail, or be a promise', async () => {
    const answers: Record<string, Verify> = {
      promise: async (profile) => ({ id: profile.id, name: 'by promise' }),
      refused: (_, done) => done(null, false, { message: 'not you' }),
      'refused by promise': async () => null,
      failed: (_, done) => done(new Error('database')),
      'failed by promise': () => Promise.reject(new Error('database')),
    };
    const statuses: Record<string, number> = {};
    for (const [name, verify] of Object.entries(answers)) {
      const browser = new Browser(await start({ verify }));
      statuses[name] = (await back(browser, { ...(await leave(browser)), ...sam })).status;
    }
    expect(statuses).toEqual({
      promise: 200,
      refused: 403,
      'refused by promise': 403,
      failed: 500,
      'failed by promise': 500,
    });
  });

  test('a store that is gone is an error of 503, and accepts nothing', async () => {
    const store = {
      ...memoryStore(),
      oneTime: { claim: () => Promise.reject(new Error('connection lost')) },
      shared: true,
    };
    const events: unknown[] = [];
    const strategy = { store, events: (event: unknown) => void events.push(event) };
    const browser = new Browser(await start({ strategy }));
    const reply = await back(browser, { ...(await leave(browser)), ...sam });
    expect(reply.status).toBe(503);
    expect(reply.text).not.toContain('connection lost');
    const cause = expect.objectContaining({ message: 'connection lost' });
    expect(events).toContainEqual(expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', cause }));
  });

  test('an older secret of the forum is accepted, and told to the operator', async () => {
    const events: unknown[] = [];
    const strategy = {
      secret: [randomBytes(16).toString('hex'), secret],
      events: (event: unknown) => void events.push(event),
    };
    const browser = new Browser(await start({ strategy }));
    const { location } = await browser.open('/auth/discourse');
    expect((await back(browser, { ...requestOf(location), ...sam })).status).toBe(200);
    expect(events).toContainEqual(expect.objectContaining({ type: 'secret.old_used', position: 1 }));
  });

  test.each(['//evil.example', 'https://evil.example', '/.//evil.example'])(
    'does not return to %s',
    async (returnTo) => {
      const browser = new Browser(await start({}));
      const request = await leave(browser, `/auth/discourse?returnTo=${encodeURIComponent(returnTo)}`);
      expect(JSON.parse((await back(browser, { ...request, ...sam })).text)).toMatchObject({
        info: { returnTo: '/' },
      });
    },
  );
});

describe('the strategy', () => {
  test('hands on the request when asked, and a whole profile', async () => {
    const seen: unknown[] = [];
    const origin = await serve((address) => {
      const passport = new Passport();
      passport.use(
        'forum',
        new DiscourseStrategy(
          { ...optionsFor(address), passReqToCallback: true },
          (request, profile, done) => {
            seen.push(request.url, profile);
            done(null, { id: profile.id });
          },
        ),
      );
      const app = express();
      app.get(
        '/auth/discourse{/callback}',
        passport.authenticate('forum', { session: false }),
        (_req, res) => void res.send('ok'),
      );
      return app;
    });
    const browser = new Browser(origin);
    const request = requestOf((await browser.open('/auth/discourse')).location);
    await browser.open(
      `/auth/discourse/callback?${signed({ ...request, ...sam, avatar_url: 'https://forum.example.com/a.png' })}`,
    );
    expect(seen).toEqual([
      expect.stringContaining('/auth/discourse/callback?sso='),
      {
        provider: 'discourse',
        id: '42',
        username: 'sam',
        displayName: 'Sam S.',
        emails: [{ value: 'sam@example.com' }],
        photos: [{ value: 'https://forum.example.com/a.png' }],
        groups: ['a', 'b'],
        admin: false,
        moderator: true,
        requireActivation: false,
        twoFactor: false,
        _json: expect.objectContaining({ externalId: '42', username: 'sam' }),
      },
    ]);
  });

  /** What becomes of one request, in Passport's words, without a framework. */
  async function outcomeOf(
    strategy: DiscourseStrategy,
    request: PassportRequest,
    options: DiscourseAuthenticateOptions = {},
  ): Promise<readonly unknown[]> {
    return new Promise((resolve) => {
      const acting = Object.create(strategy);
      for (const word of ['success', 'fail', 'redirect', 'pass', 'error'])
        acting[word] = (...said: unknown[]) => resolve([word, ...said]);
      acting.authenticate(request, options);
    });
  }
  const responses = (): { res: ServerResponse } => ({
    res: new ServerResponse(new IncomingMessage(new Socket())),
  });

  test('fails with a challenge that says why, and where the person was', async () => {
    const strategy = new DiscourseStrategy(optionsFor('http://localhost:1'), verifyAll);
    const go = async (url: string, cookie = '', options = {}) => {
      const { res } = responses();
      const said = await outcomeOf(strategy, { url, headers: { cookie }, res }, options);
      return { said, cookie: String(res.getHeader('set-cookie')).split(';')[0] ?? '' };
    };
    expect((await go(`/auth/discourse/callback?${signed({ nonce: 'x', ...sam })}`)).said).toEqual([
      'fail',
      { message: expect.stringContaining('sign in'), code: 'ERR_LOGIN_ATTEMPT_MISSING' },
      403,
    ]);
    const { said, cookie } = await go('/auth/discourse?returnTo=/account', '', { prompt: 'none' });
    expect(said).toEqual(['redirect', expect.stringContaining('/session/sso_provider?sso=')]);
    const nobody = signed({ ...requestOf(String(said[1])), failed: 'true' });
    expect((await go(`/auth/discourse/callback?${nobody}`, cookie)).said).toEqual([
      'fail',
      { message: 'login_required', returnTo: '/account' },
      401,
    ]);
  });

  test('errors where the framework shows no response, with what to do', async () => {
    const strategy = new DiscourseStrategy(optionsFor('http://localhost:1'), verifyAll);
    expect(await outcomeOf(strategy, { url: '/auth/discourse', headers: {} })).toEqual([
      'error',
      expect.objectContaining({
        code: 'ERR_OPTIONS_INVALID',
        detail: expect.stringContaining('DiscourseAuthGuard'),
      }),
    ]);
  });

  test('is made of steps that a site may replace', async () => {
    class Behind extends DiscourseStrategy {
      override requestUrl(request: PassportRequest): string {
        return `/auth${super.requestUrl(request)}`;
      }
      override isCallback(request: PassportRequest): boolean {
        return this.requestUrl(request).startsWith('/auth/back');
      }
      override returnPath(): string {
        return '/always/here';
      }
    }
    const strategy = new Behind(optionsFor('http://localhost:1'), verifyAll);
    const away = responses();
    const [, location] = await outcomeOf(strategy, { url: '/go?sso=1&returnTo=/x', headers: {}, ...away });
    const cookie = String(away.res.getHeader('set-cookie')).split(';')[0];
    const answer = signed({ ...requestOf(String(location)), ...sam });
    expect(
      await outcomeOf(strategy, { url: `/back?${answer}`, headers: { cookie }, ...responses() }),
    ).toEqual(['success', { id: '42', name: 'Sam S.' }, { returnTo: '/always/here' }]);
  });

  test('with express-session: the login gets a new session, and a planted one is worth nothing', async () => {
    const origin = await frameworks['Express with express-session']({});
    const browser = new Browser(origin);
    // Somebody else's session, made before.
    const other = new Browser(origin);
    const first = requestOf((await other.open('/auth/discourse')).location);
    await other.open(`/auth/discourse/callback?${signed({ ...first, ...sam, external_id: '7' })}`);
    const planted = other.cookie('connect.sid');
    browser.plant(`connect.sid=${planted}`);
    const request = requestOf((await browser.open('/auth/discourse')).location);
    await browser.open(`/auth/discourse/callback?${signed({ ...request, ...sam })}`);
    expect(browser.cookie('connect.sid')).not.toBe(planted);
    expect(JSON.parse((await browser.open('/me')).text)).toMatchObject({ id: '42' });
    const copy = new Browser(origin);
    copy.plant(`connect.sid=${planted}`);
    expect((await copy.open('/me')).text).toBe('null');
  });

  test('in production, without a store that others see, an event says what is at stake', () => {
    const told = (more: StrategyOptions = {}): unknown[] => {
      const events: unknown[] = [];
      const strategy = new DiscourseStrategy(
        optionsFor('http://localhost:1', { events: (event) => events.push(event), ...more }),
        verifyAll,
      );
      expect(strategy.name).toBe('discourse');
      return events;
    };
    const before = process.env.NODE_ENV;
    try {
      process.env.NODE_ENV = 'production';
      expect(told()).toMatchObject([
        {
          type: 'setup.warning',
          connector: 'discourse',
          detail: expect.stringContaining('used once in each'),
        },
      ]);
      expect(told({ store: { ...memoryStore(), shared: true } })).toEqual([]);
      process.env.NODE_ENV = 'development';
      expect(told()).toEqual([]);
    } finally {
      process.env.NODE_ENV = before;
    }
  });

  test('a store that may forget says so by an event', async () => {
    const detail = await new Promise((resolve) => {
      const store = { ...memoryStore(), shared: true, warning: async () => 'Redis drops keys.' };
      const events = (event: ForumSsoEvent): void => resolve(event.type === 'setup.warning' && event.detail);
      new DiscourseStrategy(optionsFor('http://localhost:1', { store, events }), verifyAll);
    });
    expect(detail).toBe('Redis drops keys.');
  });

  test('takes WordPress for a forum: no return address in the answer, entities in names', async () => {
    const options = optionsFor('http://localhost:1', {
      flavour: 'wordpress',
      forumUrl: 'https://blog.example.com',
      callbackUrl: 'http://localhost:1/session/sso_login',
    });
    const strategy = new DiscourseStrategy(options, verifyAll);
    const away = responses();
    const [, location] = await outcomeOf(strategy, { url: '/auth/discourse', headers: {}, ...away });
    expect(location).toMatch(/^https:\/\/blog\.example\.com\/\?sso=/);
    const { nonce = '' } = requestOf(String(location));
    const cookie = String(away.res.getHeader('set-cookie')).split(';')[0];
    const answer = signed({
      external_id: '7',
      username: 'wanda',
      email: 'w@example.com',
      name: 'W &amp; Co',
      nonce,
    });
    expect(
      await outcomeOf(strategy, { url: `/session/sso_login?${answer}`, headers: { cookie }, ...responses() }),
    ).toEqual(['success', { id: '7', name: 'W & Co' }, { returnTo: '/' }]);
  });

  test('lists all that is wrong at the start', () => {
    const options = {
      ...optionsFor('http://localhost:1'),
      forumUrl: 'http://forum.example.com',
      secret: 'short',
      cookieKeys: 'short',
      callbackUrl: '/relative',
    };
    expect(() => new DiscourseStrategy(options, verifyAll)).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTIONS_INVALID',
        problems: expect.arrayContaining([
          expect.stringContaining('DISCOURSE_LOGIN_SECRET'),
          expect.stringContaining('callbackUrl'),
          expect.stringContaining('https'),
          expect.stringContaining('keys[0]'),
        ]),
      }),
    );
    expect(() => Reflect.construct(DiscourseStrategy, [optionsFor('http://localhost:1')])).toThrow('verify');
  });

  test('shows no secret when it is printed', () => {
    const options = optionsFor('http://localhost:1', {
      secret: [secret, { secret: `old ${secret}`, until: new Date('2100-01-01') }],
    });
    const strategy = new DiscourseStrategy(options, verifyAll);
    const printed = inspect(strategy, { depth: Number.POSITIVE_INFINITY, showHidden: true });
    for (const text of [printed, JSON.stringify(strategy)]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(String(options.cookieKeys));
    }
  });

  test('takes any address of a request for what it is', () => {
    const strategy = new DiscourseStrategy(optionsFor('http://localhost:1'), verifyAll);
    const returnPath = (url: string): string => strategy.returnPath({ url, headers: {} }, {});
    expect(returnPath('//?returnTo=%2Faccount%3Fa%3D1')).toBe('/account?a=1');
    expect(returnPath('//:::/?returnTo=/a?b=1')).toBe('/a?b=1');
    expect(returnPath('http://[/?x')).toBe('/');
  });

  test('an async audit log that fails ends nothing', async () => {
    const unheard: unknown[] = [];
    const note = (reason: unknown): void => void unheard.push(reason);
    process.on('unhandledRejection', note);
    const origin = await serve((address) => {
      const passport = new Passport();
      const events = async (): Promise<void> => {
        throw new Error('the log is full');
      };
      passport.use(new DiscourseStrategy(optionsFor(address, { events }), verifyAll));
      const app = express();
      app.get('/auth/discourse/callback', passport.authenticate('discourse', { session: false }));
      return app;
    });
    const reply = await new Browser(origin).open(`/auth/discourse/callback?${signed(sam)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', note);
    expect(reply.status).toBe(400);
    expect(unheard).toEqual([]);
  });

  test('an audit log hears of refusals, without what was sent', async () => {
    const events: unknown[] = [];
    const origin = await serve((address) => {
      const passport = new Passport();
      passport.use(
        new DiscourseStrategy(optionsFor(address, { events: (event) => events.push(event) }), verifyAll),
      );
      const app = express();
      app.get('/auth/discourse/callback', passport.authenticate('discourse', { session: false }));
      return app;
    });
    await new Browser(origin).open(`/auth/discourse/callback?${signed(sam)}`);
    expect(events).toMatchObject([
      {
        type: 'request.refused',
        code: 'ERR_SSO_NONCE_MISSING',
        connector: 'discourse',
        path: '/auth/discourse/callback',
      },
    ]);
    expect(JSON.stringify(events)).not.toMatch(/sam|sso=/);
  });
});
