import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';

import { type HeaderLine, WireReply } from './reply.js';

/** Milliseconds after which a server that does not answer has failed. */
export const patience = 12_000;

/** One request, to be sent as it stands: nothing is normalised, joined or added but what HTTP needs. */
export interface WireRequest {
  readonly method?: string;
  /** Scheme, host and port of the server. */
  readonly origin: string;
  /** The request target: path and query, sent byte for byte. */
  readonly target: string;
  /** Header lines; names may repeat. `Host` is that of `origin` unless it stands here. */
  readonly headers?: readonly HeaderLine[];
  readonly body?: string | Uint8Array | undefined;
  /** Sends the body in chunks, without telling its length first. */
  readonly chunked?: boolean;
}

/**
 * Sends a request over a connection of its own and reads the answer. All names that end in `.localhost` are this
 * machine.
 * @throws Error when no whole answer has come within {@link patience}
 */
export function sendRequest({
  method = 'GET',
  origin,
  target,
  headers = [],
  body,
  chunked = false,
}: WireRequest): Promise<WireReply> {
  const { hostname, port, host } = new URL(origin);
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const lines: HeaderLine[] = [...headers];
  if (!lines.some(([name]) => name.toLowerCase() === 'host')) lines.unshift(['Host', host]);
  lines.push(['Connection', 'close']);
  if (bytes !== undefined) {
    lines.push(chunked ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(bytes.byteLength)]);
  }
  return new Promise((resolve, reject) => {
    const url = origin + target;
    const outgoing = request({
      hostname: addressOf(hostname),
      port: port === '' ? 80 : port,
      method,
      path: target,
      headers: lines.flat(),
      agent: false,
    });
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`${method} ${url} had no answer within ${patience} ms.`)),
      patience,
    );
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    outgoing.on('error', fail);
    outgoing.on('response', (message: IncomingMessage) => {
      const chunks: Uint8Array[] = [];
      message.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      message.on('error', fail);
      message.on('end', () => {
        clearTimeout(timer);
        resolve(
          new WireReply(url, message.statusCode ?? 0, headerLines(message.rawHeaders), Buffer.concat(chunks)),
        );
      });
    });
    outgoing.end(bytes);
  });
}

/** A connection on which a test writes whatever it likes, whole requests or less. */
export class WireSocket {
  readonly #socket: Socket;
  /** Resolves with all that was received, when the connection is closed by either side. */
  readonly received: Promise<string>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const chunks: Uint8Array[] = [];
    this.received = new Promise((resolve) => {
      socket.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      // A reset is a way to be closed.
      socket.on('error', () => {});
      socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    });
  }

  static open(origin: string): Promise<WireSocket> {
    const { hostname, port } = new URL(origin);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port === '' ? 80 : port), addressOf(hostname), () => {
        socket.off('error', reject);
        resolve(new WireSocket(socket));
      });
      socket.on('error', reject);
    });
  }

  /** Writes bytes, one for each character. */
  write(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  /** Hangs up without a word. */
  abort(): void {
    this.#socket.destroy();
  }
}

function addressOf(hostname: string): string {
  return hostname === 'localhost' || hostname.endsWith('.localhost')
    ? '127.0.0.1'
    : hostname.replace(/^\[(.*)\]$/, '$1');
}

function headerLines(raw: readonly string[]): readonly HeaderLine[] {
  const lines: HeaderLine[] = [];
  for (let i = 0; i < raw.length; i += 2) lines.push([raw[i] ?? '', raw[i + 1] ?? '']);
  return lines;
}
