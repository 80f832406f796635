import { createServer } from 'node:http';
import { BlockList, isIP } from 'node:net';

import express, { type ErrorRequestHandler, type Express } from 'express';

import { hostGate } from './gates.js';
import { html } from './html.js';
import { HttpError } from './http-error.js';
import { type PageShell, sendPage } from './page.js';
import type { ServerAddress } from './server-address.js';

/** Where an emulator listens; the same three options for all of them. */
export interface ListenOptions {
  /** A loopback address or `localhost`. Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  /** The address people use, when it is not `http://<host>:<port>`: an http(s) origin without a path. */
  readonly publicUrl?: string | undefined;
}

export interface RunningServer extends ServerAddress {
  /** Stops at once: open connections are cut. */
  close(): Promise<void>;
}

/**
 * Starts an Express 5 server for an emulator. `mount` gets the app and the address, which is known only then, and adds
 * the routes. Around them stand: the gate for host names, safe headers, a 404 page and a page for errors.
 * @throws TypeError when `host` is not a loopback address or `publicUrl` is not an origin; the system's error when the
 * port is taken.
 */
export async function startServer(
  { host = '127.0.0.1', port = 0, publicUrl }: ListenOptions,
  shell: PageShell,
  mount: (app: Express, address: ServerAddress) => void,
): Promise<RunningServer> {
  if (!isLoopback(host))
    throw new TypeError(`An emulator listens on a loopback address only, not on "${host}".`);
  const publicOrigin = publicUrl === undefined ? undefined : readOrigin(publicUrl);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Each emulator reads the query as its own product does.
  app.set('query parser', false);
  // Larger than Node's default: products answer themselves when an address is too long for them.
  const server = createServer({ maxHeaderSize: 65_536 }, app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
  const address: ServerAddress = {
    origin:
      publicOrigin ?? `http://${isIP(host) === 6 ? `[${host}]` : host}:${boundPort}`.replace(/:80$/, ''),
    port: boundPort,
  };

  app.use(hostGate(address));
  app.use((_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    next();
  });
  mount(app, address);
  app.use(() => {
    throw new HttpError(404, 'There is nothing at this address.');
  });
  app.use(errorAnswer(shell));

  return {
    ...address,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

function errorAnswer(shell: PageShell): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const status = error instanceof HttpError ? error.status : 500;
    const text = error instanceof HttpError ? error.message : 'Something went wrong in this emulator.';
    if (!(error instanceof HttpError)) console.error(error);
    // Browsers name HTML; programs that take anything get JSON.
    if (request.accepts(['json', 'html']) === 'html') {
      sendPage(response, shell, {
        status,
        title: String(status),
        body: html`<h1>${status}</h1><p>${text}</p>`,
      });
    } else {
      response.status(status).json({ error: text });
    }
  };
}

const loopbackAddresses = new BlockList();
loopbackAddresses.addSubnet('127.0.0.0', 8, 'ipv4');
loopbackAddresses.addAddress('::1', 'ipv6');

function isLoopback(host: string): boolean {
  const family = isIP(host);
  return family === 0 ? host === 'localhost' : loopbackAddresses.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

function readOrigin(publicUrl: string): string {
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  const plain =
    url !== undefined &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.href === `${url.origin}/`;
  if (!plain)
    throw new TypeError('The public URL of an emulator is an http(s) origin without path, query or user.');
  return url.origin;
}
