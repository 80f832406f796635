import { createHash } from 'node:crypto';

import { type ForumSsoStore, memoryStore, type ReplyHeader } from '@forum-sso/core';

import { communities } from '../../src/communities/index.js';
import { deliveryLog } from '../../src/delivery-log.js';
import { createEngine } from '../../src/engine.js';
import { type Framework, serveSite } from '../../src/frameworks/index.js';
import { inFront } from '../../src/http/in-front.js';
import { startSiteServer } from '../../src/http/site-server.js';
import { createPeople } from '../../src/people.js';
import { createSite, type Site } from '../../src/site.js';

/** The same for each site, so that their answers can be compared. */
const secrets = { read: testSecret };

/** A secret of the site. */
export function testSecret(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

/** Where the site takes a community to be; nothing is there. */
export function communityUrl(name: string): string {
  return `http://localhost:${communities.findIndex((community) => community.name === name) + 1}`;
}

const unreadable = (): Error => new Error('The database at 10.0.0.1 does not answer.');

/** The site alone, without emulators. */
export interface TestSite {
  readonly framework: Framework;
  readonly origin: string;
  close(): Promise<void>;
}

const cookies: readonly ReplyHeader[] = [
  ['Set-Cookie', 'first=1; Path=/'],
  ['Set-Cookie', 'second=2; Path=/'],
];

/**
 * Serves the site by a framework. Some of it behaves otherwise: dave's account cannot be read, and any page fails
 * (`?fail`) or sets cookies of its own (`?cookies`) when its query says so.
 */
export async function startTestSite(framework: Framework): Promise<TestSite> {
  const server = await startSiteServer({ host: '127.0.0.1', port: 0 });
  const origin = `http://localhost:${server.port}`;
  const people = createPeople({ staffFlags: true });
  const store: ForumSsoStore = {
    ...memoryStore(),
    numbers: { numberOf: async () => 1, siteUserOf: async () => 'demo-alice' },
  };
  const own = {
    ...{ environment: {}, real: false, siteOrigin: origin, secrets, people, store },
    asksPassword: false,
    seamlessLogin: false,
    accountChanged: async () => {},
  };
  const shown = communities.map((community) => {
    const { name } = community;
    const options = { ...own, url: communityUrl(name), connectorPath: `/sso/${name}` };
    return {
      ...community.card(options),
      ...community.connect(options),
      name,
      real: false,
      url: options.url,
    };
  });
  const sso = createEngine({
    environment: {},
    baseUrl: `${origin}/sso`,
    connectors: shown.map(({ connector }) => connector),
    secrets,
    store,
    people: {
      ...people,
      byId: (id) => (id === 'demo-dave' ? Promise.reject(unreadable()) : people.byId(id)),
    },
  });
  const site = createSite({
    sso,
    people,
    deliveries: deliveryLog(),
    communities: shown,
    asksPassword: false,
    checkPassword: () => 'right',
  });
  const answer: Site['answer'] = async (route, request) => {
    if (request.query.has('fail')) throw unreadable();
    const reply = await site.answer(route, request);
    return request.query.has('cookies') ? { ...reply, headers: [...reply.headers, ...cookies] } : reply;
  };
  const served = await serveSite({ ...site, answer }, framework);
  server.answerWith(inFront(site.first, served.listener));
  return {
    framework,
    origin,
    async close() {
      await Promise.all([served.close(), server.close()]);
    },
  };
}
