import { errorFrom, isRefusal, type Refusal, refusal } from './errors.js';
import type { ForumSso } from './forum-sso.js';
import { bodyBrokenOff, bodyTooLarge, bodyTooSlow } from './http/body-refusals.js';
import { repeats } from './http/header-names.js';
import type { ReplyHeader, SsoReply } from './http/reply.js';
import type { SsoRequest } from './http/request.js';
import { addHeaders, type HeaderTarget, writeHeaders } from './node.js';
import { type PageForum, pageForum } from './session/page-forum.js';
import { type SiteCallbacks, siteSessions } from './session/site-callbacks.js';

export type { PageForum } from './session/page-forum.js';
export type { SiteCallbacks } from './session/site-callbacks.js';

/**
 * What the callbacks of the site's own session are given.
 * @typeParam Env what the server hands over beside the request: bindings, or the connection
 */
export interface WebContact<Env = unknown> {
  readonly request: Request;
  /** Headers for the answer: a session puts its `Set-Cookie` here. */
  readonly headers: Headers;
  readonly env: Env;
}

/** The site's own session, all three left out for the built-in one, and how requests are read. */
export interface WebOptions<Env = unknown> extends SiteCallbacks<WebContact<Env>> {
  /**
   * The address of the connection's other end, which a `Request` does not tell; never a header. Without it, limits by
   * address and lists of allowed addresses see no address.
   */
  readonly ip?: ((request: Request, env: Env) => string | undefined) | undefined;
  /** Seconds within which the body of a request to one of our addresses must have arrived. Default 10. */
  readonly bodySeconds?: number | undefined;
}

export interface WebHandlerOptions<Env = unknown> extends WebOptions<Env> {
  /** Answers what is not an address of Forum SSO. Default: `404` in plain text. */
  readonly otherwise?: ((request: Request, env: Env) => Response | Promise<Response>) | undefined;
}

/** Who is here, on a page of a site that speaks `Request` and `Response`. */
export interface WebForum extends PageForum {
  /** To be sent instead of the page, when a connector wants to log the visitor in silently; null otherwise. */
  readonly instead: Response | null;
  /** What an anonymous visitor gets on a page for signed-in people, as a `Response`. */
  signInResponse(): Response;
  /** Puts the cookies of this visit on the page's answer: every page is to be sent through it. */
  finish(response: Response): Response;
}

/**
 * Answers requests to the addresses of Forum SSO, wherever requests and responses are those of the web platform. What
 * counts is the path of `request.url`, held against the `baseUrl` of `createForumSso`; its host counts for nothing.
 *
 * What a stranger sends wrong is answered with a small page or JSON; a promise is rejected only when something is wrong
 * with the server itself.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when the callbacks are not a session
 */
export function toWebHandler(
  sso: ForumSso,
  options?: WebHandlerOptions,
): (request: Request, env?: unknown) => Promise<Response>;
export function toWebHandler<Env>(
  sso: ForumSso,
  options: WebHandlerOptions<Env>,
): (request: Request, env: Env) => Promise<Response>;
export function toWebHandler<Env>(
  sso: ForumSso,
  options: WebHandlerOptions<Env> = {},
): (request: Request, env: Env) => Promise<Response> {
  const contactOf = contacts(options);
  const { otherwise = notFound } = options;
  return async (request, env) => {
    const { contact, ssoRequest, session } = contactOf(request, env);
    const reply = await sso.handle(ssoRequest, session);
    return reply === null ? otherwise(request, env) : responseOf(reply, contact.own);
  };
}

/**
 * For the pages of the site: tells who is here. Send `instead` when it is not null, and every other answer through
 * `finish`:
 *
 * ```ts
 * const forum = await visit(request);
 * return forum.instead ?? forum.finish(new Response(`Hello ${forum.user?.username ?? 'stranger'}`));
 * ```
 *
 * The promise is rejected with a `ForumSsoError` (`ERR_SITE_CALLBACK_FAILED`, `ERR_STORE_UNAVAILABLE` or
 * `ERR_SITE_USER_INVALID`) when it cannot be told.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when the callbacks are not a session
 */
export function forumVisit(
  sso: ForumSso,
  options?: WebOptions,
): (request: Request, env?: unknown) => Promise<WebForum>;
export function forumVisit<Env>(
  sso: ForumSso,
  options: WebOptions<Env>,
): (request: Request, env: Env) => Promise<WebForum>;
export function forumVisit<Env>(
  sso: ForumSso,
  options: WebOptions<Env> = {},
): (request: Request, env: Env) => Promise<WebForum> {
  const contactOf = contacts(options);
  return async (request, env) => {
    const { contact, ssoRequest, session } = contactOf(request, env);
    const visit = await sso.visit(ssoRequest, session);
    const own = contact.headers;
    const target = headerTarget(own);
    addHeaders(target, visit.headers);
    const forum = pageForum(visit, (more) => addHeaders(target, more));
    return Object.assign(forum, {
      instead: visit.reply === null ? null : responseOf(visit.reply, own),
      signInResponse: () => responseOf(forum.signInReply(), own),
      finish: (response: Response) => withHeadersOf(response, own),
    });
  };
}

/** Makes the parts of one request: what the engine takes, and the contact of the site's callbacks. */
function contacts<Env>(options: WebOptions<Env>) {
  const sessionOf = siteSessions<WebContact<Env>>(options);
  const { ip, bodySeconds = 10 } = options;
  return (request: Request, env: Env) => {
    const contact = new RequestContact(request, env);
    return {
      contact,
      session: sessionOf(contact),
      ssoRequest: new WebRequest(contact, ip, bodySeconds * 1_000),
    };
  };
}

