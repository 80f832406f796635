import type { ReplyTarget } from '@forum-sso/core/node';
import type { Context } from 'koa';

/**
 * Koa's own answer as the target of a reply: it is sent when the middleware before us are done with it, so that
 * sessions and the like still set their cookies.
 */
export function replyTarget(ctx: Context): ReplyTarget {
  const { res } = ctx;
  return {
    get statusCode() {
      return ctx.status;
    },
    set statusCode(status) {
      ctx.status = status;
    },
    getHeader: (name) => res.getHeader(name),
    setHeader: (name, value) => res.setHeader(name, value),
    appendHeader: (name, value) => res.appendHeader(name, value),
    end(body = '') {
      const typed = res.hasHeader('Content-Type');
      // Koa sends other byte arrays as JSON.
      ctx.body = typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
      // Koa guesses a type where there is none to be.
      if (!typed) res.removeHeader('Content-Type');
    },
  };
}
