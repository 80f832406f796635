import type { IncomingMessage, ServerResponse } from 'node:http';

import type { ForumSso as Engine } from '@forum-sso/core';
import {
  type AdapterHarness,
  callbacksOf,
  faultPage,
  listenOnFreePort,
  missingPage,
  nodeContact,
  type PageAnswer,
  pagesPath,
  type SiteContact,
  type SiteSetUp,
  testPages,
} from '@forum-sso/testkit';
import {
  All,
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  type HttpServer,
  type INestApplication,
  Inject,
  Module,
  NotFoundException,
  Post,
  Req,
  Res,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { type AbstractHttpAdapter, HttpAdapterHost, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';

import {
  answerForumException,
  Forum,
  ForumSignInRequiredException,
  ForumSsoModule,
  type ForumSsoModuleOptions,
  ForumUserGuard,
  type PageForum,
} from '../src/index.js';

export const platforms = ['express', 'fastify'] as const;
export type Platform = (typeof platforms)[number];

const noParser = 'the parsers of the application leave our addresses alone';

/** The test site as a Nest application. */
export function nestHarness(
  name: string,
  platform: Platform,
  { isGlobal = false }: { readonly isGlobal?: boolean } = {},
): AdapterHarness {
  return {
    name,
    leftOut: {
      "a body that the application's parser has read is refused with the remedy": noParser,
      'a parser of the application in front is named with the remedy; the raw bytes that it keeps are used':
        noParser,
    },
    start: async (build, site) => {
      let app: INestApplication | undefined;
      return listenOnFreePort(
        async (origin) => {
          app = await siteApplication(platform, isGlobal, build(origin), site);
          const listener = await listenerOf(app);
          if (platform === 'express') answerMissing(app);
          return listener;
        },
        () => app?.close(),
      );
    },
  };
}

/** An application's listener for a server of Node's own. */
async function listenerOf(
  app: INestApplication,
): Promise<(message: IncomingMessage, response: ServerResponse) => void> {
  await app.init();
  const adapter: HttpServer = app.getHttpAdapter();
  const instance = adapter.getInstance();
  if (adapter.getType() !== 'fastify') return instance;
  await instance.ready();
  return instance.routing;
}

export function adapterOf(platform: Platform): ExpressAdapter | FastifyAdapter {
  return platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
}

async function siteApplication(
  platform: Platform,
  isGlobal: boolean,
  sso: Engine,
  site: SiteSetUp,
): Promise<INestApplication> {
  const replies = new WeakMap<object, FastifyReply>();
  const contactOf = (request: object): SiteContact => contact(request, replies);
  const { currentUser, signIn, signOut } = callbacksOf<object>(site.ownSession, contactOf);
  const options: ForumSsoModuleOptions = {
    sso,
    ...(currentUser && { currentUser }),
    ...(signIn && { signIn }),
    ...(signOut && { signOut }),
    ...(site.bodySeconds !== undefined && { bodySeconds: site.bodySeconds }),
  };

  @Module({
    imports: [ForumSsoModule.forRootAsync({ isGlobal, useFactory: async () => options })],
    controllers: [pagesController(), ...(site.guardAll === true ? [Everything] : [])],
  })
  class SiteModule {}

  const app = await NestFactory.create(SiteModule, adapterOf(platform), {
    logger: false,
    abortOnError: false,
    rawBody: site.parser === 'kept',
  });
  if (platform === 'express') {
    app.use((_req: IncomingMessage, res: ServerResponse, next: () => void) => {
      for (const [name, value] of site.appHeaders ?? []) res.appendHeader(name, value);
      next();
    });
  } else {
    const { instance } = fastifyOf(app);
    // By itself, Fastify refuses forms without a type.
    instance.addContentTypeParser('*', (_request, payload, done) => {
      payload.resume().on('end', () => done(null, undefined));
    });
    instance.addHook('onRequest', (request, reply, done) => {
      replies.set(request, reply);
      for (const [name, value] of site.appHeaders ?? []) reply.header(name, value);
      done();
    });
  }
  if (site.mountPath !== undefined) {
    app.setGlobalPrefix(site.mountPath, { exclude: [`${pagesPath}/{*path}`] });
  }
  if (site.guardAll === true) app.useGlobalGuards(new ForumUserGuard());
  app.useGlobalFilters(new SiteFilter(app.get(HttpAdapterHost).httpAdapter));
  return app;
}

/** Fastify behind an application on it. */
export function fastifyOf(app: INestApplication): {
  readonly instance: ReturnType<NestFastifyApplication['getHttpAdapter']>['getInstance'] extends () => infer I
    ? I
    : never;
} {
  return { instance: app.getHttpAdapter().getInstance() };
}

function contact(request: object, replies: WeakMap<object, FastifyReply>): SiteContact {
  const reply = replies.get(request);
  if (reply !== undefined && isFastifyRequest(request)) {
    return {
      cookies: request.headers.cookie,
      setCookie: (line) => {
        reply.header('Set-Cookie', line);
      },
    };
  }
  if (!isExpressRequest(request)) throw new Error('This is a request of neither platform.');
  return nodeContact(request, request.res);
}

function isFastifyRequest(request: object): request is FastifyRequest {
  return 'raw' in request;
}

function isExpressRequest(request: object): request is IncomingMessage & { readonly res: ServerResponse } {
  return 'res' in request;
}

function sendPage(
  adapter: AbstractHttpAdapter,
  response: unknown,
  { status, headers, body }: PageAnswer,
): void {
  for (const [name, value] of headers) {
    if (name === 'Set-Cookie') adapter.appendHeader(response, name, value);
    else adapter.setHeader(response, name, value);
  }
  adapter.reply(response, body, status);
}

/** On Express, Nest knows nothing of what stands outside the global prefix. */
function answerMissing(app: INestApplication): void {
  const adapter = app.get(HttpAdapterHost).httpAdapter;
  app.use((_req: unknown, res: unknown) => sendPage(adapter, res, missingPage));
}

/** Serves all test pages, each by a handler of its own. */
function pagesController(): Type {
  @Controller(pagesPath)
  class Pages {
    readonly adapter: AbstractHttpAdapter;
    constructor(@Inject(HttpAdapterHost) host: HttpAdapterHost) {
      this.adapter = host.httpAdapter;
    }
  }
  for (const { method, path, membersOnly, answer } of testPages) {
    const key = `${method} ${path}`;
    const descriptor = {
      configurable: true,
      writable: true,
      async value(this: Pages, forum: PageForum, { url }: { url: string }, response: unknown) {
        sendPage(this.adapter, response, await answer(forum, new URL(url, 'http://localhost').search));
      },
    };
    Object.defineProperty(Pages.prototype, key, descriptor);
    (method === 'GET' ? Get : Post)(path)(Pages.prototype, key, descriptor);
    if (membersOnly) UseGuards(ForumUserGuard)(Pages.prototype, key, descriptor);
    Forum()(Pages.prototype, key, 0);
    Req()(Pages.prototype, key, 1);
    Res()(Pages.prototype, key, 2);
  }
  return Pages;
}

/** Guards stand before handlers only, so an address without one has none. */
@Controller()
class Everything {
  @All('*')
  nothing(): void {
    throw new NotFoundException();
  }
}

/** A filter of the site's own, for everything. */
@Catch()
class SiteFilter implements ExceptionFilter {
  readonly adapter: AbstractHttpAdapter;
  constructor(adapter: AbstractHttpAdapter) {
    this.adapter = adapter;
  }

  catch(exception: unknown, host: ArgumentsHost): void {
    if (exception instanceof ForumSignInRequiredException && answerForumException(exception, host)) return;
    const page = exception instanceof NotFoundException ? missingPage : faultPage(exception);
    sendPage(this.adapter, host.switchToHttp().getResponse(), page);
  }
}
