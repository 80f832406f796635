import type { SiteUser } from '@forum-sso/core';
import { BrowserClient, people, personNamed } from '@forum-sso/testkit';
import { describe, expect, test } from '@jest/globals';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type DynamicModule,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  HttpException,
  Injectable,
  Module,
  Param,
  Post,
  Query,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';

import {
  answerForumException,
  Forum,
  ForumGroups,
  ForumGroupsGuard,
  ForumPublic,
  ForumSsoModule,
  ForumUser,
  ForumUserGuard,
  type PageForum,
} from '../src/index.js';
import { engineOptions, startApplication } from './applications.js';
import { platforms } from './nest-harness.js';

@Controller()
class SignInController {
  @Post('in/:name')
  @ForumPublic()
  async signIn(@Forum() forum: PageForum, @Param('name') name: string): Promise<object> {
    await forum.signIn(personNamed(name));
    return { user: forum.user?.id };
  }

  @Post('out')
  async signOut(@Forum() forum: PageForum): Promise<object> {
    await forum.signOut();
    return { user: forum.user };
  }

  @Get('who')
  @ForumPublic()
  who(@ForumUser() user: SiteUser | null, @ForumUser('username') username: string | undefined): object {
    return { id: user?.id ?? null, username: username ?? null };
  }
}

@Controller('members')
@UseGuards(ForumUserGuard)
class MembersController {
  @Get()
  page(@ForumUser() user: SiteUser): object {
    return { id: user.id };
  }

  @Get('open')
  @ForumPublic()
  open(@ForumUser() user: SiteUser | null): object {
    return { id: user?.id ?? null };
  }
}

@Controller('groups')
@UseGuards(ForumGroupsGuard)
@ForumGroups('staff', 'editors')
class GroupsController {
  @Get('inherited')
  inherited(): object {
    return { ok: true };
  }

  @Get('own')
  @ForumGroups('nobody-is-in-here')
  own(): object {
    return { ok: true };
  }

  @Get('open')
  @ForumPublic()
  open(): object {
    return { ok: true };
  }
}

@Controller('free')
@UseGuards(ForumGroupsGuard)
class FreeController {
  @Get()
  free(): object {
    return { ok: true };
  }
}

const controllers = [SignInController, MembersController, GroupsController, FreeController];
const html = [['Accept', 'text/html']] as const;

const site = (forum: DynamicModule, ...providers: { provide: symbol | string; useClass: Type }[]): Type => {
  @Module({ imports: [forum], controllers, providers })
  class Site {}
  return Site;
};
const global = () => ForumSsoModule.forRoot({ ...engineOptions({ baseUrl }), isGlobal: true });
const baseUrl = 'http://127.0.0.1:1/sso';

