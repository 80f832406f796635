import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One webhook as it arrived. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  /** As sent, in order. */
  readonly rawHeaders: readonly (readonly [name: string, value: string])[];
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly event: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** What the receiver answers: a status, or nothing at all. */
export type Reply = number | 'reset' | 'silence';

/** A real server that webhooks are sent to. */
export class Receiver {
  readonly received: Received[] = [];
  /** What it answers; asked for each webhook. */
  answer: (webhook: Received) => Reply | Promise<Reply> = () => 200;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', async () => {
        const body = Buffer.concat(chunks);
        const webhook: Received = {
          method: request.method ?? '',
          url: request.url ?? '',
          httpVersion: request.httpVersion,
          rawHeaders: pairs(request.rawHeaders),
          headers: request.headers,
          body,
          event: String(request.headers['x-discourse-event']),
          json: JSON.parse(body.toString('utf8')),
        };
        this.received.push(webhook);
        const reply = await this.answer(webhook);
        if (reply === 'reset') request.socket.destroy();
        else if (reply !== 'silence') {
          response.writeHead(reply, { 'x-receiver': 'test', location: 'http://127.0.0.1:9/elsewhere' });
          response.end(`received ${webhook.event}`);
        }
      });
    });
  }

  /** @returns the address for the payload URL */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    return `http://127.0.0.1:${isAddress(address) ? address.port : 0}/hook?from=forum`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  events(): readonly string[] {
    return this.received.map(({ event }) => event);
  }
}

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

function pairs(raw: readonly string[]): readonly (readonly [string, string])[] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) list.push([raw[i] ?? '', raw[i + 1] ?? '']);
  return list;
}
