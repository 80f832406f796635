import { createForumSso, type ForumSso, type SiteUser } from '@forum-sso/core';
import { discourse } from '@forum-sso/core/discourse';
import {
  BrowserClient,
  checkTenLines,
  findPerson,
  forumQuestion,
  listenOnFreePort,
  people,
  ReadmeExamples,
  type RunningSite,
  readAnswer,
  serverStartedBy,
  testKeys,
} from '@forum-sso/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import Koa from 'koa';

import { forumSsoMiddleware } from '../src/index.js';

const secret = 'the-secret-of-the-readme-forum-4711';
const returnUrl = 'https://forum.example.com/session/sso_login';
const question = forumQuestion({ nonce: '0123456789abcdef', returnUrl, secret });
const topic = 'https://forum.example.com/';

let examples: ReadmeExamples;
beforeAll(async () => {
  examples = await ReadmeExamples.extract(
    new URL('../README.md', import.meta.url),
    new URL('.', import.meta.url),
  );
});
afterAll(() => examples.remove());

const running: RunningSite[] = [];
afterEach(async () => {
  for (const site of running.splice(0)) await site.close();
});

function makeSso(origin: string): ForumSso {
  return createForumSso({
    baseUrl: `${origin}/sso`,
    keys: testKeys,
    connectors: [discourse({ forumUrl: 'https://forum.example.com', secret })],
  });
}

describe('the examples of the README', () => {
  test('are three, and compile', async () => {
    expect(examples.count).toBe(3);
    expect(await examples.compile()).toBe('');
  }, 60_000);

  test('the ten lines log a person in to the forum', async () => {
    process.env.FORUM_SSO_KEYS = testKeys;
    process.env.DISCOURSE_CONNECT_SECRET = secret;
    const site = await serverStartedBy(() => examples.load(1));
    running.push(site);
    const { origin } = site;
    await checkTenLines(origin, secret);
  });

  test('a router of @koa/router is for members', async () => {
    const { membersOf } = await examples.load(2);
    if (!isMaker(membersOf)) throw new Error('The example exports no membersOf.');
    const site = await listenOnFreePort((origin) => {
      const sso = makeSso(origin);
      const app = new Koa();
      app.use(async (ctx, next) => {
        if (ctx.path !== '/in') return next();
        await forumSsoMiddleware(sso)(ctx, async () => {});
        await ctx.state.forum.signIn(people.alice);
        ctx.status = 204;
      });
      const members: unknown = membersOf(sso);
      if (!hasRoutes(members)) throw new Error('The example makes no router.');
      return app.use(members.routes()).callback();
    });
    running.push(site);
    const browser = new BrowserClient();
    const away = await browser.open(`${site.origin}/members`);
    expect(away.header('location')).toBe('/login?returnTo=%2Fmembers');
    await browser.submit(`${site.origin}/in`, {}, { from: site.origin });
    expect((await browser.open(`${site.origin}/members`)).json()).toEqual({ groups: people.alice.groups });
  });

  test("koa-session is a site's own session", async () => {
    const { makeApp } = await examples.load(3);
    if (!isMaker(makeApp)) throw new Error('The example exports no makeApp.');
    const site = await listenOnFreePort((origin) => {
      const app: unknown = makeApp(makeSso(origin), findPerson, 'a secret of this test');
      if (!(app instanceof Koa)) throw new Error('The example makes no application.');
      app.use(async (ctx) => {
        if (ctx.path === '/in') await ctx.state.forum.signIn(people.bob);
        if (ctx.path === '/out') await ctx.state.forum.signOut();
        ctx.body = { user: ctx.state.forum.user?.id ?? null };
      });
      return app.callback();
    });
    running.push(site);

    const browser = new BrowserClient();
    const from = `${site.origin}/`;
    const signedIn = await browser.submit(`${site.origin}/in`, {}, { from });
    expect(signedIn.all('set-cookie').map((line) => line.split('=')[0])).toEqual([
      'koa.sess',
      'koa.sess.sig',
    ]);
    expect((await browser.open(from)).json()).toEqual({ user: people.bob.id });
    const answer = await browser.open(`${site.origin}/sso/discourse?${question}`, { from: topic });
    expect(readAnswer(answer.header('location') ?? '', returnUrl, secret).get('external_id')).toBe(
      people.bob.id,
    );
    await browser.submit(`${site.origin}/out`, {}, { from });
    expect((await browser.open(from)).json()).toEqual({ user: null });
  });
});

type Maker = (sso: ForumSso, findUser?: (id: string) => Promise<SiteUser | null>, key?: string) => unknown;

function isMaker(value: unknown): value is Maker {
  return typeof value === 'function';
}

function hasRoutes(value: unknown): value is { routes(): Koa.Middleware } {
  return typeof value === 'object' && value !== null && 'routes' in value;
}
