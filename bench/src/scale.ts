import { createHmac, randomBytes } from 'node:crypto';
import { createForumSso, type ForumSso, memoryStore, type SiteSession, type SiteUser } from '@forum-sso/core';
import { discourseConnectProvider, discourseLogin } from '@forum-sso/core/discourse';

import { person } from './login-servers/forum.js';
import { type Candidate, compare, type RowGroup, takeTurns } from './measure.js';

const secret = randomBytes(16).toString('hex');
const baseUrl = 'https://site.example.com/sso';
const times = 100;

function signed(fields: Record<string, string>): string {
  const sso = Buffer.from(new URLSearchParams(fields).toString()).toString('base64');
  const sig = createHmac('sha256', secret).update(sso).digest('hex');
  return `sso=${encodeURIComponent(sso)}&sig=${sig}`;
}

/** What a login costs a site that has become large, beside a small one. */
export const scale: RowGroup = {
  name: 'scale',
  async rows() {
    const clients = await takeTurns([providerLogin(10), providerLogin(1_000)], 41);
    const links = await takeTurns([await callbackLogin(10), await callbackLogin(100_000)], 41);
    return [
      compare("a client's login with 1,000 clients", clients, {
        subject: '1000 clients',
        floor: '10 clients',
        target: { atMost: 1.2 },
      }),
      compare('a login with the forum with 100,000 links', links, {
        subject: '100000 links',
        floor: '10 links',
        target: { atMost: 1.2 },
      }),
    ];
  },
};

function request(url: string, cookie = '') {
  return {
    method: 'GET',
    url,
    headers: { 'sec-fetch-dest': 'document', cookie },
    ip: '127.0.0.1',
    body: async () => new Uint8Array(),
  };
}

const signedIn: SiteSession = {
  currentUser: async () => person,
  signIn: async () => {},
  signOut: async () => {},
};

function measured(name: string, login: () => Promise<void>): Candidate {
  return {
    name,
    turn: async () => {
      const start = process.hrtime.bigint();
      for (let i = 0; i < times; i++) await login();
      return Number(process.hrtime.bigint() - start) / times;
    },
  };
}

async function mustRedirect(sso: ForumSso, ...args: Parameters<ForumSso['handle']>) {
  const reply = await sso.handle(...args);
  if (reply?.status !== 302) throw new Error(`A login was answered with ${reply?.status}.`);
  return reply;
}

/** Half of the clients are plain hosts, half are patterns; the one that logs in is among the last. */
function providerLogin(count: number): Candidate {
  const others = Array.from({ length: count - 1 }, (_, index) => ({
    domain: index % 2 === 0 ? `client-${index}.example.org` : `*.group-${index}.example.org`,
    secret: randomBytes(16).toString('hex'),
  }));
  const sso = createForumSso({
    baseUrl,
    keys: randomBytes(32).toString('base64'),
    connectors: [
      discourseConnectProvider({
        clients: [...others, { domain: 'wiki.example.com', secret }],
        numberOf: ({ id }) => Number(id),
        siteUserOf: String,
      }),
    ],
  });
  const question = {
    nonce: 'cb68251eefb5211e58c00ff1395f0c0b',
    return_sso_url: 'https://wiki.example.com/login',
  };
  const url = `/session/sso_provider?${signed(question)}`;
  return measured(`${count} clients`, async () => {
    await mustRedirect(sso, request(url), signedIn);
  });
}

/** The whole way: out to the forum and back, in one browser. */
async function callbackLogin(count: number): Promise<Candidate> {
  const store = memoryStore();
  for (let i = 1; i <= count; i++) await store.links?.link('discourse-login', String(i), `user-${i}`);
  const findSiteUser = async (): Promise<SiteUser> => person;
  const sso = createForumSso({
    baseUrl,
    keys: randomBytes(32).toString('base64'),
    store,
    connectors: [
      discourseLogin({
        forumUrl: 'https://forum.example.com',
        secret,
        findSiteUser,
        createSiteUser: findSiteUser,
      }),
    ],
  });
  return measured(`${count} links`, async () => {
    const start = await mustRedirect(sso, request('/sso/discourse-login/start'), signedIn);
    const headers = new Map(start.headers);
    const sent = new URL(headers.get('Location') ?? '').searchParams.get('sso') ?? '';
    const question = Object.fromEntries(new URLSearchParams(Buffer.from(sent, 'base64').toString()));
    const answer = signed({
      ...question,
      external_id: String(count),
      username: 'sam',
      email: 'sam@example.com',
    });
    const cookie = headers.get('Set-Cookie')?.split(';')[0] ?? '';
    await mustRedirect(sso, request(`/sso/discourse-login/callback?${answer}`, cookie), signedIn);
  });
}
