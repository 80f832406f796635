import 'reflect-metadata';

import type { IncomingMessage, ServerResponse } from 'node:http';

import { BrowserClient } from '@forum-sso/testkit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Module,
  Req,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
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
