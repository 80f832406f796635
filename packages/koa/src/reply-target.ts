import type { ReplyTarget } from '@forum-sso/core/node';
import type { Context } from 'koa';

/**
 * Koa's own answer as the target of a reply: it is sent when the middleware before us are done with it, so that
 * sessions and the like still set their cookies.
 */
export function replyTarget(ctx: Context): ReplyTarget {
  return new KoaReply(ctx);
}

class KoaReply implements ReplyTarget {
  readonly #ctx: Context;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  get statusCode(): number {
    return this.#ctx.status;
  }

  set statusCode(status: number) {
    this.#ctx.status = status;
  }

  getHeader(name: string): number | string | readonly string[] | undefined {
    return this.#ctx.res.getHeader(name);
  }

  setHeader(name: string, value: string | readonly string[]): void {
    this.#ctx.res.setHeader(name, value);
  }

  appendHeader(name: string, value: string): void {
    this.#ctx.res.appendHeader(name, value);
  }

  end(body: string | Uint8Array = ''): void {
    const { res } = this.#ctx;
    const typed = res.hasHeader('Content-Type');
    // Koa sends other byte arrays as JSON.
    this.#ctx.body =
      typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    // Koa guesses a type where there is none to be.
    if (!typed) res.removeHeader('Content-Type');
  }
}
