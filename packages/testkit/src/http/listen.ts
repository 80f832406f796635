import { createServer, type RequestListener } from 'node:http';

/** A server that runs. */
export interface RunningSite {
  /** Scheme, host and port: `http://127.0.0.1:49152`. */
  readonly origin: string;
  /** Stops at once; open connections are cut. */
  close(): Promise<void>;
}

/**
 * Listens on a free port of this machine. The listener is made afterwards, since it wants to know where it is.
 * @param stop called when the server closes
 */
export async function listenOnFreePort(
  makeListener: (origin: string) => RequestListener | Promise<RequestListener>,
  stop: () => void | Promise<void> = () => {},
): Promise<RunningSite> {
  let listener: RequestListener | undefined;
  const server = createServer((message, response) => listener?.(message, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const close = async (): Promise<void> => {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    await stop();
  };
  try {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The server has no port.');
    const origin = `http://127.0.0.1:${address.port}`;
    listener = await makeListener(origin);
    return { origin, close };
  } catch (error) {
    await close();
    throw error;
  }
}
