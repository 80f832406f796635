import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';

import { createForumSso, type ForumSso, isForumSsoError } from '@forum-sso/core';
import {
  digest,
  type HeaderLine,
  listenOnFreePort,
  probe,
  type RunningSite,
  sendRequest,
  testKeys,
  type WireReply,
} from '@forum-sso/testkit';
import { afterEach, describe, expect, test } from '@jest/globals';
import Router from '@koa/router';
import Koa from 'koa';
import { koaBody } from 'koa-body';
import bodyParser from 'koa-bodyparser';
import Koa2 from 'koa2';

import { forumSsoMiddleware, forumSsoRouter, forumSsoSession, requireForumUser } from '../src/index.js';

const sso = createForumSso({
  baseUrl: 'https://site.example.com/sso',
  keys: testKeys,
  connectors: [probe()],
});

let site: RunningSite | undefined;
afterEach(async () => {
  await site?.close();
  site = undefined;
});

interface Asked {
  readonly method?: string;
  readonly headers?: readonly HeaderLine[];
  readonly body?: string | Uint8Array;
  readonly chunked?: boolean;
}

/** Starts an application and gives the answer to one request. */
async function answerOf(app: Koa, target: string, asked: Asked = {}): Promise<WireReply> {
  site = await listenOnFreePort(() => app.callback());
  const reply = await sendRequest({ origin: site.origin, target, ...asked });
  await site.close();
  return reply;
}

function codeThrownBy(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (isForumSsoError(error)) return error.code;
  }
  throw new Error('no ForumSsoError was thrown');
}

test('the two versions under test are 3 and 2', () => {
  const resolve = createRequire(import.meta.url);
  const versions = ['koa', 'koa2'].map((name): unknown => resolve(`${name}/package.json`).version);
  expect(versions).toEqual([expect.stringMatching(/^3\./), expect.stringMatching(/^2\.1[6-9]\./)]);
});

test.each([
  ['both in one', forumSsoMiddleware],
  ['the router', forumSsoRouter],
  ['the page middleware', forumSsoSession],
])('callbacks that are no session are refused at start: %s', (_, make) => {
  expect(codeThrownBy(() => make(sso, { signIn: () => {} }))).toBe('ERR_OPTIONS_INVALID');
  expect(() => make(sso, { currentUser: () => null })).not.toThrow();
  expect(() => make(sso)).not.toThrow();
});

