import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { discourseConnectProvider, type SyncedPerson } from '../../../src/discourse/index.js';
import { createForumSso } from '../../../src/forum-sso.js';
import { answerRequest, nodeRequest } from '../../../src/node.js';
import type { SiteUser } from '../../../src/site-user.js';
import { memoryStore } from '../../../src/store/memory-store.js';

/**
 * What MediaWiki and WordPress really send, byte for byte over a socket, and our answers read as their code reads them:
 * with what they check, what they decode twice, and what they cannot do without.
 */
interface Recorded {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  /** Came by a redirect in a browser; else a program sent it, with these headers. */
  readonly browser?: boolean;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}
const recorded: {
  readonly secrets: Readonly<Record<'wiki' | 'blog' | 'authority', string>>;
  readonly apiKey: string;
  readonly requests: readonly Recorded[];
} = JSON.parse(
  readFileSync(new URL('../../../../testkit/vectors/discourse-clients.json', import.meta.url), 'utf8'),
);

const alice: SiteUser = {
  id: 'uuid-alice',
  email: 'alice+wiki@example.com',
  emailVerified: true,
  username: 'alice',
  name: 'Alice ~ & ü <b>',
  admin: true,
  groups: ['editors', 'a&b'],
};
const ids = ['uuid-alice'];
const state: { user: SiteUser | null; synced: SyncedPerson[]; ended: string[] } = {
  user: null,
  synced: [],
  ended: [],
};

const sso = createForumSso({
  baseUrl: 'http://127.0.0.1:8501/sso',
  keys: randomBytes(32).toString('base64'),
  store: memoryStore(),
  findUser: async (id) =>
    id === alice.id ? alice : { id, email: 'ann@example.com', emailVerified: true, username: 'ann' },
  endSessions: async (id) => {
    state.ended.push(id);
  },
  connectors: [
    discourseConnectProvider({
      clients: [
        { domain: '127.0.0.2', secret: recorded.secrets.wiki },
        { domain: '127.0.0.3', secret: recorded.secrets.blog, returnUrls: ['http://127.0.0.3:8503/*'] },
        { domain: '127.0.0.4', secret: recorded.secrets.authority },
      ],
      apiKey: recorded.apiKey,
      numberOf: ({ id }) => (ids.includes(id) ? ids.indexOf(id) : ids.push(id) - 1) + 3,
      siteUserOf: (number) => ids[number - 3] ?? null,
      authority: {
        domain: '127.0.0.4',
        flavour: 'wordpress',
        acceptEmail: true,
        applyUser: async (person) => {
          state.synced.push(person);
          return { id: 'uuid-ann', email: person.email ?? '', emailVerified: true, username: 'ann' };
        },
      },
    }),
  ],
});

let server: Server;
let port = 0;
beforeAll(async () => {
  const session = {
    currentUser: async () => state.user,
    signIn: async () => {},
    signOut: async () => {
      state.user = null;
    },
  };
  server = createServer((request, response) => {
    void answerRequest(sso, nodeRequest(request, request.url ?? '/'), response, session).then((answered) => {
      if (!answered) response.writeHead(404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  port = address.port;
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve).closeAllConnections());
  await sso.close();
});
beforeEach(() => {
  Object.assign(state, { user: alice, synced: [], ended: [] });
});

/** Sends what was recorded, as it was recorded. */
async function send(name: string): Promise<{ status: number; location: string; body: string }> {
  const request = recorded.requests.find((each) => each.name === name);
  if (request === undefined) throw new Error(`"${name}" was not recorded.`);
  const { method, target, headers = [['host', '127.0.0.1:8501']], body = '', browser } = request;
  const lines = [...headers, ...(browser === true ? [['sec-fetch-dest', 'document']] : [])];
  const chunked = headers.some(([key]) => key === 'transfer-encoding');
  const received = await new Promise<string>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => {
      const head = [`${method} ${target} HTTP/1.1`, ...lines.map(([key, value]) => `${key}: ${value}`)];
      socket.write(`${head.join('\r\n')}\r\n\r\n${chunked ? '0\r\n\r\n' : body}`);
      // The wiki keeps its connection; the end of ours ends the answer's wait.
      socket.end();
    });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });
  const answer = received.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]),
    location: /^location: (.*)$/im.exec(answer)?.[1]?.trim() ?? '',
    body: answer.slice(answer.indexOf('\r\n\r\n') + 4),
  };
}

const nonceOf = (name: string): string => {
  const target = recorded.requests.find((each) => each.name === name)?.target ?? '';
  const sent = new URL(target, 'http://127.0.0.1').searchParams.get('sso') ?? '';
  return new URLSearchParams(Buffer.from(sent, 'base64').toString()).get('nonce') ?? '';
};

