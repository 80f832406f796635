import { isForumSsoError } from '@forum-sso/core';
import { digest, type HeaderLine, people } from '@forum-sso/testkit';
import { describe, expect, test } from '@jest/globals';
import {
  Body,
  type CanActivate,
  Controller,
  Get,
  Header,
  type INestApplication,
  Injectable,
  Module,
  type NestInterceptor,
  Post,
  Version,
  VersioningType,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import express from 'express';

import { ForumSsoModule } from '../src/index.js';
import { engineOptions, startApplication } from './applications.js';
import { fastifyOf, platforms } from './nest-harness.js';

let stopped = 0;

@Injectable()
class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    stopped++;
    return false;
  }
}

@Injectable()
class NobodyInterceptor implements NestInterceptor {
  intercept(): never {
    stopped++;
    throw new Error('intercepted');
  }
}

@Controller()
class SiteController {
  @Get('page')
  @Header('X-Site', '1')
  page(): string {
    return 'page';
  }

  @Post('sso/upload')
  upload(@Body() body: unknown): object {
    return { body };
  }

  @Version('2')
  @Get('versioned')
  versioned(): string {
    return 'two';
  }

  @Get(':anything')
  anything(): string {
    return 'anything';
  }
}

@Module({ imports: [ForumSsoModule.forRoot(engineOptions())], controllers: [SiteController] })
class Site {}

@Module({
  imports: [ForumSsoModule.forRoot(engineOptions())],
  controllers: [SiteController],
  providers: [
    { provide: APP_GUARD, useClass: NobodyGuard },
    { provide: APP_INTERCEPTOR, useClass: NobodyInterceptor },
  ],
})
class GuardedSite {}

const json: HeaderLine = ['Content-Type', 'application/json'];
const odd = '{ "a" : 1.0, "a" : 2 }\r\n';

