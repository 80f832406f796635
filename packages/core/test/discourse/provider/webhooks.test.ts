import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';

import {
  type DiscourseConnectProviderOptions,
  discourseConnectProvider,
  verifyWebhook,
} from '../../../src/discourse/index.js';
import type { ForumSsoEvent } from '../../../src/events/event.js';
import { createForumSso, type ForumSso } from '../../../src/forum-sso.js';
import type { ForumSsoOptions } from '../../../src/options/forum-sso-options.js';
import { storeQueue } from '../../../src/push/store-queue.js';
import type { SiteUser } from '../../../src/site-user.js';
import { memoryStore } from '../../../src/store/memory-store.js';

const secret = randomBytes(16).toString('hex');
const loginSecret = randomBytes(16).toString('hex');
const apiKey = 'an-inbound-key-of-32-characters-x';
const alice: SiteUser = {
  id: 'uuid-1',
  email: 'alice@example.com',
  emailVerified: true,
  username: 'alice',
  groups: ['staff'],
};

const servers: Server[] = [];
const sites: ForumSso[] = [];
afterEach(async () => {
  await Promise.all(sites.splice(0).map((sso) => sso.close()));
  await Promise.all(
    servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve).closeAllConnections())),
  );
});

interface Got {
  readonly event: string;
  readonly type: string;
  readonly id: number;
  /** The secret that signed it. */
  readonly signer: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly length: number;
  readonly body: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A client's receiver: checks the signature by hand and notes what it was told. */
async function receiver(
  answer: (event: string) => { status: number; body: string } = () => ({ status: 200, body: 'ok' }),
  secrets: readonly string[] = [secret],
) {
  const got: Got[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const bytes = Buffer.concat(chunks);
    const { headers } = request;
    const signature = headers['x-discourse-event-signature'];
    const signer = secrets.find(
      (key) => signature === `sha256=${createHmac('sha256', key).update(bytes).digest('hex')}`,
    );
    expect(signer).toBeDefined();
    verifyWebhook({ headers, body: bytes }, secrets);
    const event = String(headers['x-discourse-event']);
    got.push({
      event,
      type: String(headers['x-discourse-event-type']),
      id: Number(headers['x-discourse-event-id']),
      signer,
      headers,
      length: bytes.length,
      body: JSON.parse(bytes.toString()),
    });
    const { status, body } = answer(event);
    response.writeHead(status, { Location: '/elsewhere' }).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    host: `127.0.0.1:${address.port}`,
    url: `http://127.0.0.1:${address.port}/hook?title=Special:Hook`,
    got,
    events: () => got.map(({ event }) => event),
  };
}

function site(
  webhooks: NonNullable<DiscourseConnectProviderOptions['webhooks']>,
  more: Partial<ForumSsoOptions> = {},
) {
  const users = new Map([[alice.id, alice]]);
  const numbered: string[] = [];
  const events: ForumSsoEvent[] = [];
  let waited = 0;
  const store = {
    ...memoryStore(),
    numbers: {
      numberOf: async (id: string) => (numbered.includes(id) ? numbered.indexOf(id) + 1 : numbered.push(id)),
      siteUserOf: async (number: number) => numbered[number - 1] ?? null,
    },
  };
  const sso = createForumSso({
    baseUrl: 'https://site.example.com/sso',
    keys: randomBytes(32).toString('base64'),
    store,
    findUser: async (id) => users.get(id) ?? null,
    events: (event) => events.push(event),
    now: () => new Date(Date.now() + waited),
    queue: storeQueue({ retry: { attempts: 20, firstSeconds: 0.02, longestSeconds: 0.02 } }),
    connectors: [
      discourseConnectProvider({
        clients: [
          { domain: '127.0.0.1', secret: loginSecret },
          { domain: 'localhost', secret: [...loginSecret].reverse().join('') },
        ],
        apiKey,
        webhooks,
      }),
    ],
    ...more,
  });
  sites.push(sso);
  const visit = () =>
    sso.visit({ method: 'GET', url: '/', headers: {}, ip: undefined, body: async () => new Uint8Array() });
  /** As a client that asks for a log-out everywhere. */
  const logOut = (number = 1) =>
    sso.handle({
      method: 'POST',
      url: `/admin/users/${number}/log_out.json`,
      headers: { 'api-key': apiKey },
      ip: undefined,
      body: async () => new Uint8Array(),
    });
  /** As a client whose visitor wants to log in. */
  const askToLogIn = async (returnUrl: string, user: SiteUser | null): Promise<void> => {
    const payload = new URLSearchParams({ nonce: 'n', return_sso_url: returnUrl }).toString();
    const sso64 = Buffer.from(payload).toString('base64');
    const key = returnUrl.includes('localhost') ? [...loginSecret].reverse().join('') : loginSecret;
    const sig = createHmac('sha256', key).update(sso64).digest('hex');
    const reply = await sso.handle(
      {
        method: 'GET',
        url: `/session/sso_provider?sso=${encodeURIComponent(sso64)}&sig=${sig}`,
        headers: {},
        ip: undefined,
        body: async () => new Uint8Array(),
      },
      { currentUser: async () => user, signIn: async () => {}, signOut: async () => {} },
    );
    expect(reply?.status).toBe(302);
  };
  /** Moves the clock. */
  const wait = (seconds: number): void => {
    waited += seconds * 1_000;
  };
  return { sso, users, events, store, visit, logOut, askToLogIn, wait };
}

/** Waits until something is so; what is done in the background has no other end to wait for. */
async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`It never came to this: ${what}`);
}