describe.each([
  ['Koa 3', Koa],
  ['Koa 2', Koa2],
])('%s', (_, Framework) => {
  /** An application that logs its errors into a list. */
  function application(): { readonly app: Koa; readonly errors: readonly unknown[] } {
    const app = new Framework();
    const errors: unknown[] = [];
    app.on('error', (error) => errors.push(error));
    return { app, errors };
  }

  test('requireForumUser without the middleware says what is missing', async () => {
    const { app, errors } = application();
    app.use(requireForumUser());
    expect((await answerOf(app, '/')).status).toBe(500);
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'ERR_OPTIONS_INVALID',
        detail: expect.stringContaining('forumSsoMiddleware'),
      }),
    ]);
  });

  test('an error has the status that Koa answers with by itself, and keeps its detail', async () => {
    const { app, errors } = application();
    app.use(
      forumSsoMiddleware(sso, {
        currentUser: () => {
          throw new Error('database');
        },
      }),
    );
    const { status, text } = await answerOf(app, '/');
    expect([status, text]).toEqual([503, 'Service Unavailable']);
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_SITE_CALLBACK_FAILED' })]);
  });

  test('a fault while the reply is written is an error of the application, once', async () => {
    const unwritable: ForumSso = {
      ...sso,
      handle: async () => ({ status: 200, headers: [['X-Broken', 'line\nbreak']] }),
    };
    const { app, errors } = application();
    app.use(forumSsoMiddleware(unwritable));
    expect((await answerOf(app, '/')).status).toBe(500);
    expect(errors).toHaveLength(1);
  });

  test('what stands before it may still change the answer', async () => {
    const { app } = application();
    app.use(async (ctx, next) => {
      await next();
      ctx.append('Set-Cookie', 'late=1; Path=/');
    });
    app.use(forumSsoMiddleware(sso));
    expect((await answerOf(app, '/sso/probe/cookies')).all('set-cookie')).toEqual([
      'one=1; Path=/; HttpOnly',
      'two=2; Path=/; SameSite=Lax',
      'three=; Path=/; Max-Age=0',
      'late=1; Path=/',
    ]);
  });

  test('without a router, for pages and guards alike', async () => {
    const { app } = application();
    app.use(forumSsoMiddleware(sso));
    app.use(requireForumUser());
    expect((await answerOf(app, '/members')).json()).toMatchObject({ error: 'ERR_SIGN_IN_REQUIRED' });
  });

  test('as a route of @koa/router, below a prefix', async () => {
    const { app } = application();
    const router = new Router({ prefix: '/sso' });
    router.all('/{*rest}', forumSsoRouter(sso));
    const pages = new Router();
    pages.get('/page', forumSsoSession(sso), (ctx) => {
      ctx.body = { user: ctx.state.forum.user };
    });
    pages.get('/members', forumSsoSession(sso), requireForumUser(), () => {
      throw new Error('never reached');
    });
    app.use(router.routes()).use(pages.routes());
    expect((await answerOf(app, '/sso/probe/request?a=1')).json()).toMatchObject({
      url: '/sso/probe/request?a=1',
    });
    expect((await answerOf(app, '/page')).json()).toEqual({ user: null });
    expect((await answerOf(app, '/members')).status).toBe(401);
    expect((await answerOf(app, '/sso/unknown')).status).toBe(404);
  });

  describe('behind koa-bodyparser', () => {
    const send = (body: string | Uint8Array, headers: readonly HeaderLine[], chunked = false) => {
      const { app } = application();
      app.use(bodyParser());
      app.use(forumSsoMiddleware(sso));
      const type: HeaderLine = ['Content-Type', 'application/json'];
      return answerOf(app, '/sso/probe/body', { method: 'POST', body, chunked, headers: [type, ...headers] });
    };

    test('the text that it keeps is the body', async () => {
      for (const text of ['{ "a" : 1.0 }\r\n', '{"é":"✓"}']) {
        for (const chunked of [false, true]) {
          const { json } = await send(text, [], chunked).then((reply) => ({ json: reply.json() }));
          expect(json).toEqual({ length: Buffer.byteLength(text), sha256: digest(Buffer.from(text)) });
        }
      }
    });

    test('text that is not the bytes any more is refused', async () => {
      const notUtf8 = Buffer.from('{"a":"\u00e9"}', 'latin1');
      const packed = gzipSync('{"a":1}');
      for (const [body, headers] of [
        [notUtf8, []],
        [Buffer.from('\ufeff{"a":1}'), []],
        [packed, [['Content-Encoding', 'gzip']]],
      ] as const) {
        const reply = await send(body, headers);
        expect(reply.json()).toMatchObject({ error: 'ERR_RAW_BODY_CONSUMED' });
      }
    });
  });

  test('koa-body with includeUnparsed keeps the body, too; without it, the body is gone', async () => {
    for (const [options, answer] of [
      [{ includeUnparsed: true }, { length: 7 }],
      [{}, { error: 'ERR_RAW_BODY_CONSUMED' }],
    ] as const) {
      const { app } = application();
      app.use(koaBody(options));
      app.use(forumSsoMiddleware(sso));
      const reply = await answerOf(app, '/sso/probe/body', {
        method: 'POST',
        body: '{"a":1}',
        headers: [['Content-Type', 'application/json']],
      });
      expect(reply.json()).toMatchObject(answer);
    }
  });

  test('bytes that another parser has left are the body', async () => {
    for (const name of ['rawBody', 'body']) {
      const { app } = application();
      app.use(async (ctx, next) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of ctx.req) chunks.push(chunk);
        Reflect.set(ctx.request, name, Buffer.concat(chunks));
        await next();
      });
      app.use(forumSsoMiddleware(sso));
      const body = Uint8Array.of(0xff, 0, 1);
      const reply = await answerOf(app, '/sso/probe/body', { method: 'POST', body });
      expect(reply.json()).toEqual({ length: 3, sha256: digest(body) });
    }
  });
});
