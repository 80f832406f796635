import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';

/** A server that listens before there is anything to answer with. */
export interface SiteServer {
  readonly port: number;
  /** Where programs on this machine reach it, whatever its public address is: `http://127.0.0.1:3000`. */
  readonly localOrigin: string;
  /** Until it is called, requests are answered with 503. */
  answerWith(listener: RequestListener): void;
  /** Ends it; open connections are cut. */
  close(): Promise<void>;
}

/** @throws the system's error when the port is taken or the host is no address of this machine */
export async function startSiteServer({
  host,
  port,
}: {
  readonly host: string;
  readonly port: number;
}): Promise<SiteServer> {
  let answer: RequestListener = (_request, response) => {
    response.writeHead(503, { 'Retry-After': '1' }).end();
  };
  const server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no address.');
  return {
    port: address.port,
    localOrigin: localOrigin(address),
    answerWith: (listener) => {
      answer = listener;
    },
    close: () => closeServer(server),
  };
}

function localOrigin({ address, port }: AddressInfo): string {
  if (address === '0.0.0.0') return `http://127.0.0.1:${port}`;
  if (address === '::') return `http://[::1]:${port}`;
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
}