/** `Sso::validateAndUnpackCredentials` of the wiki's extension. */
function readAsWiki(location: string, nonce: string) {
  const { searchParams } = new URL(location);
  const packed = searchParams.get('sso') ?? '';
  expect(searchParams.get('sig')).toBe(
    createHmac('sha256', recorded.secrets.wiki).update(packed).digest('hex'),
  );
  expect(packed).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
  const fields = new URLSearchParams(Buffer.from(packed, 'base64').toString());
  expect(fields.get('nonce')).toBe(nonce);
  if (fields.get('failed') === 'true') return { failed: true, keys: [...fields.keys()].sort() };
  return {
    id: Number.parseInt(fields.get('external_id') ?? '', 10),
    username: fields.get('username'),
    name: fields.get('name') ?? '',
    email: fields.get('email'),
    groups: fields.get('groups')?.split(','),
    admin: fields.get('admin') === 'true',
    moderator: fields.get('moderator') === 'true',
  };
}

/** `Client::get_sso_response` and `is_valid_signature` of wp-discourse, which undo the escaping once more each. */
function readAsBlog(location: string) {
  const { searchParams } = new URL(location);
  const raw = searchParams.get('sso') ?? '';
  const decodedAgain = decodeURIComponent(raw.replaceAll('+', ' '));
  expect(searchParams.get('sig')).toBe(
    createHmac('sha256', recorded.secrets.blog).update(decodedAgain).digest('hex'),
  );
  const fields = [...new URLSearchParams(Buffer.from(raw, 'base64').toString())];
  return Object.fromEntries(fields.map(([key, value]) => [key, decodeURIComponent(value)]));
}

describe('the wiki', () => {
  test('logs somebody in', async () => {
    const { status, location } = await send('wiki: log in');
    expect(status).toBe(302);
    expect(location.startsWith('http://127.0.0.2:8502/index.php?title=Special:PluggableAuthLogin&sso=')).toBe(
      true,
    );
    expect(readAsWiki(location, nonceOf('wiki: log in'))).toEqual({
      id: 3,
      username: 'alice',
      name: 'Alice ~ & ü <b>',
      email: 'alice+wiki@example.com',
      groups: ['editors', 'a&b'],
      admin: true,
      moderator: false,
    });
  });

  test.each<[string, SiteUser | null]>([
    ['nobody', null],
    ['somebody without a verified address', { ...alice, emailVerified: false }],
    ['somebody suspended', { ...alice, suspended: true }],
  ])('asks quietly who is there: %s', async (_who, user) => {
    state.user = user;
    const { status, location } = await send('wiki: is anybody signed in?');
    expect(status).toBe(302);
    expect(readAsWiki(location, nonceOf('wiki: is anybody signed in?'))).toEqual({
      failed: true,
      keys: ['failed', 'nonce', 'prompt', 'return_sso_url'],
    });
  });

  test('logs out, and has the session ended before it shows its page', async () => {
    const { status, location } = await send('wiki: log out, then return');
    expect(status).toBe(302);
    expect(location).toBe('http://127.0.0.2:8502/index.php?title=Special:UserLogout&returnto=Main_Page');
    expect(state.user).toBeNull();
  });

  test('ends all sessions, with a body in chunks that it asks leave to send', async () => {
    const { status, body } = await send('wiki: end all sessions');
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({ success: 'OK' });
    expect(state.ended).toEqual(['uuid-alice']);
  });
});

describe('the blog as client', () => {
  const logIn = 'blog: log in, return to an address with query and fragment';

  test('logs somebody in, and finds the answer before the fragment', async () => {
    const { status, location } = await send(logIn);
    expect(status).toBe(302);
    expect(location).toMatch(
      /^http:\/\/127\.0\.0\.3:8503\/\?p=1&x=a%20b&sso=[^+#]+&sig=[0-9a-f]{64}#comments$/,
    );
    expect(readAsBlog(location)).toMatchObject({
      nonce: nonceOf(logIn),
      return_sso_url: 'http://127.0.0.3:8503/?p=1&x=a b#comments',
      external_id: '3',
      username: 'alice',
      email: 'alice+wiki@example.com',
      name: 'Alice ~ & ü <b>',
    });
  });

  test('ends all sessions, without a body', async () => {
    const { status } = await send('blog: end all sessions');
    expect(status).toBe(200);
    expect(state.ended).toEqual(['uuid-alice']);
  });
});

describe('the blog as authority', () => {
  test('pushes a person as JSON, reads the number and the name, and finds the person by its own id', async () => {
    const pushed = await send('blog: push a person');
    expect(pushed.status).toBe(200);
    expect(JSON.parse(pushed.body)).toMatchObject({ id: expect.any(Number), username: 'ann' });
    expect(state.synced).toMatchObject([
      {
        externalId: '2',
        siteUserId: null,
        username: 'ann',
        name: 'Ann & "Bob"',
        bio: 'line one\nline two &c',
        email: 'ann+x@example.com',
        emailVerified: true,
      },
    ]);
    const found = await send('blog: look a person up');
    expect(found.status).toBe(200);
    expect(JSON.parse(found.body).user.id).toBe(JSON.parse(pushed.body).id);
  });
});
