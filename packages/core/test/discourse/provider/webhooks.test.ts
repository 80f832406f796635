import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';

import { discourseConnectProvider, verifyWebhook } from '../../../src/discourse/index.js';
import { createForumSso } from '../../../src/forum-sso.js';
import type { SiteUser } from '../../../src/site-user.js';
import { memoryStore } from '../../../src/store/memory-store.js';

const secret = randomBytes(16).toString('hex');
const alice: SiteUser = {
  id: 'uuid-1',
  email: 'alice@example.com',
  emailVerified: true,
  username: 'alice',
  groups: ['staff'],
};

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve).closeAllConnections())),
  );
});

/** A client's receiver: checks the signature by hand and notes what it was told. */
async function receiver(
  answer: () => { status: number; body: string } = () => ({ status: 200, body: 'ok' }),
) {
  const got: { event: string; type: string; id: string; body: Record<string, Record<string, unknown>> }[] =
    [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const bytes = Buffer.concat(chunks);
    const { headers } = request;
    expect(headers['x-discourse-event-signature']).toBe(
      `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`,
    );
    expect(headers['x-discourse-instance']).toBe('https://site.example.com');
    verifyWebhook({ headers, body: bytes }, secret);
    got.push({
      event: String(headers['x-discourse-event']),
      type: String(headers['x-discourse-event-type']),
      id: String(headers['x-discourse-event-id']),
      body: JSON.parse(bytes.toString()),
    });
    const { status, body } = answer();
    response.writeHead(status).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}/hook?title=Special:Hook`,
    got,
    events: () => got.map(({ event }) => event),
  };
}

function site(
  webhooks: readonly (string | { url: string; secret: string; events?: string[] })[],
  users = new Map([[alice.id, alice]]),
) {
  const people: string[] = [];
  const sso = createForumSso({
    baseUrl: 'https://site.example.com/sso',
    keys: randomBytes(32).toString('base64'),
    store: {
      ...memoryStore(),
      numbers: {
        numberOf: async (id) => (people.includes(id) ? people.indexOf(id) + 1 : people.push(id)),
        siteUserOf: async (number) => people[number - 1] ?? null,
      },
    },
    findUser: async (id) => users.get(id) ?? null,
    connectors: [
      discourseConnectProvider({
        clients: [{ domain: 'wiki.example.com', secret: 'the secret of its logins' }],
        apiKey: 'an-inbound-key-0123456789',
        webhooks,
      }),
    ],
  });
  return { sso, users };
}

describe('webhooks to clients', () => {
  test('a new person: created and updated, with numbers and whole groups, without external_id', async () => {
    const wiki = await receiver();
    const { sso } = site([`${wiki.url}|${secret}`]);
    expect((await sso.pushNow(alice)).ok).toBe(true);
    expect(wiki.events()).toEqual(['user_created', 'user_updated', 'user_added_to_group']);
    expect(wiki.got[1]).toMatchObject({
      type: 'user',
      body: {
        user: {
          id: 1,
          username: 'alice',
          name: null,
          email: 'alice@example.com',
          admin: false,
          moderator: false,
          groups: [{ id: expect.any(Number), name: 'staff', automatic: false }],
        },
      },
    });
    expect(wiki.got[1]?.body.user).not.toHaveProperty('external_id');
    expect(wiki.got[2]).toMatchObject({
      type: 'group_user',
      body: { group_user: { user_id: 1, group_id: expect.any(Number) } },
    });
    const ids = wiki.got.map(({ id }) => Number(id));
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(ids[0]).toBeGreaterThan(0);
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

  test('nothing is told of a person without a verified address', async () => {
    const wiki = await receiver();
    const { sso } = site([{ url: wiki.url, secret }]);
    const report = await sso.pushNow({ ...alice, emailVerified: false });
    expect(report.results).toMatchObject([{ outcome: 'done', notes: [expect.stringContaining('verified')] }]);
    expect(wiki.got).toEqual([]);
  });

  test('log-out, suspension and removal; a person gone from the site as the client knew them', async () => {
    const wiki = await receiver();
    const { sso, users } = site([{ url: wiki.url, secret }]);
    await sso.pushNow(alice);
    await sso.signOut('uuid-1');
    await sso.suspend('uuid-1', { until: new Date('2030-01-01') });
    users.clear();
    await sso.remove('uuid-1');
    expect(wiki.events().slice(3)).toEqual(['user_logged_out', 'user_suspended', 'user_destroyed']);
    expect(wiki.got[4]?.body.user).toMatchObject({ suspended_till: '2030-01-01T00:00:00.000Z' });
    expect(wiki.got[5]?.body.user).toMatchObject({ id: 1, username: 'alice' });
    await sso.signOut('nobody-they-know');
    expect(wiki.got).toHaveLength(6);
    await sso.close();
  });

  test('a client hears of a log-out that another one asked for', async () => {
    const wiki = await receiver();
    const { sso } = site([{ url: wiki.url, secret }]);
    await sso.pushNow(alice);
    const reply = await sso.handle({
      method: 'POST',
      url: '/admin/users/1/log_out.json',
      headers: { 'api-key': 'an-inbound-key-0123456789' },
      ip: undefined,
      body: async () => new Uint8Array(),
    });
    expect(reply?.status).toBe(200);
    for (let i = 0; i < 100 && wiki.got.length < 4; i++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(wiki.events().at(-1)).toBe('user_logged_out');
  });

  test('a client gets the events it wants; ping finds out whether it listens', async () => {
    const blog = await receiver();
    const { sso } = site([{ url: blog.url, secret, events: ['user_created'] }]);
    await sso.pushNow(alice);
    await sso.signOut('uuid-1');
    expect(blog.events()).toEqual(['user_created']);
    expect((await sso.check()).ok).toBe(true);
    expect(blog.got.at(-1)).toMatchObject({ event: 'ping', body: { ping: 'OK' } });
  });

  test.each<[string, { status: number; body: string }, boolean]>([
    [
      'WordPress refuses, with status 200',
      { status: 200, body: JSON.stringify(JSON.stringify({ success: 0, message: 'no' })) },
      false,
    ],
    ['the wiki could not read it', { status: 200, body: '' }, false],
    ['it is not there', { status: 404, body: 'no' }, false],
    ['it is broken', { status: 500, body: '' }, true],
    ['it is busy', { status: 429, body: '' }, true],
  ])('a failure is reported: %s', async (_, answer, worthAnotherTry) => {
    const client = await receiver(() => answer);
    const [result] = (await site([{ url: client.url, secret }]).sso.pushNow(alice)).results;
    expect(result).toMatchObject({ outcome: 'failed', code: 'ERR_PROVIDER_WEBHOOK_FAILED' });
    expect(result !== undefined && 'retryAfter' in result).toBe(worthAnotherTry);
    expect(JSON.stringify(result)).not.toMatch(new RegExp(`${secret}|alice@`));
  });

  test('what one client took is not sent to it again because of another', async () => {
    let broken = true;
    const [good, bad] = [
      await receiver(),
      await receiver(() => (broken ? { status: 500, body: '' } : { status: 200, body: 'ok' })),
    ];
    const { sso } = site([
      { url: good.url, secret },
      { url: bad.url, secret },
    ]);
    expect((await sso.pushNow(alice)).ok).toBe(false);
    broken = false;
    expect((await sso.pushNow(alice)).ok).toBe(true);
    expect(good.got).toHaveLength(3);
    expect(bad.got).toHaveLength(4);
  });

  test.each([
    ['https://wiki.example.com/hook', 'the secret in webhooks'],
    ['https://wiki.example.com/hook|short', 'shorter than 12'],
    [`http://wiki.example.com/hook|${secret}`, 'https'],
  ])('%s is refused at the start', (line, named) => {
    expect(() => site([line])).toThrow(named);
  });
});
