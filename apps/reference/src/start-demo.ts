import { createServer, type RequestListener, type Server } from 'node:http';
import type { Community } from './communities/community.js';
import { communities as allCommunities } from './communities/index.js';
import { demoSecrets } from './demo-secrets.js';
import { createEngine, defaultBaseUrl } from './engine.js';
import { eventLog } from './event-log.js';
import { freePort } from './free-port.js';
import type { ShownCommunity } from './pages/home-page.js';
import { messagePage } from './pages/message-page.js';
import { passwordGate } from './password-gate.js';
import { createPeople } from './people.js';
import type { Settings } from './settings.js';
import { createSite } from './site.js';

export interface DemoOptions {
  readonly settings: Settings;
  /** Where generated secrets are kept. */
  readonly secretsFolder: string;
  /** Host names under which browsers see the site and the emulators, by the community's name. Default `localhost`. */
  readonly hostnames?: { readonly site?: string; readonly communities?: Readonly<Record<string, string>> };
  /** Gets one line for each event. */
  readonly log: (line: string) => void;
}

/** The demo at work. */
export interface StartedDemo {
  /** Where the site is: `http://localhost:3000`. */
  readonly origin: string;
  readonly communities: readonly (ShownCommunity & { readonly name: string })[];
  /** Ends the site and the emulators; open connections are cut. */
  close(): Promise<void>;
}

/**
 * Starts the emulators that are needed, the engine and the site.
 * @throws the system's error when a port is taken; ForumSsoError `ERR_OPTIONS_INVALID`
 */
export async function startDemo({
  settings,
  secretsFolder,
  hostnames = {},
  log,
}: DemoOptions): Promise<StartedDemo> {
  const { environment } = settings;
  const secrets = demoSecrets(secretsFolder);
  // The address has to be known before anything can be set up, so the port is taken first.
  const site = await listen(settings);
  const closers: (() => Promise<void>)[] = [site.close];
  const close = async (): Promise<void> => {
    await Promise.all(closers.map((end) => end()));
  };
  try {
    const baseUrl = (
      environment.FORUM_SSO_BASE_URL ?? defaultBaseUrl(hostnames.site ?? 'localhost', site.port)
    ).replace(/\/+$/, '');
    const { origin, pathname } = new URL(baseUrl);
    const communities: (ShownCommunity & { readonly name: string; readonly community: Community })[] = [];
    for (const [index, community] of allCommunities.entries()) {
      const { name } = community;
      const real = community.isReal(environment);
      const card = community.card(real, `${pathname.replace(/\/$/, '')}/${name}`);
      if (real) {
        communities.push({ ...card, name, community, real, url: community.realUrl(environment) });
        continue;
      }
      const port =
        settings.communityPort === 0 ? await freePort('127.0.0.1') : settings.communityPort + index;
      const url = `http://${hostnames.communities?.[name] ?? 'localhost'}:${port}`;
      const emulator = await community.emulate({
        environment,
        secrets,
        connectorUrl: `${baseUrl}/${name}`,
        port,
        publicUrl: url,
      });
      closers.push(() => emulator.close());
      communities.push({ ...card, name, community, real, url });
    }
    const people = createPeople({ staffFlags: !communities.some(({ real }) => real) });
    const sso = createEngine({
      environment,
      baseUrl,
      communities,
      secrets,
      people,
      events: eventLog(log),
      renderPage: messagePage(communities),
    });
    site.answerWith(
      createSite({
        sso,
        people,
        communities,
        asksPassword: settings.password !== undefined,
        checkPassword: passwordGate(settings.password),
      }),
    );
    return { origin, communities, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Listening {
  readonly port: number;
  /** Until it is called, requests are answered with 503. */
  answerWith(listener: RequestListener): void;
  close(): Promise<void>;
}

async function listen({ host, port }: Settings): Promise<Listening> {
  let answer: RequestListener = (_request, response) => {
    response.writeHead(503, { 'Retry-After': '1' }).end();
  };
  const server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    answerWith: (listener) => {
      answer = listener;
    },
    close: () => closeServer(server),
  };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
}
