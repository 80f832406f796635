import 'reflect-metadata';

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import {
  type DiscourseAuthenticateOptions,
  type DiscourseProfile,
  DiscourseStrategy,
} from '@forum-sso/passport';
import { BrowserClient, forumAnswer, readAnswer } from '@forum-sso/testkit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  Req,
  type Type,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import expressSession from 'express-session';
import passport from 'passport';
import { Strategy } from 'passport-strategy';

import { DiscourseAuthGuard, forumAuthGuard } from '../src/passport/index.js';
import { startApplication } from './applications.js';
import { platforms } from './nest-harness.js';

interface PassportRequest extends IncomingMessage {
  readonly originalUrl?: string;
  readonly res?: ServerResponse | undefined;
}

/** Sends people away with a cookie, and lets those in who come back with it. */
class SmallStrategy extends Strategy {
  override authenticate(req: PassportRequest): void {
    const query = new URL(req.originalUrl ?? req.url ?? '', 'http://localhost').searchParams;
    const name = query.get('name');
    if (query.get('fault') === '1') this.error(new Error('the forum is away'));
    else if (query.get('fail') === '1') this.fail('Small', 401);
    else if (name === null) {
      req.res?.appendHeader('Set-Cookie', 'attempt=1; Path=/; HttpOnly');
      this.redirect('https://forum.example.com/session/sso_provider?sso=x');
    } else if (req.headers.cookie?.includes('attempt=1') === true) {
      req.res?.setHeader('Set-Cookie', ['attempt=; Path=/; Max-Age=0']);
      this.success({ name }, { scope: 'all' });
    } else {
      this.fail(403);
    }
  }
}

const forum = {
  url: 'https://forum.example.com',
  secret: randomBytes(16).toString('hex'),
  person: { external_id: '42', username: 'sam', email: 'sam@example.com' },
};

/** The strategy of `@forum-sso/passport`, and guards with options of their own. Two routes, as a site has them. */
function forumSite(): Type {
  class WithOptions extends forumAuthGuard('forum') {
    protected readonly begins: DiscourseAuthenticateOptions = {};
    override getAuthenticateOptions(): DiscourseAuthenticateOptions {
      return this.begins;
    }
  }
  class Silently extends WithOptions {
    protected override readonly begins = { prompt: 'none', returnTo: '/silent' } as const;
  }
  class Strictly extends WithOptions {
    protected override readonly begins = { requireTwoFactor: true };
    override async canActivate(context: ExecutionContext): Promise<boolean> {
      const allowed = (await super.canActivate(context)) === true;
      // As Nest's manual has it for sites with sessions.
      const request = context.switchToHttp().getRequest();
      if ('session' in request) await this.logIn(request);
      return allowed;
    }
  }

  @Injectable()
  class ForumStrategy extends PassportStrategy(DiscourseStrategy, 'forum') {
    constructor() {
      super({
        forumUrl: forum.url,
        secret: forum.secret,
        callbackUrl: 'http://localhost:3000/callback',
        cookieKeys: randomBytes(32).toString('hex'),
      });
    }
    validate(profile: DiscourseProfile): object {
      return { id: profile.id, name: profile.displayName, twoFactor: profile.twoFactor };
    }
  }

  @Controller()
  class ForumLogin {
    @Get('silent')
    @UseGuards(Silently)
    silent(): void {}

    @Get('strict')
    @UseGuards(Strictly)
    strict(): void {}

    @Get('callback')
    @UseGuards(Strictly)
    end(@Req() request: { readonly user: unknown; readonly authInfo: unknown }): object {
      return { user: request.user, info: request.authInfo };
    }

    @Get('me')
    me(@Req() request: { readonly user?: unknown }): object {
      return { user: request.user ?? null };
    }
  }

  @Module({ controllers: [ForumLogin], providers: [ForumStrategy] })
  class ForumSite {}
  return ForumSite;
}

/** Comes back from the forum with its answer to where the site sent the browser. */
function answerTo(away: { header(name: string): string | undefined }, more: Record<string, string>): string {
  const question = Object.fromEntries(
    readAnswer(away.header('location') ?? '', `${forum.url}/session/sso_provider`, forum.secret),
  );
  return `/callback?${forumAnswer(question, { ...forum.person, ...more }, forum.secret)}`;
}

const guarded = { small: 'discourse', other: 'other' } as const;
beforeAll(() => {
  for (const name of Object.values(guarded)) passport.use(name, new SmallStrategy());
});
afterAll(() => {
  for (const name of Object.values(guarded)) passport.unuse(name);
});

@Controller()
class LoginController {
  @Get('login')
  @UseGuards(DiscourseAuthGuard)
  login(@Req() req: { readonly user: unknown; readonly authInfo: unknown }): object {
    return { user: req.user, info: req.authInfo };
  }

