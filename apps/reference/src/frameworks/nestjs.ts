import 'reflect-metadata';

import type { IncomingMessage } from 'node:http';

import {
  answerForumException,
  Forum,
  ForumSignInRequiredException,
  ForumSsoModule,
  ForumUserGuard,
  type PageForum,
} from '@forum-sso/nestjs';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Module,
  NotFoundException,
  Req,
  RequestMapping,
  RequestMethod,
  Res,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';

import { pageRequest } from '../http/page-request.js';
import type { PageReply, PageRoute } from '../http/page-route.js';
import type { Site } from '../site.js';
import type { Platform } from './nestjs-platforms.js';
import type { ServedSite } from './served-site.js';

/** The site as a Nest application, on Express or on Fastify. */
export async function nestSite(site: Site, { adapter, listener }: Platform): Promise<ServedSite> {
  const app = await NestFactory.create(siteModule(site, adapter), adapter, {
    // Forms are read by the pages, each with a limit of its own.
    bodyParser: false,
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  app.useGlobalFilters(new SiteFilter(site, adapter));
  await app.init();
  return { listener: await listener(), close: () => app.close() };
}

function siteModule(site: Site, adapter: AbstractHttpAdapter): Type {
  @Module({
    imports: [ForumSsoModule.forRoot({ sso: site.sso, exceptionFilter: false })],
    controllers: site.routes.map((route) => pageController(site, route, adapter)),
  })
  class SiteModule {}
  return SiteModule;
}

/** The request of either platform. */
type PlatformRequest = { readonly originalUrl: string } & (
  | IncomingMessage
  | { readonly raw: IncomingMessage }
);

function pageController(site: Site, route: PageRoute, adapter: AbstractHttpAdapter): Type {
  @Controller()
  @UseGuards(...(route.visitors === 'members' ? [ForumUserGuard] : []))
  class PageController {
    @RequestMapping({ method: RequestMethod[route.method], path: route.path })
    async answer(@Req() request: PlatformRequest, @Forum() forum: PageForum, @Res() response: object) {
      const message = 'raw' in request ? request.raw : request;
      send(adapter, response, await site.answer(route, pageRequest(message, request.originalUrl, forum)));
    }
  }
  return PageController;
}

/** Makes pages of all that is thrown; people who have to sign in are led there. */
@Catch()
class SiteFilter implements ExceptionFilter {
  constructor(
    private readonly site: Site,
    private readonly adapter: AbstractHttpAdapter,
  ) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    if (exception instanceof ForumSignInRequiredException && answerForumException(exception, host)) return;
    const reply = exception instanceof NotFoundException ? this.site.missing() : this.site.fault(exception);
    send(this.adapter, host.switchToHttp().getResponse(), reply);
  }
}

function send(adapter: AbstractHttpAdapter, response: object, { status, headers, body }: PageReply): void {
  for (const [name, value] of headers) adapter.appendHeader(response, name, value);
  adapter.reply(response, body, status);
}
