import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { createContext, runInContext } from 'node:vm';

import type { ForumSsoEvent } from '../../src/events/event.js';
import { createForumSso, type ForumSso } from '../../src/forum-sso.js';
import { type FruumConnector, type FruumOptions, fruum, fruumPageHeaders } from '../../src/fruum/index.js';
import { addHeaders, answerRequest, nodeRequest } from '../../src/node.js';
import type { SiteUser } from '../../src/site-user.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { ForumSsoStore } from '../../src/store/store.js';

export const secret = randomBytes(32).toString('hex');

export const alice: SiteUser = {
  id: 'u-1',
  email: 'alice@site.example.com',
  emailVerified: true,
  username: 'alice',
  name: 'Alice Example',
};

/** The value that a page hands to Fruum. */
export interface Payload {
  readonly id: string;
  readonly hash: string;
}

/** A site with a Fruum forum, on a real port. The person is who the header `x-person` says. */
export interface Site {
  readonly origin: string;
  readonly authUrl: string;
  readonly sso: ForumSso;
  readonly connector: FruumConnector;
  readonly events: ForumSsoEvent[];
  /** The accounts; a test changes them as it likes. */
  readonly accounts: Map<string, SiteUser>;
  /** Moves the site's clock. */
  wait(seconds: number): void;
  now(): Date;
  /** What the page of a person sets as `fruumSettings`. */
  settings(person?: string): Promise<Record<string, unknown> & { readonly user?: Payload }>;
  post(path: string, body: string | Uint8Array, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

export async function startSite(
  options: Partial<FruumOptions> = {},
  { store, deadFindUser = false }: { readonly store?: ForumSsoStore; readonly deadFindUser?: boolean } = {},
): Promise<Site> {
  let offset = 0;
  const now = (): Date => new Date(Date.now() + offset);
  const events: ForumSsoEvent[] = [];
  const accounts = new Map([[alice.id, alice]]);
  const person = (request: IncomingMessage): SiteUser | null =>
    accounts.get(String(request.headers['x-person'] ?? '')) ?? null;

  const server = createServer((request, response) => {
    void (async () => {
      const url = request.url ?? '/';
      const session = {
        currentUser: async () => person(request),
        signIn: async () => {},
        signOut: async () => {},
      };
      if (url === '/community') {
        addHeaders(response, fruumPageHeaders);
        response.end(`<div id="forum"></div>${await connector.embed(person(request))}`);
      } else if (
        !(await answerRequest(sso, nodeRequest(request, url, { bodySeconds: 1 }), response, session))
      ) {
        response.writeHead(404).end();
      }
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;

  const connector = fruum({ forumId: 'myforum', secret, fruumUrl: 'http://localhost:4004', ...options });
  const sso = createForumSso({
    baseUrl: `${origin}/sso`,
    keys: randomBytes(32).toString('base64'),
    connectors: [connector],
    findUser: deadFindUser ? () => new Promise(() => {}) : async (id) => accounts.get(id) ?? null,
    store: store ?? memoryStore({ now }),
    events: (event) => events.push(event),
    now,
  });

  return {
    origin,
    authUrl: `${origin}/sso/fruum/auth`,
    sso,
    connector,
    events,
    accounts,
    now,
    wait(seconds) {
      offset += seconds * 1_000;
    },
    async settings(id) {
      const answer = await fetch(`${origin}/community`, {
        headers: id === undefined ? {} : { 'x-person': id },
      });
      const [, script = ''] = /<script>([\s\S]*?)<\/script>/.exec(await answer.text()) ?? [];
      const window: { fruumSettings?: object; addEventListener(): void } = { addEventListener: () => {} };
      const globals = {
        window,
        document: { addEventListener: () => {} },
        setTimeout: () => 0,
        clearTimeout: () => {},
      };
      runInContext(script, createContext(globals));
      return JSON.parse(JSON.stringify({ ...window.fruumSettings, app_id: 'myforum' }));
    },
    post: (path, body, headers = {}) => fetch(origin + path, { method: 'POST', body, headers }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
