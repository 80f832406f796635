import { createServer } from 'node:http';

import { createForumSso, type ForumSso, type ForumSsoEvent, type ForumSsoOptions } from '../../src/index.js';
import { nodeRequest, writeReply } from '../../src/node.js';
import type { SiteSession } from '../../src/session/site-session.js';
import type { SiteUser } from '../../src/site-user.js';

/** A site on a real socket. Whoever sends the cookie `who=<id>` is signed in. */
export interface Site {
  readonly origin: string;
  readonly sso: ForumSso;
  readonly events: readonly ForumSsoEvent[];
  /** The site's users, by id; may be changed at any time. */
  readonly users: Map<string, SiteUser>;
  /** Ids of those who signed out. */
  readonly signedOut: readonly string[];
  /** Sends a request to an address below `/sso`. */
  call(path: string, init?: RequestInit & { readonly who?: string }): Promise<Response>;
  close(): Promise<void>;
}

/** Starts a site; its address is known before the connectors are made. */
export async function startSite(
  options: (origin: string) => Pick<ForumSsoOptions, 'connectors'> & Partial<ForumSsoOptions>,
): Promise<Site> {
  const users = new Map<string, SiteUser>();
  const signedOut: string[] = [];
  const events: ForumSsoEvent[] = [];
  let sso: ForumSso | undefined;
  const server = createServer(async (request, response) => {
    const who = /(?:^|; )who=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
    const session: SiteSession = {
      currentUser: async () => users.get(who ?? '') ?? null,
      signIn: async () => undefined,
      signOut: async () => {
        if (who !== undefined) signedOut.push(who);
      },
    };
    const reply = await sso?.handle(nodeRequest(request, request.url ?? '/'), session);
    if (reply === null || reply === undefined) response.writeHead(404).end('nothing here');
    else writeReply(response, reply);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  try {
    sso = createForumSso({
      baseUrl: `${origin}/sso`,
      keys: Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7)).toString('base64'),
      events: (event) => events.push(event),
      findUser: async (id) => users.get(id) ?? null,
      ...options(origin),
    });
  } catch (error) {
    server.close();
    throw error;
  }
  return {
    origin,
    sso,
    events,
    users,
    signedOut,
    call: (path, { who, headers, ...init } = {}) =>
      fetch(`${origin}/sso${path}`, {
        redirect: 'manual',
        ...init,
        headers: {
          ...Object.fromEntries(new Headers(headers)),
          ...(who === undefined ? {} : { Cookie: `who=${who}` }),
        },
      }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