describe.each(platforms)('our addresses on %s', (platform) => {
  test('are not touched by global guards and interceptors', async () => {
    const { send } = await startApplication(GuardedSite, platform);
    const before = stopped;
    expect((await send('GET', '/sso/probe/request')).status).toBe(200);
    expect((await send('POST', '/sso/probe/body', { body: odd, headers: [json] })).status).toBe(200);
    expect(stopped).toBe(before);
    expect((await send('GET', '/page')).status).toBe(403);
    expect(stopped).toBe(before + 1);
  });

  test.each([
    ['address', VersioningType.URI],
    ['header', VersioningType.HEADER],
    ['media type', VersioningType.MEDIA_TYPE],
  ] as const)('are not touched by versions in the %s', async (_, type) => {
    const { send } = await startApplication(Site, platform, {
      main: (app) => {
        app.enableVersioning({ type, header: 'X-Version', key: 'v=', defaultVersion: '1' });
      },
    });
    expect((await send('GET', '/sso/probe/request')).json()).toMatchObject({ url: '/sso/probe/request' });
    expect((await send('GET', '/v1/sso/probe/request')).header('cache-control')).toBeUndefined();
  });

  test('win over parameters of the site, and over nothing else', async () => {
    const { send } = await startApplication(Site, platform);
    expect((await send('GET', '/fixed/probe')).json()).toMatchObject({ path: '/fixed/probe' });
    expect((await send('GET', '/fixed')).text).toBe('anything');
    expect((await send('GET', '/page')).header('x-site')).toBe('1');
    const upload = await send('POST', '/sso/upload', { body: odd, headers: [json] });
    expect(upload.json()).toEqual({ body: { a: 2 } });
  });

  describe('the global prefix', () => {
    const start = (baseUrl: string, main: (app: INestApplication) => void) => {
      @Module({
        imports: [ForumSsoModule.forRoot(engineOptions({ baseUrl }))],
        controllers: [SiteController],
      })
      class Prefixed {}
      return startApplication(Prefixed, platform, { main });
    };

    test.each(['api', '/api', 'api/', '/api/v1'])('%s applies', async (prefix) => {
      const path = `/${prefix.replace(/^\/|\/$/g, '')}`;
      const { send } = await start(`https://site.example.com${path}/sso`, (app) => {
        app.setGlobalPrefix(prefix);
      });
      const answer = await send('POST', `${path}/sso/probe/body`, { body: odd, headers: [json] });
      expect(answer.json()).toEqual({ length: odd.length, sha256: digest(Buffer.from(odd)) });
      expect((await send('GET', '/sso/probe/request')).status).toBe(404);
      // A fixed address outside the prefix is not ours any more.
      expect((await send('GET', '/fixed/probe')).status).toBe(404);
    });

    test('does not apply to what is excluded from it', async () => {
      const { send } = await start('https://site.example.com/sso', (app) => {
        app.setGlobalPrefix('api', { exclude: ['sso/{*path}', 'fixed/probe'] });
      });
      const answer = await send('POST', '/sso/probe/body', { body: odd, headers: [json] });
      expect(answer.json()).toMatchObject({ length: odd.length });
      expect((await send('GET', '/fixed/probe?x=1')).status).toBe(200);
      expect((await send('GET', '/api/page')).text).toBe('page');
    });

    test.each([
      ['https://site.example.com/sso', 'https://site.example.com/api/sso'],
      ['https://site.example.com/apix/sso', 'https://site.example.com/api/apix/sso'],
      ['https://site.example.com', 'https://site.example.com/api/sso'],
    ])('must not contradict baseUrl: %s', async (baseUrl, remedy) => {
      const started = start(baseUrl, (app) => {
        app.setGlobalPrefix('api');
      });
      const error: unknown = await started.catch((thrown: unknown) => thrown);
      if (!isForumSsoError(error)) throw new Error('The application has started.');
      expect(error.code).toBe('ERR_OPTIONS_INVALID');
      expect(error.detail).toContain(remedy);
    });
  });

  describe('raw bodies', () => {
    const isRead = async (
      options: { readonly bodyParser?: boolean; readonly rawBody?: boolean },
      main: (app: INestApplication) => void = () => {},
    ) => {
      const { send } = await startApplication(Site, platform, { ...options, main });
      for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain', 'x']) {
        const headers: readonly HeaderLine[] = [['Content-Type', type]];
        const answer = await send('POST', '/sso/probe/body', { body: odd, headers });
        expect(answer.json()).toEqual({ length: odd.length, sha256: digest(Buffer.from(odd)) });
      }
      const large = await send('POST', '/sso/probe/body', { body: 'x'.repeat(2_000_000), headers: [json] });
      expect(large.json()).toMatchObject({ error: 'ERR_BODY_TOO_LARGE' });
    };

    test('with the parsers that Nest adds', () => isRead({}));
    test('with rawBody', () => isRead({ rawBody: true }));
    test('with none', () => isRead({ bodyParser: false }));

    test('with parsers that the site has added before', () =>
      isRead({}, (app) => {
        if (platform === 'express') {
          app.use(express.json(), express.text({ type: '*/*' }));
        } else {
          const { instance } = fastifyOf(app);
          instance.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null));
        }
      }));
  });

  test('repeat nothing when the site has a session of its own', async () => {
    const asked: unknown[] = [];
    @Module({
      imports: [
        ForumSsoModule.forRoot({
          ...engineOptions(),
          currentUser: (request, response) => {
            asked.push([request.url, response === undefined]);
            return people.bob;
          },
        }),
      ],
      controllers: [SiteController],
    })
    class OwnSession {}
    const { send } = await startApplication(OwnSession, platform);
    expect((await send('GET', '/sso/probe/who')).json()).toEqual({ user: people.bob.id });
    expect((await send('GET', '/page')).text).toBe('page');
    expect(asked).toEqual([
      ['/sso/probe/who', false],
      ['/page', false],
    ]);
  });
});
