import type { IncomingMessage, ServerResponse } from 'node:http';

import type { ReplyTarget } from '@forum-sso/core/node';

import type { ForumRequest } from '../interfaces/forum-request.interface.js';
import { hasBody, hideBody } from './hidden-body.js';
import type { Serve } from './serve.js';

/** What we use of Fastify. */
export interface FastifyInstance {
  addHook(
    name: 'onRequest' | 'preHandler',
    hook: (request: FastifyRequest, reply: FastifyReply, done: (error?: unknown) => void) => void,
  ): unknown;
  hasRequestDecorator(name: string): boolean;
  decorateRequest(name: string, value: null): unknown;
  register(plugin: FastifyPlugin): unknown;
}

type FastifyPlugin = (instance: FastifyInstance, options: object, done: () => void) => void;

export interface FastifyRequest extends ForumRequest {
  readonly raw: IncomingMessage;
  readonly originalUrl: string;
}

export interface FastifyReply {
  readonly raw: ServerResponse;
  statusCode: number;
  getHeader(name: string): number | string | string[] | undefined;
  header(name: string, value: string | readonly string[]): unknown;
  removeHeader(name: string): unknown;
  send(body?: string | Uint8Array): unknown;
}

/** Keeps the parsers of the application away from our addresses. */
export function guardBodiesOnFastify(instance: FastifyInstance, isOurs: (url: string) => boolean): void {
  instance.addHook('onRequest', (request, _reply, done) => {
    if (hasBody(request.raw) && isOurs(request.originalUrl)) hideBody(request.raw);
    done();
  });
}

/**
 * Serves in front of all handlers, those of unknown addresses included. As a plugin that is no world of its own, it
 * stands behind the plugins that the application has registered: sessions are there.
 */
export function mountOnFastify(instance: FastifyInstance, serve: Serve): void {
  const plugin: FastifyPlugin = (same, _options, done) => {
    if (!same.hasRequestDecorator('forum')) same.decorateRequest('forum', null);
    // Not async: of a request that was answered, Fastify would wait for the end before it lets go of it.
    same.addHook('preHandler', (request, reply, next) => {
      const { raw: message, originalUrl: url } = request;
      serve({ request, response: reply, message, url, target: fastifyTarget(reply) }).then((answered) => {
        if (!answered) next();
      }, next);
    });
    done();
  };
  instance.register(Object.assign(plugin, { [Symbol.for('skip-override')]: true }));
}

/** Fastify's own reply as the target: sessions and the like still set their cookies when it is sent. */
export function fastifyTarget(reply: FastifyReply): ReplyTarget {
  return new FastifyTarget(reply);
}

/** Names of our headers in small letters, which is how Fastify keeps them: each is made once, since V8 looks up a new text. */
const smallNames = new Map<string, string>();

function inSmallLetters(name: string): string {
  let small = smallNames.get(name);
  if (small === undefined) {
    small = name.toLowerCase();
    smallNames.set(name, small);
  }
  return small;
}

class FastifyTarget implements ReplyTarget {
  readonly #reply: FastifyReply;

  constructor(reply: FastifyReply) {
    this.#reply = reply;
  }

  get statusCode(): number {
    return this.#reply.statusCode;
  }

  set statusCode(status: number) {
    this.#reply.statusCode = status;
  }

  getHeader(name: string): number | string | readonly string[] | undefined {
    return this.#reply.getHeader(name);
  }

  setHeader(name: string, value: string | readonly string[]): void {
    // Fastify itself would append to the cookies.
    if (typeof value !== 'string') this.#reply.removeHeader(name);
    this.#reply.header(inSmallLetters(name), value);
  }

  appendHeader(name: string, value: string): void {
    const before = this.#reply.getHeader(name);
    this.#reply.removeHeader(name);
    this.#reply.header(name, before === undefined ? value : [before, value].flat().map(String));
  }

  end(body?: string | Uint8Array): void {
    this.#reply.send(
      body === undefined || typeof body === 'string'
        ? body
        : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    );
  }
}

/** Tells Fastify's reply from Node's response. */
export function isFastifyReply(response: unknown): response is FastifyReply {
  return typeof response === 'object' && response !== null && 'raw' in response && 'send' in response;
}

/** Tells Fastify's request from Express's. */
export function isFastifyRequest(request: object): request is FastifyRequest {
  return 'raw' in request && 'originalUrl' in request;
}