describe('what is sent', () => {
  test('has the headers of a forum, and numbers that the wiki can store', async () => {
    const wiki = await receiver();
    const { sso } = site([`${wiki.url}|${secret}`]);
    expect((await sso.pushNow(alice)).ok).toBe(true);
    const [first] = wiki.got;
    expect(first?.headers).toEqual({
      accept: '*/*',
      'accept-encoding': expect.anything(),
      'accept-language': '*',
      'sec-fetch-mode': 'cors',
      connection: 'close',
      'content-length': String(first?.length),
      'content-type': 'application/json',
      host: wiki.host,
      'user-agent': expect.stringMatching(/^Discourse\/\d/),
      'x-discourse-instance': 'https://site.example.com',
      'x-discourse-event-id': expect.stringMatching(/^[1-9]\d*$/),
      'x-discourse-event-type': 'user',
      'x-discourse-event': 'user_created',
      'x-discourse-event-signature': expect.stringMatching(/^sha256=[0-9a-f]{64}$/),
    });
    const ids = wiki.got.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(Math.max(...ids)).toBeLessThan(2 ** 31);
  });

  test('a new person: created and updated, with numbers and whole groups, without external_id', async () => {
    const wiki = await receiver();
    await site([{ url: wiki.url, secret }]).sso.pushNow(alice);
    expect(wiki.events()).toEqual(['user_created', 'user_updated', 'user_added_to_group']);
    const group = { id: expect.any(Number), name: 'staff', automatic: false };
    expect(wiki.got[1]?.body).toEqual({
      user: {
        id: 1,
        username: 'alice',
        name: null,
        email: 'alice@example.com',
        admin: false,
        moderator: false,
        title: null,
        groups: [group],
      },
    });
    expect(wiki.got[2]).toMatchObject({
      type: 'group_user',
      body: {
        group_user: { id: expect.any(Number), user_id: 1, group_id: expect.any(Number), owner: false },
      },
    });
  });

  test('later only what changed is told; an unchanged person is not', async () => {
    const wiki = await receiver();
    const { sso } = site([{ url: wiki.url, secret }]);
    await sso.pushNow(alice);
    await sso.pushNow(alice);
    expect(wiki.got).toHaveLength(3);
    await sso.pushNow({ ...alice, groups: ['choir'] });
    expect(wiki.events().slice(3)).toEqual([
      'user_updated',
      'user_added_to_group',
      'user_removed_from_group',
    ]);
  });

  test('no group that a client would take for something else, and no half characters', async () => {
    const wiki = await receiver();
    const half = '😀'.slice(0, 1);
    await site([{ url: wiki.url, secret }]).sso.pushNow({
      ...alice,
      name: `Alice ${half}`,
      groups: ['@ADMIN@', 'a,b', ' blank', '', 'fine'],
    });
    expect(wiki.got[1]?.body.user).toMatchObject({
      name: 'Alice \u{fffd}',
      groups: [{ id: expect.any(Number), name: 'fine', automatic: false }],
    });
  });

  test('a sign-in by the engine, and one that the site tells of, after whatever the client does not know yet', async () => {
    const wiki = await receiver();
    const { sso, users, visit } = site([{ url: wiki.url, secret }]);
    await sso.pushNow(alice);
    await (await visit()).signIn(alice);
    await until('the sign-in was told', () => wiki.got.length === 4);
    expect(wiki.events()).toEqual(['user_created', 'user_updated', 'user_added_to_group', 'user_logged_in']);
    users.set('uuid-1', { ...alice, name: 'Alice' });
    expect(await sso.signedIn('uuid-1')).toEqual({
      results: [{ connector: expect.stringMatching(/^discourse-connect-provider-/), outcome: 'queued' }],
    });
    await until('the other one, too', () => wiki.got.length === 6);
    expect(wiki.events().slice(4)).toEqual(['user_updated', 'user_logged_in']);
    expect(wiki.got[5]?.body.user).toMatchObject({ id: 1, name: 'Alice', email: 'alice@example.com' });
  });

  test('no sign-in that may be part of a first login at the client, whatever comes first', async () => {
    const wiki = await receiver();
    const { sso, users, events, askToLogIn, wait } = site([{ url: wiki.url, secret }]);
    const signIn = async () => {
      const before = events.filter(({ type }) => type === 'push.done').length;
      await sso.signedIn('uuid-1');
      await until(
        'it was looked at',
        () => events.filter(({ type }) => type === 'push.done').length > before,
      );
    };
    await askToLogIn(`http://${wiki.host}/login`, null);
    await signIn();
    // By any name of this machine.
    await askToLogIn(`http://${wiki.host.replace('127.0.0.1', 'localhost')}/login`, alice);
    await signIn();
    expect(wiki.got).toEqual([]);
    wait(61);
    await signIn();
    expect(wiki.events()).toEqual(['user_logged_in']);
    users.set('uuid-1', { ...alice, groups: [] });
    await sso.pushNow({ ...alice, groups: [] });
    expect(wiki.events().slice(1)).toEqual(['user_updated', 'user_removed_from_group']);
  });

  test('no sign-in of somebody whom the client does not know: a login elsewhere tells it nothing', async () => {
    const wiki = await receiver();
    const { sso, events, askToLogIn, wait } = site([{ url: wiki.url, secret }]);
    await askToLogIn('http://127.0.0.1:1/login', alice);
    wait(61);
    await sso.signedIn('uuid-1');
    await until('it was looked at', () => events.some(({ type }) => type === 'push.done'));
    expect(wiki.got).toEqual([]);
  });

  test('log-out, suspension with and without an end, and the end of one', async () => {
    const wiki = await receiver();
    const { sso } = site([{ url: wiki.url, secret }]);
    await sso.signOut('uuid-1');
    await sso.suspend('uuid-1', { until: new Date('2030-01-01') });
    await sso.suspend('uuid-1');
    await sso.restore('uuid-1');
    expect(wiki.got.map(({ event, body }) => [event, body.user?.suspended_till])).toEqual([
      ['user_logged_out', undefined],
      ['user_logged_out', '2030-01-01T00:00:00.000Z'],
      ['user_suspended', '2030-01-01T00:00:00.000Z'],
      ['user_logged_out', '3000-01-01T00:00:00.000Z'],
      ['user_suspended', '3000-01-01T00:00:00.000Z'],
      ['user_unsuspended', undefined],
    ]);
  });

  test('a removal shows the person as the client knew them, says what is left to do, and is the last word', async () => {
    const wiki = await receiver();
    const { sso, users, store, events } = site([{ url: wiki.url, secret }]);
    await sso.pushNow(alice);
    const digest = createHash('sha256').update(wiki.url).digest('hex').slice(0, 8);
    const kept = () => store.profiles.read('discourse-connect-provider', `${digest}|uuid-1`);
    expect(await kept()).not.toBeNull();
    users.clear();
    const { byHand } = await sso.remove('uuid-1');
    expect(wiki.got.at(-1)).toMatchObject({ event: 'user_destroyed', body: { user: { username: 'alice' } } });
    expect(byHand).toEqual([expect.stringContaining(wiki.host)]);
    expect(await kept()).toBeNull();
    users.set('uuid-1', alice);
    await sso.signedIn('uuid-1');
    await until('the late news was looked at', () => events.some(({ type }) => type === 'push.done'));
    await sso.signOut('nobody-they-know');
    expect(wiki.events().at(-1)).toBe('user_destroyed');
  });

  test('a ping finds out whether a client listens', async () => {
    const wiki = await receiver(() => ({ status: 200, body: 'PONG' }));
    const { sso } = site([{ url: wiki.url, secret }]);
    expect((await sso.check()).results).toMatchObject([
      { outcome: 'done', notes: [expect.stringContaining(wiki.host)] },
    ]);
    expect(wiki.got).toMatchObject([{ event: 'ping', type: 'ping', body: { ping: 'OK' } }]);
  });

  test('is signed with the first secret until its "until", then with the next', async () => {
    const old = randomBytes(16).toString('hex');
    const until = new Date('2026-02-01');
    let now = new Date('2026-01-01');
    const wiki = await receiver(() => ({ status: 200, body: 'PONG' }), [old, secret]);
    const { sso } = site([{ url: wiki.url, secret: [{ secret: old, until }, secret] }], { now: () => now });
    for (const past of [-1, 0, 1]) {
      now = new Date(until.getTime() + past);
      expect((await sso.check()).results).toMatchObject([{ outcome: 'done' }]);
    }
    expect(wiki.got.map(({ signer }) => signer)).toEqual([old, secret, secret]);
  });
});

