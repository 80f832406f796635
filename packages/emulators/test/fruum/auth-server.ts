import { createServer } from 'node:http';
import type { Socket } from 'node:net';

/** One scripted reply of an auth endpoint. */
export interface ScriptedReply {
  readonly status?: number;
  readonly contentType?: string | null;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Cuts the connection instead. */
  readonly reset?: boolean;
  /** Never answers. */
  readonly hang?: boolean;
}

/** What arrived at the endpoint, `host` removed. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export interface AuthServer {
  readonly origin: string;
  readonly received: ReceivedRequest[];
  /** The reply from now on. */
  reply: ScriptedReply;
  close(): Promise<void>;
}

/** A real server on a free port that answers whatever it was told to. */
export async function startAuthServer(reply: ScriptedReply = { body: '{}' }): Promise<AuthServer> {
  const received: ReceivedRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    request.on('end', () => {
      const { host: _host, ...headers } = request.headers;
      received.push({
        method: request.method ?? '',
        path: request.url ?? '',
        headers,
        body: Buffer.concat(chunks).toString(),
      });
      const {
        status = 200,
        contentType = 'application/json',
        body = '',
        headers: more = {},
        reset,
        hang,
      } = running.reply;
      if (hang === true) return;
      if (reset === true) {
        request.socket.destroy();
        return;
      }
      response.statusCode = status;
      if (contentType !== null) response.setHeader('Content-Type', contentType);
      for (const [name, value] of Object.entries(more)) response.setHeader(name, value);
      response.end(body);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const running: AuthServer = {
    origin: `http://127.0.0.1:${port}`,
    received,
    reply,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return running;
}
