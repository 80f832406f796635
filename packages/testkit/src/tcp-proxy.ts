import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A TCP server in front of another one, through which faults of the network can be made. */
export interface TcpProxy {
  readonly port: number;
  /** The given URL with this proxy as its host and port. */
  urlFor(url: string): string;
  /** How many connections it holds. */
  connections(): number;
  /** Breaks all connections, and new ones at once, as when the server is gone. */
  cut(): void;
  /** Takes everything and passes nothing on, in either direction, as when packets get lost. */
  stall(): void;
  /** Passes every piece on only after so many milliseconds, in order. */
  delay(ms: number): void;
  /** Ends every fault; what was held back by a stall goes on its way. */
  heal(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** Starts a proxy on a free port of 127.0.0.1. */
export async function startTcpProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let gone = false;
  let stalled = false;
  let delayMs = 0;

  const listener = createServer((client) => {
    // It goes on listening: a port that is given back may be somebody else's when it is wanted again.
    if (gone) {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const server = connect(target);
    const pair: Pair = { client, server };
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.on('error', end);
      socket.on('close', end);
    }
    passOn(client, server, () => delayMs);
    passOn(server, client, () => delayMs);
    if (stalled) pausePair(pair);
  });
  const port = await listen(listener, 0);

  return {
    port,
    urlFor(url) {
      const changed = new URL(url);
      changed.hostname = '127.0.0.1';
      changed.port = String(port);
      return changed.href;
    },
    connections: () => pairs.size,
    cut() {
      gone = true;
      for (const { client, server } of pairs) {
        client.resetAndDestroy();
        server.destroy();
      }
    },
    stall() {
      stalled = true;
      for (const pair of pairs) pausePair(pair);
    },
    delay(ms) {
      delayMs = ms;
    },
    heal() {
      gone = false;
      stalled = false;
      delayMs = 0;
      for (const { client, server } of pairs) {
        client.resume();
        server.resume();
      }
    },
    async close() {
      for (const { client, server } of pairs) {
        client.destroy();
        server.destroy();
      }
      listener.close();
      await once(listener, 'close');
    },
  };
}

function pausePair({ client, server }: Pair): void {
  client.pause();
  server.pause();
}

function passOn(from: Socket, to: Socket, delayMs: () => number): void {
  let before: Promise<void> | undefined;
  from.on('data', (chunk) => {
    const due = Date.now() + delayMs();
    if (before === undefined && due <= Date.now()) {
      to.write(chunk);
      return;
    }
    const step = (before ?? Promise.resolve()).then(async () => {
      await sleep(due - Date.now());
      if (!to.destroyed) to.write(chunk);
      if (before === step) before = undefined;
    });
    before = step;
  });
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  return address.port;
}
