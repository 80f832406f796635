import type { IncomingMessage } from 'node:http';
import { types } from 'node:util';

import { errorFrom, isRefusal, type Refusal, refusal } from './errors.js';
import type { ForumSso } from './forum-sso.js';
import { bodyBrokenOff, bodyTooLarge, bodyTooSlow } from './http/body-refusals.js';
import { isNamed, repeats } from './http/header-names.js';
import type { ReplyHeader, SsoReply } from './http/reply.js';
import type { SsoRequest } from './http/request.js';
import { type PageForum, pageForum } from './session/page-forum.js';
import type { SiteSession } from './session/site-session.js';

export { type PageForum, pageForum } from './session/page-forum.js';
export { type SiteCallbacks, siteSessions } from './session/site-callbacks.js';

/** How {@link nodeRequest} reads bodies. */
export interface NodeRequestOptions {
  /**
   * The object on which the application's own parser may have left the raw bytes, as `rawBody` or as `body`: the
   * framework's request. Default: Node's message itself.
   */
  readonly parsed?: object | undefined;
  /** Seconds within which a body must have arrived whole. Default 10. */
  readonly bodySeconds?: number | undefined;
}

/** Where headers of an answer go: Node's response, or what a framework has in its place. */
export interface HeaderTarget {
  getHeader(name: string): number | string | readonly string[] | undefined;
  setHeader(name: string, value: string | readonly string[]): unknown;
  /** Adds one more line of that name. */
  appendHeader(name: string, value: string): unknown;
}

/** Where an answer goes: Node's response, or what a framework has in its place. */
export interface ReplyTarget extends HeaderTarget {
  statusCode: number;
  /** Sends the answer, once; without a body when there is none. */
  end(body?: string | Uint8Array): unknown;
}

/** Milliseconds for which the rest of a refused body is let through unread; then the connection is cut. */
const lingerMilliseconds = 2_000;

/**
 * A request of Node's `http` server, as the engine takes it. Nothing is copied or read before it is asked for.
 * Headers are as Node has them: repeated ones are joined, and of those that may stand only once the first counts.
 *
 * @param url the path and query as they were received, not rewritten by a mount point: `originalUrl` in most frameworks
 */
export function nodeRequest(
  message: IncomingMessage,
  url: string,
  options: NodeRequestOptions = {},
): SsoRequest {
  return new NodeRequest(message, url, options);
}

// A class, since it is made for every request: V8 gives an object literal with accessors a shape of its own each time,
// which costs a microsecond, and more when it is collected.
class NodeRequest implements SsoRequest {
  readonly method: string;
  readonly url: string;
  readonly #message: IncomingMessage;
  readonly #options: NodeRequestOptions;
  #body: Promise<Uint8Array> | undefined;

  constructor(message: IncomingMessage, url: string, options: NodeRequestOptions) {
    this.method = message.method ?? '';
    this.url = url;
    this.#message = message;
    this.#options = options;
  }

  get headers(): SsoRequest['headers'] {
    return this.#message.headers;
  }

  get ip(): string | undefined {
    return this.#message.socket.remoteAddress;
  }

  async body(limitBytes: number): Promise<Uint8Array> {
    const { parsed = this.#message, bodySeconds = 10 } = this.#options;
    this.#body ??= readBody(this.#message, parsed, limitBytes, bodySeconds * 1_000);
    const bytes = await this.#body;
    if (bytes.byteLength > limitBytes) throw errorFrom(bodyTooLarge(limitBytes));
    return bytes;
  }
}

/**
 * Writes a reply whole and ends the response. A header that the application has set before gives way to ours, so
 * that nothing of ours is ever cached; its cookies, and what it said in `Vary`, stay.
 */
export function writeReply(response: ReplyTarget, { status, headers, body }: SsoReply): void {
  response.statusCode = status;
  writeHeaders(response, headers);
  if (body === undefined) response.end();
  else response.end(body);
}

/** The headers of {@link writeReply}, for an answer that is sent in another way. */
export function writeHeaders(response: HeaderTarget, headers: readonly ReplyHeader[]): void {
  const cookies: string[] = [];
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i];
    if (header === undefined) continue;
    const [name, value] = header;
    if (isNamed(name, 'set-cookie')) cookies.push(value);
    else if (isNamed(name, 'vary') || repeats(headers, i)) response.appendHeader(name, value);
    else response.setHeader(name, value);
  }
  addCookies(response, cookies);
}

/**
 * Adds the headers of a page visit to a page's answer. A cookie replaces one of the same name, so that the last word
 * within one answer holds.
 */
export function addHeaders(response: HeaderTarget, headers: readonly ReplyHeader[]): void {
  const cookies: string[] = [];
  for (const [name, value] of headers) {
    if (isNamed(name, 'set-cookie')) cookies.push(value);
    else response.appendHeader(name, value);
  }
  addCookies(response, cookies);
}

