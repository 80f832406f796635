import 'reflect-metadata';

import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import type { SiteUser } from '@forum-sso/core';
import { discourse } from '@forum-sso/core/discourse';
import {
  BrowserClient,
  checkTenLines,
  findPerson,
  forumQuestion,
  ReadmeExamples,
  type RunningSite,
  readAnswer,
  serverStartedBy,
  testKeys,
} from '@forum-sso/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  Controller,
  type DynamicModule,
  Get,
  type INestApplication,
  Logger,
  Module,
  Param,
  Post,
  type Type,
} from '@nestjs/common';
import expressSession from 'express-session';

import { Forum, ForumSsoModule, type ForumSsoSiteOptions, ForumUser, type PageForum } from '../src/index.js';
import { engineOptions, startApplication } from './applications.js';
import { fastifyOf, type Platform, platforms } from './nest-harness.js';

const secret = 'the-secret-of-the-readme-forum-4711';
const returnUrl = 'https://forum.example.com/session/sso_login';
const question = forumQuestion({ nonce: '0123456789abcdef', returnUrl, secret });
const topic = 'https://forum.example.com/';

let examples: ReadmeExamples;
beforeAll(async () => {
  Logger.overrideLogger(false);
  Object.assign(process.env, {
    FORUM_SSO_KEYS: testKeys,
    DISCOURSE_CONNECT_SECRET: secret,
    DISCOURSE_URL: 'https://forum.example.com',
    DISCOURSE_LOGIN_SECRET: 'another-secret-for-the-way-back-0815',
    CALLBACK_URL: 'http://127.0.0.1/auth/discourse/callback',
  });
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

type SessionMaker = (findUser: (id: string) => Promise<SiteUser | null>) => ForumSsoSiteOptions;

function isClass(value: unknown): value is Type {
  return typeof value === 'function';
}

function isDynamicModule(value: unknown): value is DynamicModule {
  return typeof value === 'object' && value !== null && 'module' in value;
}

function isSessionMaker(value: unknown): value is SessionMaker {
  return typeof value === 'function';
}

/** A page on which anybody may sign in. */
@Controller()
class DoorController {
  @Post('in/:id')
  async signIn(@Forum() forum: PageForum, @Param('id') id: string): Promise<void> {
    const person = await findPerson(id);
    if (person !== null) await forum.signIn(person);
  }

  @Post('out')
  async signOut(@Forum() forum: PageForum): Promise<void> {
    await forum.signOut();
  }

  @Get('who')
  who(@ForumUser() user: SiteUser | null): object {
    return { id: user?.id ?? null };
  }
}

test('the examples are seven, and compile', async () => {
  expect(examples.count).toBe(7);
  expect(await examples.compile()).toBe('');
}, 60_000);

test('the ten lines log a person in to the forum', async () => {
  const site = await serverStartedBy(() => examples.load(1));
  running.push(site);
  const { origin } = site;
  await checkTenLines(origin, secret);
});

describe.each(platforms)('on %s', (platform) => {
  test('options from elsewhere, guards, decorators, events and health', async () => {
    const { forumSso } = await examples.load(2);
    const { MembersController, ForumLog } = await examples.load(3);
    if (!isDynamicModule(forumSso) || !isClass(MembersController) || !isClass(ForumLog)) {
      throw new Error('The examples export something else.');
    }
    @Module({ imports: [forumSso], controllers: [MembersController, DoorController], providers: [ForumLog] })
    class Site {}
    const { app, origin } = await startApplication(Site, platform);
    const [alice, bob] = [new BrowserClient(), new BrowserClient()];
    await alice.submit(`${origin}/in/1001`, {}, { from: origin });
    await bob.submit(`${origin}/in/1002`, {}, { from: origin });

    const stranger = await new BrowserClient().open(`${origin}/members`);
    expect(stranger.header('location')).toBe('/login?returnTo=%2Fmembers');
    expect((await alice.open(`${origin}/members`)).json()).toEqual({ groups: ['staff', 'writers'] });
    expect((await alice.open(`${origin}/members/health`)).json()).toMatchObject({
      forumSso: { status: 'up' },
    });
    expect((await bob.open(`${origin}/members/health`)).status).toBe(403);
    const pushed = await bob.submit(`${origin}/members/push`, {}, { from: origin });
    expect(pushed.json()).toEqual({ ok: true });

    await alice.open(`${origin}/sso/discourse?${question}`, { from: topic });
    expect(app.get(ForumLog)).toEqual({ lines: ['login.answered at discourse'] });
  });

  test("a session of the platform is the site's own", async () => {
    const [number, name] = platform === 'express' ? [5, 'expressSession'] : [6, 'fastifySession'];
    const { [name]: make } = await examples.load(number);
    if (!isSessionMaker(make)) throw new Error('The example exports no session.');
    @Module({
      imports: [
        ForumSsoModule.forRoot({
          ...engineOptions({ connectors: [discourse({ forumUrl: 'https://forum.example.com', secret })] }),
          ...make(findPerson),
        }),
      ],
      controllers: [DoorController],
    })
    class Site {}
    const { origin } = await startApplication(Site, platform, { main: (app) => useSession(app, platform) });
    const browser = new BrowserClient();
    const cookie = async (): Promise<string | undefined> =>
      [...(await browser.cookies(`${origin}/`)).values()][0];

    await browser.submit(`${origin}/in/1002`, {}, { from: origin });
    const before = await cookie();
    expect(before).toBeDefined();
    expect((await browser.open(`${origin}/who`)).json()).toEqual({ id: '1002' });
    const answer = await browser.open(`${origin}/sso/discourse?${question}`, { from: topic });
    const fields = readAnswer(answer.header('location') ?? '', returnUrl, secret);
    expect(fields.get('external_id')).toBe('1002');

    await browser.submit(`${origin}/in/1001`, {}, { from: origin });
    expect(await cookie()).not.toBe(before);
    expect((await browser.open(`${origin}/who`)).json()).toEqual({ id: '1001' });
    await browser.submit(`${origin}/out`, {}, { from: origin });
    expect((await browser.open(`${origin}/who`)).json()).toEqual({ id: null });
  });

  test('a person signs in with a forum account through Passport', async () => {
    const { ForumLoginModule } = await examples.load(7);
    if (!isClass(ForumLoginModule)) throw new Error('The example exports no module.');
    const { origin } = await startApplication(ForumLoginModule, platform);
    const browser = new BrowserClient();
    const away = await browser.open(`${origin}/auth/discourse`);
    expect(away.status).toBe(302);
    const target = new URL(away.header('location') ?? '');
    expect(target.origin + target.pathname).toBe('https://forum.example.com/session/sso_provider');
    const asked = new URLSearchParams(
      Buffer.from(target.searchParams.get('sso') ?? '', 'base64').toString('utf8'),
    );
    const answer = forumQuestion({
      nonce: asked.get('nonce') ?? '',
      returnUrl: asked.get('return_sso_url') ?? '',
      secret: process.env.DISCOURSE_LOGIN_SECRET ?? '',
      more: { external_id: '42', username: 'sam', name: 'Sam', email: 'sam@example.com' },
    });
    const back = await browser.open(`${origin}/auth/discourse/callback?${answer}`, { from: topic });
    expect([back.status, back.json()]).toEqual([200, { id: '42', name: 'Sam' }]);
    // Once is enough.
    const again = await browser.open(`${origin}/auth/discourse/callback?${answer}`, { from: topic });
    expect(again.status).toBe(401);
    // And never in another browser.
    const stranger = await new BrowserClient().open(`${origin}/auth/discourse/callback?${answer}`);
    expect(stranger.status).toBe(401);
  });
});

async function useSession(app: INestApplication, platform: Platform): Promise<void> {
  const key = 'a secret of this test that is long enough';
  if (platform === 'express') {
    app.use(expressSession({ secret: key, resave: false, saveUninitialized: false }));
    return;
  }
  const { instance } = fastifyOf(app);
  await instance.register(fastifyCookie);
  await instance.register(fastifySession, {
    secret: key,
    saveUninitialized: false,
    cookie: { secure: false },
  });
}
