import { gzipSync } from 'node:zlib';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { type FruumEmulator, startFruumEmulator } from '../../src/fruum/index.js';
import { type AuthServer, type ScriptedReply, startAuthServer } from './auth-server.js';

let site: AuthServer;
let fruum: FruumEmulator;

beforeAll(async () => {
  site = await startAuthServer();
});
afterAll(() => site.close());
beforeEach(async () => {
  site.received.length = 0;
  fruum = await startFruumEmulator({
    forums: [{ id: 'myforum', authUrl: `${site.origin}/auth` }, { id: 'open' }],
  });
});
afterEach(() => fruum.close());

async function logIn(reply: ScriptedReply | object, user: unknown = { id: '7', hash: 'h' }) {
  site.reply = 'body' in reply || 'status' in reply ? reply : { body: JSON.stringify(reply) };
  const connection = await fruum.connect({ app_id: 'myforum', user });
  connection?.disconnect();
  return connection;
}
const member = { id: '7', anonymous: false, username: 'u' };

describe('what counts as a user', () => {
  test.each<[string, string | Uint8Array]>([
    ['null', 'null'],
    ['false', 'false'],
    ['true', 'true'],
    ['a number', '7'],
    ['a text', '"user"'],
    ['an empty list', '[]'],
    ['a list with a user', JSON.stringify([member])],
    ['a byte-order mark', `\ufeff${JSON.stringify(member)}`],
    ['something behind the object', `${JSON.stringify(member)};`],
    ['a compressed reply', gzipSync(JSON.stringify(member))],
  ])('%s is nobody', async (_name, body) => {
    expect(await logIn({ body })).toMatchObject({
      outcome: 'anonymous',
      permission: 0,
      user: { anonymous: true },
    });
    expect(fruum.users('myforum')).toEqual([]);
  });

  test('white space around the object does not matter', async () => {
    expect(await logIn({ body: `\n ${JSON.stringify(member)} \n` })).toMatchObject({ outcome: 'user' });
  });

  test.each<[unknown, string]>([
    [false, 'user'],
    [null, 'user'],
    [0, 'user'],
    ['', 'user'],
    [true, 'anonymous'],
    ['false', 'anonymous'],
    [1, 'anonymous'],
    [[], 'anonymous'],
  ])('anonymous: %p makes %s', async (anonymous, outcome) => {
    expect(await logIn({ ...member, anonymous })).toMatchObject({ outcome });
  });

  test.each<[unknown, string, number]>([
    [true, 'admin', 2],
    ['false', 'admin', 2],
    [1, 'admin', 2],
    [[], 'admin', 2],
    [false, 'user', 1],
    [0, 'user', 1],
    ['', 'user', 1],
    [null, 'user', 1],
  ])('admin: %p makes %s', async (admin, outcome, permission) => {
    expect(await logIn({ ...member, admin, permission: 2, session: 'x' })).toMatchObject({
      outcome,
      permission,
    });
  });

  test.each<[unknown, string, string]>([
    ['a\u00a0b', 'user', 'a_b'],
    ['\n', 'user', '_'],
    [null, 'user', ''],
    [undefined, 'user', ''],
    [12, 'anonymous', ''],
    [true, 'anonymous', ''],
    [['a b'], 'anonymous', ''],
  ])('username: %p makes %s %p', async (username, outcome, stored) => {
    expect(await logIn({ ...member, username })).toMatchObject({ outcome, user: { username: stored } });
  });

  test('without an id everybody is the same user', async () => {
    expect(await logIn({ anonymous: false, username: 'first' })).toMatchObject({
      outcome: 'user',
      user: { id: '' },
    });
    expect(await logIn({ anonymous: false, username: 'second' })).toMatchObject({
      user: { username: 'second' },
    });
    expect(fruum.users('myforum')).toHaveLength(1);
  });

  test('the id of the reply counts, whatever the page said; 7 is not "7"', async () => {
    await logIn({ ...member, id: '8' });
    await logIn({ ...member, id: 8 });
    expect(fruum.users('myforum').map(({ id }) => id)).toEqual(['8', 8]);
  });
});