/**
 * Answers a request if it is for us.
 * @returns false when the address is not ours and the application goes on
 */
export async function answerRequest(
  sso: ForumSso,
  request: SsoRequest,
  response: ReplyTarget,
  session: SiteSession | undefined,
): Promise<boolean> {
  const reply = await sso.handle(request, session);
  if (reply === null) return false;
  writeReply(response, reply);
  return true;
}

/**
 * What a page needs to know of its visitor, as `req.forum` or `ctx.state.forum`. Cookies go on the response at once.
 *
 * @returns null when the visitor was answered already (silent login) and the page is not to be shown
 * @throws ForumSsoError `ERR_SITE_CALLBACK_FAILED`, `ERR_STORE_UNAVAILABLE` or `ERR_SITE_USER_INVALID`
 */
export async function openPage(
  sso: ForumSso,
  request: SsoRequest,
  response: ReplyTarget,
  session: SiteSession | undefined,
): Promise<PageForum | null> {
  const visit = await sso.visit(request, session);
  addHeaders(response, visit.headers);
  if (visit.reply === null) return pageForum(visit, (headers) => addHeaders(response, headers));
  writeReply(response, visit.reply);
  return null;
}

/** All at once: Node looks through every line each time that the header is set. */
function addCookies(response: HeaderTarget, cookies: readonly string[]): void {
  if (cookies.length === 0) return;
  const before = response.getHeader('Set-Cookie') ?? [];
  const lines: string[] = typeof before === 'object' ? [...before] : [String(before)];
  for (const cookie of cookies) {
    const name = cookie.slice(0, cookie.indexOf('=') + 1);
    for (let i = lines.length - 1; i >= 0; i--) if (lines[i]?.startsWith(name) === true) lines.splice(i, 1);
    lines.push(cookie);
  }
  response.setHeader('Set-Cookie', lines);
}

async function readBody(
  message: IncomingMessage,
  parsed: object,
  limitBytes: number,
  milliseconds: number,
): Promise<Uint8Array> {
  const kept = keptBody(parsed);
  if (kept !== undefined) return kept;
  if (message.readableDidRead || message.readableEncoding !== null) {
    throw errorFrom(
      refusal(
        'ERR_RAW_BODY_CONSUMED',
        'A body parser of the application read this request first, and a signature covers the bytes as they were sent. Mount Forum SSO in front of the parser, or let the parser keep the bytes as "rawBody": express.json({ verify: (req, res, bytes) => { req.rawBody = bytes; } }).',
      ),
    );
  }
  if (message.readableEnded) return new Uint8Array();
  if (message.destroyed) throw errorFrom(bodyBrokenOff());
  if (Number(message.headers['content-length']) > limitBytes) {
    discardRest(message);
    throw errorFrom(bodyTooLarge(limitBytes));
  }
  return collect(message, limitBytes, milliseconds);
}

function keptBody(parsed: object): Uint8Array | undefined {
  if ('rawBody' in parsed && types.isUint8Array(parsed.rawBody)) return parsed.rawBody;
  if ('body' in parsed && types.isUint8Array(parsed.body)) return parsed.body;
  return undefined;
}

function collect(message: IncomingMessage, limitBytes: number, milliseconds: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const onData = (chunk: Uint8Array): void => {
      size += chunk.byteLength;
      chunks.push(chunk);
      if (size > limitBytes) finish(bodyTooLarge(limitBytes));
    };
    const onEnd = (): void => finish(Buffer.concat(chunks, size));
    const onBreak = (): void => finish(bodyBrokenOff());
    const timer = setTimeout(() => {
      finish(bodyTooSlow(milliseconds));
    }, milliseconds);
    const finish = (outcome: Uint8Array | Refusal): void => {
      clearTimeout(timer);
      message.off('data', onData).off('end', onEnd).off('error', onBreak).off('close', onBreak);
      if (isRefusal(outcome)) {
        discardRest(message);
        reject(errorFrom(outcome));
      } else {
        resolve(outcome);
      }
    };
    message.on('data', onData).on('end', onEnd).on('error', onBreak).on('close', onBreak).resume();
  });
}

/**
 * Lets the rest of a refused body pass unread for a moment: a sender that is cut off at once would see a reset
 * connection and never our answer.
 */
function discardRest(message: IncomingMessage): void {
  if (message.destroyed) return;
  const timer = setTimeout(() => message.destroy(), lingerMilliseconds);
  message.once('close', () => clearTimeout(timer));
  // That the sender breaks off concerns nobody any more, but an error without a listener would end the process.
  message.on('error', () => {}).resume();
}
