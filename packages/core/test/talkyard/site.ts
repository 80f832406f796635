import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';

import { startTalkyardEmulator, type TalkyardEmulator } from '../../../emulators/src/talkyard/index.js';
import type { ForumSsoEvent } from '../../src/events/event.js';
import { createForumSso, type ForumSso } from '../../src/forum-sso.js';
import { answerRequest, nodeRequest } from '../../src/node.js';
import type { ForumSsoOptions } from '../../src/options/forum-sso-options.js';
import type { SiteUser } from '../../src/site-user.js';
import { type TalkyardConnector, type TalkyardOptions, talkyard } from '../../src/talkyard/index.js';

export const apiSecret = 'k3yk3yk3yk3yk3yk3yk3y01';
export const pasetoSecret = `hex:${randomBytes(32).toString('hex')}`;
export const ada: SiteUser = {
  id: 'u-1001',
  email: 'ada@example.com',
  emailVerified: true,
  username: 'ada_l',
  name: 'Ada Lovelace',
};

/** A site with the connector, beside a Talkyard; both real servers. */
export interface TestSite {
  readonly origin: string;
  readonly sso: ForumSso;
  readonly connector: TalkyardConnector;
  readonly community: TalkyardEmulator;
  readonly events: ForumSsoEvent[];
  /** Who is signed in at the site. */
  user: SiteUser | null;
  stopCommunity(): Promise<void>;
  close(): Promise<void>;
}

export async function startSite(
  options: Partial<TalkyardOptions> = {},
  {
    community: communityOptions = {},
    engine = {},
    webhookSecret,
  }: {
    readonly community?: Parameters<typeof startTalkyardEmulator>[0];
    readonly engine?: Partial<ForumSsoOptions>;
    /** Makes the Talkyard call the site's webhook. */
    readonly webhookSecret?: string;
  } = {},
): Promise<TestSite> {
  let sso: ForumSso | undefined;
  const server = createServer(async (message, response) => {
    const answered =
      sso !== undefined &&
      (await answerRequest(sso, nodeRequest(message, message.url ?? ''), response, {
        currentUser: async () => site.user,
        signIn: async (user) => {
          site.user = user;
        },
        signOut: async () => {
          site.user = null;
        },
      }));
    if (!answered) response.writeHead(404).end('not ours');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const origin = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`;
  const community = await startTalkyardEmulator({
    apiSecrets: [apiSecret],
    ...(webhookSecret === undefined
      ? {}
      : { webhook: { url: `${origin}/sso/talkyard/webhook/${webhookSecret}` } }),
    ...communityOptions,
    settings: {
      ssoUrl: `${origin}/sso/talkyard?returnOrigin=\${returnToOrigin}&returnPath=\${returnToPathQueryHash}`,
      ssoLogoutRedirUrl: `${origin}/sso/talkyard/logged-out`,
      ssoPasetoV2LocalSecret: pasetoSecret,
      allowEmbeddingFrom: 'http://localhost:7777',
      ...communityOptions.settings,
    },
  });
  const events: ForumSsoEvent[] = [];
  const connector = talkyard({
    serverUrl: community.origin,
    apiSecret,
    allowEmbeddingFrom: ['http://localhost:7777'],
    ...options,
  });
  sso = createForumSso({
    baseUrl: `${origin}/sso`,
    keys: randomBytes(32).toString('hex'),
    connectors: [connector],
    events: (event) => events.push(event),
    ...engine,
  });
  let communityRuns = true;
  const site: TestSite = {
    origin,
    sso,
    connector,
    community,
    events,
    user: ada,
    async stopCommunity() {
      if (communityRuns) await community.close();
      communityRuns = false;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await site.stopCommunity();
    },
  };
  return site;
}

/** A server of the test's own that answers every request in one way, and remembers them. */
export interface Stub {
  readonly origin: string;
  readonly requests: {
    readonly url: string;
    readonly method: string;
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
  }[];
  close(): Promise<void>;
}

export async function startStub(answer: {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly delayMs?: number;
}): Promise<Stub> {
  const requests: Stub['requests'] = [];
  const server = createServer(async (message, response) => {
    let body = '';
    for await (const chunk of message) body += String(chunk);
    requests.push({ url: message.url ?? '', method: message.method ?? '', headers: message.headers, body });
    await new Promise((resolve) => setTimeout(resolve, answer.delayMs ?? 0));
    response.writeHead(answer.status ?? 200, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  return {
    origin: `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
