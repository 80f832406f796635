import { createServer } from 'node:http';

/** A site of somebody else: one page, without any policy. */
export interface ForeignSite {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * @param body HTML of its page
 * @param hostname below `localhost`; below another site's name, browsers count both as the same site
 */
export async function startForeignSite(body: string, hostname = 'foreign.localhost'): Promise<ForeignSite> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(`<!doctype html>${body}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The foreign site has no address.');
  return {
    url: `http://${hostname}:${address.port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
