import { type Environment, type ForumSso, memoryStore } from '@forum-sso/core';

import type { Community, ConnectOptions } from './communities/community.js';
import { communityOf } from './communities/community-of.js';
import { communities as allCommunities } from './communities/index.js';
import { deliveryLog } from './delivery-log.js';
import { demoSecrets } from './demo-secrets.js';
import { createEngine, defaultBaseUrl } from './engine.js';
import { eventLog } from './event-log.js';
import { serveSite } from './frameworks/index.js';
import { freePort } from './free-port.js';
import { fetchEmulators } from './http/fetch-emulators.js';
import { inFront } from './http/in-front.js';
import { startSiteServer } from './http/site-server.js';
import { type OpenNumbers, openNumbers } from './open-numbers.js';
import type { ShownCommunity } from './pages/home-page.js';
import { messagePage } from './pages/message-page.js';
import { passwordGate } from './password-gate.js';
import { createPeople } from './people.js';
import type { Settings } from './settings.js';
import { createSite } from './site.js';

export interface DemoOptions {
  readonly settings: Settings;
  /** Where generated secrets are kept, and the numbers by which other programs know people. */
  readonly secretsFolder: string;
  /** Host names under which browsers see the site and the emulators, by the community's name. Default `localhost`. */
  readonly hostnames?: { readonly site?: string; readonly communities?: Readonly<Record<string, string>> };
  /** Gets one line for each event. */
  readonly log: (line: string) => void;
  /** The clock of the site and of all emulators. */
  readonly now?: () => Date;
}

/** The demo at work. */
export interface StartedDemo {
  /** Where the site is: `http://localhost:3000`. */
  readonly origin: string;
  readonly communities: readonly ShownCommunity[];
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
  now = () => new Date(),
}: DemoOptions): Promise<StartedDemo> {
  const { environment } = settings;
  const secrets = demoSecrets(secretsFolder);
  // The address has to be known before anything can be set up, so the port is taken first.
  const server = await startSiteServer(settings);
  const closers: (() => Promise<void>)[] = [server.close];
  let kept: OpenNumbers | undefined;
  const close = async (): Promise<void> => {
    await Promise.all(closers.map((end) => end()));
    // What still runs may ask for a number.
    await kept?.close();
  };
  try {
    const baseUrl = (
      environment.FORUM_SSO_BASE_URL ?? defaultBaseUrl(hostnames.site ?? 'localhost', server.port)
    ).replace(/\/+$/, '');
    const { origin, pathname } = new URL(baseUrl);
    const basePath = pathname.replace(/\/$/, '');

    const places: Place[] = [];
    /** What the emulators have given out, such as keys. */
    let copied: Environment = {};
    for (const [index, community] of allCommunities.entries()) {
      const { name } = community;
      const place = await findPlace(community, environment, {
        hostname: hostnames.communities?.[name] ?? 'localhost',
        port: settings.communityPort === 0 ? 0 : settings.communityPort + index,
      });
      places.push(place);
      if (place.real) continue;
      const emulator = await community.emulate({
        environment,
        secrets,
        connectorUrl: `${baseUrl}/${name}`,
        callbackUrl: `${server.localOrigin}${basePath}/${name}`,
        port: place.port,
        publicUrl: place.url,
        now,
      });
      closers.push(() => emulator.close());
      copied = { ...copied, ...emulator.variables };
    }
    const people = createPeople({ staffFlags: !places.some(({ real }) => real) });
    kept = await openNumbers(environment, secretsFolder);
    const store = { ...memoryStore({ now }), numbers: kept.numbers };
    const asksPassword = settings.password !== undefined;
    const communities = places.map((place) =>
      connected(place, {
        environment: { ...copied, ...environment },
        ...{ secrets, people, store, asksPassword },
        siteOrigin: origin,
        connectorPath: `${basePath}/${place.community.name}`,
        seamlessLogin: settings.seamlessLogin,
        // Other communities hear at once of what changed at this one.
        accountChanged: (id) => sso.push(id),
      }),
    );
    const deliveries = deliveryLog();
    const printEvent = eventLog(log);
    const sso = createEngine({
      environment,
      baseUrl,
      connectors: communities.map(({ connector }) => connector),
      secrets,
      people,
      store,
      events(event) {
        printEvent(event);
        deliveries.listen(event);
      },
      renderPage: messagePage(communities),
      now,
      fetch: fetchEmulators(communities.filter(({ real }) => !real).map(({ url }) => url)),
    });
    closers.push(() => sso.close(1));
    const site = createSite({
      sso,
      people,
      deliveries,
      communities,
      asksPassword,
      checkPassword: passwordGate(settings.password),
    });
    const served = await serveSite(site, settings.framework);
    closers.push(served.close);
    server.answerWith(inFront(site.first, served.listener));
    if (communities.some(({ real }) => real)) void reportCheck(sso, communities, log);
    return { origin, communities, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Says of real communities whether they answer and accept what the site was given for them. Nothing waits for it. */
async function reportCheck(
  sso: ForumSso,
  communities: readonly ShownCommunity[],
  log: (line: string) => void,
): Promise<void> {
  const { results } = await sso.check();
  for (const result of results.filter(
    ({ connector }) => communityOf(connector, communities)?.real === true,
  )) {
    const notes = result.outcome === 'done' ? result.notes : [];
    const failure =
      result.outcome === 'failed'
        ? `  code=${result.code}  detail=${JSON.stringify(result.error.detail)}`
        : '';
    log(`check.${result.outcome}  ${[result.connector, ...notes].join('  ')}${failure}`);
  }
}

/** Where a community is. */
interface Place {
  readonly community: Community;
  readonly real: boolean;
  readonly url: string;
  /** The emulator's. */
  readonly port: number;
}

async function findPlace(
  community: Community,
  environment: Environment,
  { hostname, port }: { readonly hostname: string; readonly port: number },
): Promise<Place> {
  if (community.isReal(environment)) {
    return { community, real: true, url: community.realUrl(environment), port };
  }
  const chosen = port === 0 ? await freePort('127.0.0.1') : port;
  return { community, real: false, url: `http://${hostname}:${chosen}`, port: chosen };
}

/** A community with its connector, what the site shows of it, and its card. */
function connected({ community, real, url }: Place, options: Omit<ConnectOptions, 'real' | 'url'>) {
  const { environment, connectorPath } = options;
  return {
    ...community.card({ environment, real, url, connectorPath }),
    ...community.connect({ ...options, real, url }),
    name: community.name,
    real,
    url,
  };
}