  @Get('other')
  @UseGuards(forumAuthGuard('other'))
  other(@Req() req: { readonly user: unknown }): object {
    return { user: req.user };
  }
}

@Module({ controllers: [LoginController] })
class Site {}

test('with express-session the strategy’s login survives the new session that Passport makes', async () => {
  passport.serializeUser((user, done) => done(null, JSON.stringify(user)));
  passport.deserializeUser((text: string, done) => done(null, JSON.parse(text)));
  const { origin } = await startApplication(forumSite(), 'express', {
    main: (app) => {
      const secret = randomBytes(16).toString('hex');
      app.use(
        expressSession({ secret, resave: false, saveUninitialized: true }),
        passport.initialize(),
        passport.session(),
      );
    },
  });
  const browser = new BrowserClient();
  await browser.open(`${origin}/me`);
  const before = (await browser.cookies(origin)).get('connect.sid');
  const [one, two] = [await browser.open(`${origin}/strict`), await browser.open(`${origin}/strict`)];
  // The second tab comes back into a session that the first one's login has replaced.
  for (const [away, name] of [
    [one, 'one'],
    [two, 'two'],
  ] as const) {
    expect((await browser.open(origin + answerTo(away, { confirmed_2fa: 'true', name }))).status).toBe(200);
    expect((await browser.open(`${origin}/me`)).json()).toMatchObject({ user: { id: '42', name } });
  }
  const after = (await browser.cookies(origin)).get('connect.sid');
  expect([typeof before, after === before]).toEqual(['string', false]);
});

describe.each(platforms)('DiscourseAuthGuard on %s', (platform) => {
  test.each(['/login', '/other'])('%s: away with a cookie, and back as a user', async (path) => {
    const { origin } = await startApplication(Site, platform);
    const browser = new BrowserClient();
    const away = await browser.open(origin + path);
    expect([away.status, away.header('location')]).toEqual([
      302,
      'https://forum.example.com/session/sso_provider?sso=x',
    ]);
    expect(away.all('set-cookie')).toEqual(['attempt=1; Path=/; HttpOnly']);
    expect(away.body.byteLength).toBe(0);
    const back = await browser.open(`${origin}${path}?name=sam`);
    expect([back.status, back.json()]).toEqual([200, expect.objectContaining({ user: { name: 'sam' } })]);
    expect(back.all('set-cookie')).toEqual(['attempt=; Path=/; Max-Age=0']);
    if (path === '/login') expect(back.json()).toMatchObject({ info: { scope: 'all' } });
  });

  test('with the strategy for forums: its options, second factor, and where to return to', async () => {
    const { origin } = await startApplication(forumSite(), platform);
    const browser = new BrowserClient();
    const away = await browser.open(`${origin}/strict?returnTo=/account`);
    const weak = await browser.open(origin + answerTo(away, {}));
    expect(weak.status).toBe(401);
    const again = await browser.open(`${origin}/strict?returnTo=/account`);
    const back = await browser.open(origin + answerTo(again, { confirmed_2fa: 'true' }));
    expect([back.status, back.json()]).toEqual([
      200,
      { user: { id: '42', name: 'sam', twoFactor: true }, info: { returnTo: '/account' } },
    ]);
    // A login that began without one ends at the guard of the way back.
    const silent = await browser.open(`${origin}/silent`);
    expect((await browser.open(origin + answerTo(silent, {}))).status).toBe(401);
    const nobody = answerTo(await browser.open(`${origin}/silent`), { failed: 'true' });
    expect((await browser.open(origin + nobody)).status).toBe(401);
  });

  test('nobody else comes in, and a fault stays one', async () => {
    const caught: unknown[] = [];
    @Catch()
    class Catcher implements ExceptionFilter {
      catch(exception: unknown, host: ArgumentsHost): void {
        caught.push(exception);
        const response = host.switchToHttp().getResponse();
        if (platform === 'express') response.status(418).end();
        else response.code(418).send();
      }
    }
    const { send } = await startApplication(Site, platform, {
      main: (app) => {
        app.useGlobalFilters(new Catcher());
      },
    });
    expect((await send('GET', '/login?name=sam')).status).toBe(418);
    expect((await send('GET', '/login?fail=1')).status).toBe(418);
    expect((await send('GET', '/login?fault=1')).status).toBe(418);
    expect(caught).toEqual([
      expect.any(UnauthorizedException),
      expect.any(UnauthorizedException),
      expect.objectContaining({ message: 'the forum is away' }),
    ]);
  });

  test('many people at once are sent away, each once', async () => {
    const { send } = await startApplication(Site, platform);
    const replies = await Promise.all(Array.from({ length: 20 }, () => send('GET', '/login')));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([302]));
  });
});
