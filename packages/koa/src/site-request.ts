import { types } from 'node:util';

import type { SsoRequest } from '@forum-sso/core';
import { nodeRequest } from '@forum-sso/core/node';
import type { Context, Request } from 'koa';

/** A request as the engine takes it; bytes that a body parser has kept count as the body. */
export function siteRequest(
  ctx: Context,
  { bodySeconds }: { readonly bodySeconds?: number | undefined },
): SsoRequest {
  return nodeRequest(ctx.req, ctx.originalUrl, { parsed: new ParsedRequest(ctx.request), bodySeconds });
}

/** Looks for kept bytes only when the engine asks for them. */
class ParsedRequest {
  readonly #request: Request;

  constructor(request: Request) {
    this.#request = request;
  }

  get rawBody(): Uint8Array | undefined {
    return keptBytes(this.#request);
  }
}

/** Where koa-body keeps a body's text when it is told to (`includeUnparsed`). */
const unparsed = Symbol.for('unparsedBody');

function keptBytes(request: Request): Uint8Array | undefined {
  const rawBody: unknown = Reflect.get(request, 'rawBody');
  const body: unknown = Reflect.get(request, 'body');
  for (const kept of [rawBody, body]) {
    if (types.isUint8Array(kept)) return kept;
  }
  const text: unknown =
    typeof body === 'object' && body !== null && unparsed in body ? body[unparsed] : rawBody;
  return typeof text === 'string' ? bytesOf(text, request) : undefined;
}

/**
 * The parsers of Koa keep a body as text that was read as UTF-8. It is taken only if nothing was lost on the way:
 * nothing was unpacked, no broken byte was replaced, and the length is that of the message.
 */
function bytesOf(text: string, { headers }: Request): Uint8Array | undefined {
  const { 'content-encoding': encoding = 'identity', 'content-length': length } = headers;
  if (encoding !== 'identity' || text.includes('\ufffd')) return undefined;
  const bytes = Buffer.from(text);
  return length === undefined || Number(length) === bytes.byteLength ? bytes : undefined;
}
