import type { RequestListener } from 'node:http';

import type { AbstractHttpAdapter } from '@nestjs/core';

/** What Nest runs on. */
export interface Platform {
  readonly adapter: AbstractHttpAdapter;
  /** The application's listener, for a server of Node's own; to be asked once the application is set up. */
  listener(): Promise<RequestListener>;
}

export async function expressPlatform(): Promise<Platform> {
  const { ExpressAdapter } = await import('@nestjs/platform-express');
  const adapter = new ExpressAdapter();
  adapter.disable('x-powered-by');
  adapter.disable('etag');
  return { adapter, listener: async () => adapter.getInstance() };
}

export async function fastifyPlatform(): Promise<Platform> {
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  const adapter = new FastifyAdapter({ routerOptions: { ignoreTrailingSlash: true, caseSensitive: false } });
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  // Bodies are left unread: the pages do it.
  fastify.addContentTypeParser('*', (_request, _payload, done) => done(null));
  return {
    adapter,
    async listener() {
      await fastify.ready();
      return fastify.routing;
    },
  };
}