describe.each(platforms)('guards and decorators on %s', (platform) => {
  const start = async (module: Type) => {
    const { origin, send } = await startApplication(module, platform);
    const open = (browser: BrowserClient, path: string) => browser.open(origin + path);
    const signIn = async (name: string): Promise<BrowserClient> => {
      const browser = new BrowserClient();
      const reply = await browser.submit(`${origin}/in/${name}`, {}, { from: origin });
      expect(reply.status).toBe(201);
      return browser;
    };
    return { origin, send, open, signIn };
  };

  test('@Forum() signs people in and out; @ForumUser() is the person or one of the details', async () => {
    const { origin, open, signIn, send } = await start(site(global()));
    expect((await send('GET', '/who')).json()).toEqual({ id: null, username: null });
    const alice = await signIn('alice');
    expect((await open(alice, '/who')).json()).toEqual({ id: people.alice.id, username: 'alice' });
    const out = await alice.submit(`${origin}/out`, {}, { from: origin });
    expect(out.json()).toEqual({ user: null });
    expect((await open(alice, '/who')).json()).toEqual({ id: null, username: null });
  });

  test('ForumUserGuard leads strangers to the sign-in page, and programs nowhere', async () => {
    const { open, signIn, send } = await start(site(global()));
    const away = await send('GET', '/members?tab=1', { headers: html });
    expect([away.status, away.header('location'), away.header('cache-control')]).toEqual([
      302,
      '/login?returnTo=%2Fmembers%3Ftab%3D1',
      'no-store',
    ]);
    const program = await send('GET', '/members');
    expect([program.status, program.json()]).toEqual([
      401,
      { error: 'ERR_SIGN_IN_REQUIRED', message: 'Please sign in first.' },
    ]);
    expect((await open(await signIn('bob'), '/members')).json()).toEqual({ id: people.bob.id });
    expect((await send('GET', '/members/open')).json()).toEqual({ id: null });
    expect((await open(await signIn('bob'), '/members/open')).json()).toEqual({ id: people.bob.id });
  });

  test('ForumGroupsGuard lets members of one of the groups in; the handler has the last word', async () => {
    const { open, signIn, send } = await start(site(global()));
    const [alice, bob, carol] = [await signIn('alice'), await signIn('bob'), await signIn('carol')];
    expect((await open(alice, '/groups/inherited')).json()).toEqual({ ok: true });
    expect((await open(bob, '/groups/inherited')).status).toBe(403);
    // Carol has no list of groups at all.
    expect((await open(carol, '/groups/inherited')).status).toBe(403);
    expect((await open(alice, '/groups/own')).status).toBe(403);
    expect((await send('GET', '/groups/inherited', { headers: html })).status).toBe(302);
    expect((await send('GET', '/groups/open')).json()).toEqual({ ok: true });
    expect((await send('GET', '/free')).json()).toEqual({ ok: true });
  });

  test('as global guards, with doors for everybody', async () => {
    const module = site(
      ForumSsoModule.forRoot(engineOptions({ baseUrl })),
      { provide: APP_GUARD, useClass: ForumUserGuard },
      { provide: APP_GUARD, useClass: ForumGroupsGuard },
    );
    const { open, signIn, send } = await start(module);
    expect((await send('GET', '/free')).status).toBe(401);
    expect((await send('GET', '/who')).status).toBe(200);
    expect((await send('GET', '/sso/probe/request')).status).toBe(200);
    const bob = await signIn('bob');
    expect((await open(bob, '/free')).status).toBe(200);
    expect((await open(bob, '/groups/inherited')).status).toBe(403);
  });

  test('where the module does not look at pages, a guard finds out by itself', async () => {
    const forum = ForumSsoModule.forRoot({
      ...engineOptions({ baseUrl }),
      isGlobal: true,
      isPage: ({ url = '' }) => url.startsWith('/in/'),
    });
    const { open, signIn, send } = await start(site(forum));
    const bob = await signIn('bob');
    expect((await open(bob, '/members')).json()).toEqual({ id: people.bob.id });
    expect((await send('GET', '/members')).status).toBe(401);
    // Without a guard nobody has found out.
    const unknown = await send('GET', '/who');
    expect([unknown.status, unknown.json()]).toEqual([
      500,
      expect.objectContaining({ error: 'ERR_OPTIONS_INVALID' }),
    ]);
  });

  test('a guard renews a session that only it has looked at', async () => {
    let now = Date.parse('2026-03-01T12:00:00Z');
    const forum = ForumSsoModule.forRoot({
      ...engineOptions({ baseUrl, now: () => new Date(now) }),
      isGlobal: true,
      isPage: ({ url = '' }) => url.startsWith('/in/'),
    });
    const { send } = await start(site(forum));
    const signedIn = await send('POST', '/in/bob', {
      body: '{}',
      headers: [['Content-Type', 'application/json']],
    });
    now += 6 * 3_600_000;
    const cookie = signedIn.header('set-cookie')?.split(';')[0] ?? '';
    const reply = await send('GET', '/members', { headers: [['Cookie', cookie]] });
    expect(reply.json()).toEqual({ id: people.bob.id });
    expect(reply.all('set-cookie')).toHaveLength(1);
  });

  test('a module that sees no pages at all says so to a guard that cannot find out', async () => {
    const forum = ForumSsoModule.forRoot({ ...engineOptions({ baseUrl }), isPage: () => false });
    @Module({ controllers: [MembersController] })
    class Feature {}
    @Module({ imports: [forum, Feature] })
    class Site {}
    const { send } = await start(Site);
    expect((await send('GET', '/members')).json()).toMatchObject({ error: 'ERR_OPTIONS_INVALID' });
  });

  describe('what is thrown', () => {
    const failing = (exceptionFilter?: boolean) =>
      ForumSsoModule.forRoot({
        ...engineOptions({ baseUrl }),
        isGlobal: true,
        ...(exceptionFilter === undefined ? {} : { exceptionFilter }),
        currentUser: ({ headers }) => {
          if (headers['x-broken'] === '1') throw new Error('connect ECONNREFUSED 10.0.0.5');
          return null;
        },
      });
    const broken = [['X-Broken', '1']] as const;

    test('is answered with its status and public sentence', async () => {
      const { send } = await start(site(failing()));
      const reply = await send('GET', '/who', { headers: broken });
      expect([reply.status, reply.json()]).toEqual([
        503,
        { error: 'ERR_SITE_CALLBACK_FAILED', message: 'The login is not available at the moment.' },
      ]);
      expect(reply.header('cache-control')).toBe('no-store');
    });

    test("is the application's when the filter is switched off", async () => {
      const { send } = await start(site(failing(false)));
      expect((await send('GET', '/who', { headers: broken })).status).toBe(500);
      const stranger = await send('GET', '/members', { headers: html });
      expect([stranger.status, stranger.json()]).toEqual([
        401,
        expect.objectContaining({ error: 'ERR_SIGN_IN_REQUIRED' }),
      ]);
    });

    test('can be answered by a filter for everything', async () => {
      const others: unknown[] = [];
      @Catch()
      class Everything implements ExceptionFilter {
        catch(exception: unknown, host: ArgumentsHost): void {
          if (answerForumException(exception, host)) return;
          others.push(exception);
          const response = host.switchToHttp().getResponse();
          if (platform === 'express') response.status(418).end();
          else response.code(418).send();
        }
      }
      const { send } = await startApplication(site(failing()), platform, {
        main: (app) => {
          app.useGlobalFilters(new Everything());
        },
      });
      expect((await send('GET', '/members', { headers: html })).status).toBe(302);
      expect((await send('GET', '/who', { headers: broken })).status).toBe(503);
      expect((await send('GET', '/nowhere')).status).toBe(418);
      expect(others).toEqual([expect.any(HttpException)]);
    });
  });

  test('an extended guard says itself where the request is', async () => {
    @Injectable()
    class WrappedGuard extends ForumUserGuard {
      protected override getRequest(context: ExecutionContext) {
        return context.switchToHttp().getRequest();
      }
    }
    @Controller()
    class Wrapped {
      @Get('wrapped')
      @UseGuards(WrappedGuard)
      page(@ForumUser('username') name: string, @Query('x') x: string): object {
        return { name, x };
      }
    }
    @Module({ imports: [global()], controllers: [Wrapped, SignInController] })
    class Site {}
    const { open, signIn, send } = await start(Site);
    expect((await send('GET', '/wrapped')).status).toBe(401);
    expect((await open(await signIn('bob'), '/wrapped?x=1')).json()).toEqual({ name: 'bob', x: '1' });
  });
});