describe('of whom nothing is sent', () => {
  const carol: SiteUser = { ...alice, emailVerified: false };

  test('a person without a verified address', async () => {
    const wiki = await receiver();
    const { sso, users, events } = site([{ url: wiki.url, secret }]);
    users.set('uuid-1', carol);
    expect((await sso.pushNow(carol)).results).toMatchObject([
      { outcome: 'done', notes: [expect.stringContaining('verified')] },
    ]);
    await sso.signedIn('uuid-1');
    await until('it was looked at', () => events.some(({ type }) => type === 'push.done'));
    for (const what of ['signOut', 'suspend', 'restore', 'remove'] as const) await sso[what]('uuid-1');
    expect(wiki.got).toEqual([]);
  });

  test('the new address of somebody who was known with a verified one; their sessions end all the same', async () => {
    const wiki = await receiver();
    const { sso, users } = site([{ url: wiki.url, secret }]);
    await sso.pushNow(alice);
    const changed = { ...carol, email: 'unproved@example.com' };
    users.set('uuid-1', changed);
    await sso.pushNow(changed);
    await sso.signOut('uuid-1');
    expect(wiki.events().slice(3)).toEqual(['user_logged_out']);
    expect(JSON.stringify(wiki.got)).not.toContain('unproved');
  });
});