describe('the request', () => {
  test.each<[unknown, boolean]>([
    [{}, true],
    ['abc', true],
    [5, true],
    [[1, 2], true],
    [true, true],
    ['', false],
    [0, false],
    [null, false],
    [false, false],
    [undefined, false],
  ])('user: %p is asked about: %p', async (user, asked) => {
    await fruum.connect({ app_id: 'myforum', ...(user === undefined ? {} : { user }) });
    expect(site.received.map(({ body }) => body)).toEqual(asked ? [JSON.stringify(user)] : []);
  });

  test('name and password of the URL become Basic credentials', async () => {
    const authUrl = `${site.origin.replace('//', '//fruum:p%40ss@')}/auth?k=1&k=2`;
    fruum.updateForum('myforum', { authUrl });
    await logIn({});
    expect(site.received[0]).toMatchObject({
      path: '/auth?k=1&k=2',
      headers: { authorization: `Basic ${Buffer.from('fruum:p@ss').toString('base64')}` },
    });
    expect(fruum.authRequests[0]?.headers).toEqual(site.received[0]?.headers);
  });

  test('redirects are not followed, but a user in their body counts', async () => {
    const reply = {
      status: 307,
      headers: { Location: `${site.origin}/elsewhere` },
      body: JSON.stringify(member),
    };
    expect(await logIn(reply)).toMatchObject({ outcome: 'user' });
    expect(site.received).toHaveLength(1);
  });

  test.each(['not a url', 'ftp://127.0.0.1/', 'http://a%zz@127.0.0.1/', 'http://127.0.0.1:1/'])(
    'an auth URL that cannot be asked (%s): anonymous',
    async (authUrl) => {
      fruum.updateForum('myforum', { authUrl });
      expect(await logIn({})).toMatchObject({ outcome: 'anonymous' });
    },
  );

  test('every connection asks anew', async () => {
    for (let i = 0; i < 3; i++) await logIn(member);
    expect(site.received).toHaveLength(3);
  });

  test('a new auth URL holds once nobody is connected', async () => {
    site.reply = { body: '{}' };
    const connection = await fruum.connect({ app_id: 'myforum', user: { id: '1' } });
    fruum.updateForum('myforum', { authUrl: `${site.origin}/new` });
    (await fruum.connect({ app_id: 'myforum', user: { id: '1' } }))?.disconnect();
    connection?.disconnect();
    connection?.disconnect();
    await fruum.connect({ app_id: 'myforum', user: { id: '1' } });
    expect(site.received.map(({ path }) => path)).toEqual(['/auth', '/auth', '/new']);
  });
});

describe('stored users', () => {
  test('name, address, picture and role follow the site; what Fruum counts does not', async () => {
    await logIn({ ...member, admin: true, email: 'a@x.example', karma: 3, onboard: 1, watch: ['d'] });
    await logIn({
      ...member,
      email: 'b@x.example',
      karma: 9,
      onboard: 2,
      watch: [],
      avatar: 'https://x.example/a',
    });
    expect(fruum.users('myforum')).toMatchObject([
      {
        email: 'b@x.example',
        admin: false,
        avatar: 'https://x.example/a',
        karma: 3,
        onboard: 1,
        watch: ['d'],
      },
    ]);
  });

  test('who is blocked in Fruum stays out whatever the reply says, until that is taken back', async () => {
    await logIn(member);
    expect(fruum.setBlocked('myforum', '7', true)).toBe(true);
    expect(await logIn({ ...member, blocked: false })).toMatchObject({ outcome: 'anonymous' });
    expect(fruum.setBlocked('myforum', '7', false)).toBe(true);
    expect(await logIn(member)).toMatchObject({ outcome: 'user' });
    expect(fruum.setBlocked('myforum', '99', true)).toBe(false);
  });

  test('a deleted user comes back with the next good reply', async () => {
    await logIn({ ...member, karma: 5 });
    expect(fruum.deleteUser('myforum', '7')).toBe(true);
    expect(fruum.users('myforum')).toEqual([]);
    expect(await logIn(member)).toMatchObject({ outcome: 'user', user: { karma: 0 } });
    expect(fruum.deleteUser('myforum', '99')).toBe(false);
  });

  test('without an auth URL the id of a stored user is enough, and any other key must be equal', async () => {
    await logIn({ ...member, email: 'a@x.example' });
    fruum.updateForum('myforum', { authUrl: undefined });
    const outcome = async (user: unknown) => (await fruum.connect({ app_id: 'myforum', user }))?.outcome;
    expect(await outcome({ id: '7' })).toBe('user');
    expect(await outcome({ id: '7', email: 'a@x.example' })).toBe('user');
    expect(await outcome({ id: '7', hash: 'h' })).toBe('anonymous');
    expect(await outcome({ id: '8' })).toBe('anonymous');
    expect(await outcome({})).toBe('anonymous');
    expect(await outcome('7')).toBe('anonymous');
    expect(site.received).toHaveLength(1);
  });

  test('forums have users of their own', async () => {
    await logIn(member);
    expect(fruum.users('open')).toEqual([]);
    expect(await fruum.connect({ app_id: 'open', user: { id: '7' } })).toMatchObject({
      outcome: 'anonymous',
    });
  });

  test('an unknown or missing forum is no connection', async () => {
    for (const settings of [{ app_id: 'other' }, {}, null, 'myforum', { app_id: ['myforum'] }]) {
      expect(await fruum.connect(settings)).toBeNull();
    }
    expect(() => fruum.users('other')).toThrow(TypeError);
  });
});