/** Makes the answer's headers only for a session that asks for them. */
class RequestContact<Env> implements WebContact<Env> {
  readonly request: Request;
  readonly env: Env;
  /** Undefined as long as nobody has asked for them. */
  own: Headers | undefined;

  constructor(request: Request, env: Env) {
    this.request = request;
    this.env = env;
  }

  get headers(): Headers {
    this.own ??= new Headers();
    return this.own;
  }
}

class WebRequest<Env> implements SsoRequest {
  readonly method: string;
  readonly url: string;
  readonly #contact: WebContact<Env>;
  readonly #ip: WebOptions<Env>['ip'];
  readonly #milliseconds: number;
  #body: Promise<Uint8Array> | undefined;

  constructor(contact: WebContact<Env>, ip: WebOptions<Env>['ip'], milliseconds: number) {
    this.method = contact.request.method;
    this.url = targetOf(contact.request.url);
    this.#contact = contact;
    this.#ip = ip;
    this.#milliseconds = milliseconds;
  }

  get headers(): Headers {
    return this.#contact.request.headers;
  }

  get ip(): string | undefined {
    const ip = this.#ip;
    return ip?.(this.#contact.request, this.#contact.env);
  }

  readonly body: SsoRequest['body'] = async (limitBytes) => {
    this.#body ??= readBody(this.#contact.request, limitBytes, this.#milliseconds);
    const bytes = await this.#body;
    if (bytes.byteLength > limitBytes) throw errorFrom(bodyTooLarge(limitBytes));
    return bytes;
  };
}

/** Path and query of an absolute address. */
function targetOf(url: string): string {
  return url.slice(url.indexOf('/', url.indexOf('://') + 3));
}

async function readBody(request: Request, limitBytes: number, milliseconds: number): Promise<Uint8Array> {
  if (request.bodyUsed || request.body?.locked === true) {
    throw errorFrom(
      refusal(
        'ERR_RAW_BODY_CONSUMED',
        'A body parser of the application read this request first, and a signature covers the bytes as they were sent. Let Forum SSO answer before anything reads the body, or give it a copy: request.clone() (there is no rawBody here).',
      ),
    );
  }
  if (request.body === null) return new Uint8Array();
  const outcome = await collect(
    request.body,
    request.headers.get('content-length'),
    limitBytes,
    milliseconds,
  );
  if (isRefusal(outcome)) throw errorFrom(outcome);
  return outcome;
}

async function collect(
  body: ReadableStream<Uint8Array>,
  length: string | null,
  limitBytes: number,
  milliseconds: number,
): Promise<Uint8Array | Refusal> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = Number(length);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, milliseconds, 'late');
  });
  try {
    if (size > limitBytes) return bodyTooLarge(limitBytes);
    size = 0;
    for (;;) {
      const next = await Promise.race([reader.read(), late]);
      if (next === 'late') return bodyTooSlow(milliseconds);
      if (next.done) return Buffer.concat(chunks, size);
      size += next.value.byteLength;
      if (size > limitBytes) return bodyTooLarge(limitBytes);
      chunks.push(next.value);
    }
  } catch (cause) {
    return bodyBrokenOff(cause);
  } finally {
    clearTimeout(timer);
    // Of a body that was read whole, nothing is left; of any other, nobody wants the rest.
    reader.cancel().catch(() => {});
  }
}

/** @param own headers that the site's session has set: its cookies stay, ours win over the rest */
function responseOf({ status, headers, body }: SsoReply, own?: Headers): Response {
  const plain = own === undefined ? withoutRepeats(headers) : undefined;
  if (plain !== undefined) return new Response(body ?? null, { status, headers: plain });
  const all = new Headers(own);
  writeHeaders(headerTarget(all), headers);
  return new Response(body ?? null, { status, headers: all });
}

/** Headers in the form that servers take fastest; undefined when a name repeats. */
function withoutRepeats(headers: readonly ReplyHeader[]): Record<string, string> | undefined {
  // With a prototype: without one, V8 keeps it as a hash table, which is slow to make and to read.
  const plain: Record<string, string> = {};
  for (let i = 0; i < headers.length; i++) {
    if (repeats(headers, i)) return undefined;
    const header = headers[i];
    if (header !== undefined) plain[header[0]] = header[1];
  }
  return plain;
}

function headerTarget(headers: Headers): HeaderTarget {
  return {
    getHeader: (name) =>
      name.toLowerCase() === 'set-cookie' ? someOf(headers.getSetCookie()) : (headers.get(name) ?? undefined),
    setHeader(name, value) {
      if (typeof value === 'string') return headers.set(name, value);
      headers.delete(name);
      for (const line of value) headers.append(name, line);
    },
    appendHeader: (name, value) => headers.append(name, value),
  };
}

function someOf(lines: readonly string[]): readonly string[] | undefined {
  return lines.length === 0 ? undefined : lines;
}

/**
 * Puts headers on a response: in place, or on a copy of one that cannot be changed (`Response.redirect`, `fetch`). What
 * the page itself says wins, and its cookies stand last.
 */
function withHeadersOf(response: Response, own: Headers): Response {
  const lines = [...own];
  if (lines.length === 0) return response;
  const answer = changeable(response);
  const { headers } = answer;
  const target = headerTarget(headers);
  const pageCookies = headers.getSetCookie();
  headers.delete('Set-Cookie');
  addHeaders(
    target,
    lines.filter(([name]) => name === 'set-cookie' || !headers.has(name)),
  );
  addHeaders(
    target,
    pageCookies.map((cookie) => ['Set-Cookie', cookie]),
  );
  return answer;
}

function changeable(response: Response): Response {
  try {
    response.headers.delete('Set-Cookie-Probe');
    return response;
  } catch {
    return new Response(response.body, response);
  }
}

function notFound(): Response {
  return new Response('Not found', {
    status: 404,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
  });
}