describe('who gets what', () => {
  test('a client gets the events it wants', async () => {
    const blog = await receiver();
    const { sso } = site([{ url: blog.url, secret, events: ['user_created'] }]);
    await sso.pushNow(alice);
    await sso.signOut('uuid-1');
    expect((await sso.check()).results).toMatchObject([
      { outcome: 'done', notes: [expect.stringContaining('no ping')] },
    ]);
    expect(blog.events()).toEqual(['user_created']);
  });

  test.each(['/wp-json/wp-discourse/v1/update-user', '/?rest_route=/wp-discourse/v1/update-user'])(
    'wp-discourse at %s gets the two that it takes, unless others are asked for',
    async (path) => {
      const blog = await receiver(() => ({ status: 200, body: '"{\\"success\\":true}"' }));
      const url = `http://${blog.host}${path}`;
      const { sso } = site([`${url}|${secret}`]);
      expect((await sso.pushNow(alice)).ok).toBe(true);
      await sso.signOut('uuid-1');
      await sso.check();
      expect(blog.events()).toEqual(['user_created', 'user_updated']);
      await site([{ url, secret, events: ['user_logged_out'] }]).sso.signOut('uuid-1');
      expect(blog.events().at(-1)).toBe('user_logged_out');
    },
  );

  test('a client hears of a log-out that another one asked for, also when it was not there at first', async () => {
    let here = false;
    const wiki = await receiver(() => (here ? { status: 200, body: 'ok' } : { status: 503, body: '' }));
    const { sso, events, logOut, visit } = site([{ url: wiki.url, secret }]);
    await (await visit()).signIn(alice);
    await sso.push('uuid-1');
    await until('it was tried', () => events.some(({ type }) => type === 'push.failed'));
    expect(await logOut()).toMatchObject({ status: 200, body: '{"success":"OK"}' });
    await until('it failed, too', () =>
      events.some((event) => event.type === 'push.failed' && event.kind === 'signOut'),
    );
    wiki.got.splice(0);
    here = true;
    await until('both came through', () => wiki.got.length === 4);
    expect([...wiki.events()].sort()).toEqual([
      'user_added_to_group',
      'user_created',
      'user_logged_out',
      'user_updated',
    ]);
  });
});

