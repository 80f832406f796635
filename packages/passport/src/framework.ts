import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

/** What Passport hands to a strategy: Express's request, Koa's stand-in for one, or Fastify's under Nest. */
export interface PassportRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Express and Koa: the address before a router cut its mount point off. */
  readonly originalUrl?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Express: the response. Nest on Fastify: its raw response, set by a guard. */
  readonly res?: unknown;
  /** Koa: the context. */
  readonly ctx?: unknown;
}

/** The response that cookies are written to, or null when the framework shows none. */
export function responseOf(request: PassportRequest): ServerResponse | null {
  if (isServerResponse(request.res)) return request.res;
  const { ctx } = request;
  if (typeof ctx === 'object' && ctx !== null && 'res' in ctx && isServerResponse(ctx.res)) return ctx.res;
  const { res } = request;
  // Fastify's reply keeps Node's response as `raw`.
  return typeof res === 'object' && res !== null && 'raw' in res && isServerResponse(res.raw)
    ? res.raw
    : null;
}

/** By what it can do: a test's or a proxy's response is none of Node's own class. */
function isServerResponse(value: unknown): value is ServerResponse<IncomingMessage> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'appendHeader' in value &&
    typeof value.appendHeader === 'function' &&
    'setHeader' in value &&
    typeof value.setHeader === 'function'
  );
}
