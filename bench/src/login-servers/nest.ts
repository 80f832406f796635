import 'reflect-metadata';

import { discourse } from '@forum-sso/core/discourse';
import { ForumSsoModule } from '@forum-sso/nestjs';
import { Controller, Get, Module, Query, Redirect } from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';

import { answerByHand, currentUser, forumUrl, path, secret } from './forum.js';
import type { LoginServers } from './login-servers.js';

@Controller()
class HandWritten {
  @Get(path)
  @Redirect()
  async login(@Query() query: Readonly<Record<string, unknown>>) {
    return { url: await answerByHand(query) };
  }
}

@Module({ controllers: [HandWritten] })
class HandWrittenModule {}

export const nestOnExpress = serversOn(() => new ExpressAdapter());
export const nestOnFastify = serversOn(() => new FastifyAdapter());

function serversOn(makeAdapter: () => AbstractHttpAdapter): LoginServers {
  const listen = async (module: Parameters<typeof NestFactory.create>[0]) => {
    const app = await NestFactory.create(module, makeAdapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
    return app.getHttpServer();
  };
  return {
    ours: (keys) =>
      listen(
        ForumSsoModule.forRoot({
          baseUrl: 'http://localhost:3000/sso',
          keys,
          connectors: [discourse({ forumUrl, secret })],
          currentUser,
        }),
      ),
    byHand: () => listen(HandWrittenModule),
  };
}