describe('failures', () => {
  test.each<[string, { status: number; body: string }, boolean]>([
    [
      'WordPress refuses, with status 200',
      { status: 200, body: JSON.stringify(JSON.stringify({ success: false, message: 'no' })) },
      false,
    ],
    ['another way to say no', { status: 200, body: '{"success":0}' }, false],
    ['the wiki could not read it', { status: 200, body: ' ' }, false],
    ['it is elsewhere', { status: 302, body: '' }, false],
    ['it is not there', { status: 404, body: 'no' }, false],
    ['it is broken', { status: 500, body: '' }, true],
    ['it is busy', { status: 429, body: '' }, true],
  ])('%s', async (_, answer, worthAnotherTry) => {
    const client = await receiver(() => answer);
    const [result] = (await site([{ url: client.url, secret }]).sso.pushNow(alice)).results;
    expect(result).toMatchObject({ outcome: 'failed', code: 'ERR_PROVIDER_WEBHOOK_FAILED' });
    expect(result?.outcome === 'failed' && result.error.detail).toContain(client.host);
    expect(result !== undefined && 'retryAfter' in result).toBe(worthAnotherTry);
    expect(JSON.stringify(result)).not.toMatch(new RegExp(`${secret}|alice@|Special`));
  });

  test.each(['{"success":true}', JSON.stringify('{"success":true,"message":""}'), 'WIKI USER: …', '[]'])(
    'none is %s',
    async (body) => {
      const client = await receiver(() => ({ status: 200, body }));
      expect((await site([{ url: client.url, secret }]).sso.pushNow(alice)).ok).toBe(true);
    },
  );

  test.each(['<!doctype html><title>The blog</title>', 'ok'])(
    'an address of wp-discourse that answers %s is not the plugin’s',
    async (body) => {
      const blog = await receiver(() => ({ status: 200, body }));
      const url = `http://${blog.host}/wp-json/wp-discourse/v1/update-user`;
      const { results } = await site([{ url, secret }]).sso.pushNow(alice);
      expect(results).toMatchObject([
        { outcome: 'failed', error: { detail: expect.stringContaining('rest_route') } },
      ]);
    },
  );

  test('after a refusal the rest is sent; what was taken last is remembered', async () => {
    const blog = await receiver((event) =>
      event === 'user_created' ? { status: 200, body: '{"success":false}' } : { status: 200, body: 'ok' },
    );
    const { sso } = site([{ url: blog.url, secret }]);
    expect((await sso.pushNow(alice)).ok).toBe(false);
    expect(blog.events()).toEqual(['user_created', 'user_updated', 'user_added_to_group']);
    expect((await sso.pushNow(alice)).ok).toBe(true);
    expect(blog.got).toHaveLength(3);
  });

  test('nor an answer without a body that says so', async () => {
    const client = await receiver(() => ({ status: 204, body: '' }));
    expect((await site([{ url: client.url, secret }]).sso.pushNow(alice)).ok).toBe(true);
  });

  test('a client that does not answer is tried again', async () => {
    const gone = await receiver();
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect((await site([{ url: gone.url, secret }]).sso.signOut('uuid-1')).results).toMatchObject([
      { outcome: 'failed', retryAfter: expect.any(Number), queued: true },
    ]);
  });

  test('one client’s failure is its own: the others hear nothing twice', async () => {
    let broken = true;
    const [good, bad] = [
      await receiver(),
      await receiver(() => (broken ? { status: 404, body: '' } : { status: 200, body: 'ok' })),
    ];
    const { sso } = site([
      { url: good.url, secret },
      { url: bad.url, secret },
    ]);
    expect((await sso.pushNow(alice)).results.map(({ outcome }) => outcome)).toEqual(['done', 'failed']);
    await sso.signOut('uuid-1');
    await sso.push('uuid-1');
    await until('it was given up', async () => (await sso.queue.deadLetters()).length === 1);
    broken = false;
    const [letter] = await sso.queue.deadLetters();
    expect(letter).toMatchObject({ siteUserId: 'uuid-1', kind: 'push' });
    bad.got.splice(0);
    await sso.queue.replay();
    await until('it came through', () => bad.got.length === 3);
    expect(good.events()).toEqual(['user_created', 'user_updated', 'user_added_to_group', 'user_logged_out']);
    expect(bad.events()).toEqual(['user_created', 'user_updated', 'user_added_to_group']);
  });
});

describe('the list of clients', () => {
  test.each([
    ['https://wiki.example.com/hook', 'the secret in webhooks'],
    ['https://wiki.example.com/hook|short', 'shorter than 12'],
    [`http://wiki.example.com/hook|${secret}`, 'https'],
    [`ftp://wiki.example.com/hook|${secret}`, 'https'],
    [`nonsense|${secret}`, 'absolute'],
  ])('%s is refused at the start', (line, named) => {
    expect(() => site([line])).toThrow(named);
  });

  test('no address twice, and none without a store that remembers what was told', () => {
    const line = `https://wiki.example.com/hook|${secret}`;
    const other = `https://wiki.example.com/hook|${randomBytes(16).toString('hex')}`;
    expect(() => site([line, other])).toThrow('twice');
    const { profiles: _, ...store } = memoryStore();
    expect(() => site([line], { store })).toThrow('keeps profiles');
  });
});
