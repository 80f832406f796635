import { Server } from 'node:http';

import type { RunningSite } from '../http/listen.js';

/** Catches the server that a program starts, and lets it listen on a free port instead. */
export async function serverStartedBy(start: () => Promise<unknown>): Promise<RunningSite> {
  const [site] = await serversStartedBy(start);
  if (site === undefined) throw new Error('The program starts no server.');
  return site;
}

/** Catches the servers that a program starts, if it does, and lets each listen on a free port instead. */
export async function serversStartedBy(start: () => Promise<unknown>): Promise<readonly RunningSite[]> {
  const { listen } = Server.prototype;
  const started = new Set<Server>();
  Object.defineProperty(Server.prototype, 'listen', {
    configurable: true,
    writable: true,
    value(this: Server, ...given: readonly unknown[]) {
      started.add(this);
      const listening = given.filter((argument) => typeof argument === 'function');
      return Reflect.apply(listen, this, [0, '127.0.0.1', ...listening]);
    },
  });
  try {
    await start();
  } finally {
    Reflect.deleteProperty(Server.prototype, 'listen');
  }
  return Promise.all([...started].map(runningSite));
}

async function runningSite(server: Server): Promise<RunningSite> {
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
