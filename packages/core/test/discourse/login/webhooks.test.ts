import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { describe, expect, test } from '@jest/globals';

import { readForumProfile, verifyWebhook } from '../../../src/discourse/index.js';
import { webhookLimit } from '../../../src/discourse/protocol/webhook.js';
import { memoryStore } from '../../../src/store/memory-store.js';
import { Accounts, Browser, lastCode, site } from './site.js';

const secret = randomBytes(16).toString('hex');
const url = '/sso/discourse-login/webhook';

interface Delivery {
  readonly event?: string;
  readonly type?: string;
  readonly id?: string;
  readonly key?: string;
  /** Null: the adapter does not know. */
  readonly ip?: string | null;
  readonly headers?: Record<string, string | undefined>;
}

let deliveries = 0;

/** Sends what a forum would send. */
async function deliver(
  own: ReturnType<typeof site>,
  body: unknown,
  {
    event = 'user_updated',
    type = 'user',
    id = String(++deliveries),
    key = secret,
    ip = '198.51.100.7',
    headers = {},
  }: Delivery = {},
) {
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
  const reply = await own.sso.handle({
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/json',
      'x-discourse-instance': 'https://forum.example.com',
      'x-discourse-event-id': id,
      'x-discourse-event-type': type,
      'x-discourse-event': event,
      'x-discourse-event-signature': `sha256=${createHmac('sha256', key).update(bytes).digest('hex')}`,
      ...headers,
    },
    ip: ip ?? undefined,
    body: async () => bytes,
  });
  return { status: reply?.status, body: String(reply?.body) };
}

const user = (more: Record<string, unknown> = {}) => ({
  user: {
    id: 42,
    username: 'sam',
    name: 'Sam Saffron',
    email: 'sam@example.com',
    admin: false,
    moderator: false,
    active: true,
    created_at: '2026-01-01T00:00:00.000Z',
    last_seen_at: '2026-06-01T12:00:00.000Z',
    groups: [{ id: 10, name: 'trust_level_0', automatic: true }],
    ...more,
  },
});
/** What the forum answers to a login of the same person. */
const login = { external_id: '42', username: 'sam', email: 'sam@example.com' };
const at = (time: string, groups: string[], more: Record<string, unknown> = {}) =>
  user({ last_seen_at: time, groups: groups.map((name, id) => ({ id, name })), ...more });

/** A site at which it is the first of June 2026. */
function siteWith(
  more: Parameters<typeof site>[0] = {},
  accounts = new Accounts(),
  clock = { now: new Date('2026-06-01T00:00:00Z') },
) {
  const own = site(
    {
      ...accounts.callbacks,
      groupMap: { players: ['eurorack'] },
      webhook: { secret, ...more.webhook },
      logout: { followForum: true },
      ...more,
    },
    {},
    clock,
  );
  const groups = () => accounts.users.get('new-1')?.groups;
  return { own, accounts, groups };
}

describe('verifyWebhook', () => {
  const vectors: {
    webhooks: {
      name: string;
      secret: string;
      body?: string;
      body_base64?: string;
      signature: string;
      refuse?: boolean;
    }[];
  } = JSON.parse(
    readFileSync(new URL('../../../../testkit/vectors/discourse.json', import.meta.url), 'utf8'),
  );
  const noObject = new Set(['empty body', 'bytes that are not utf-8']);

  test.each(vectors.webhooks.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const body =
      vector.body_base64 === undefined
        ? Buffer.from(vector.body ?? '')
        : Buffer.from(vector.body_base64, 'base64');
    const check = () =>
      verifyWebhook({ headers: { 'X-Discourse-Event-Signature': vector.signature }, body }, vector.secret);
    if (vector.refuse === true) {
      const code =
        vector.signature === '' ? 'ERR_WEBHOOK_SIGNATURE_MISSING' : 'ERR_WEBHOOK_SIGNATURE_INVALID';
      expect(check).toThrow(expect.objectContaining({ code }));
    } else if (noObject.has(vector.name)) {
      // The signature is right, and the body is nothing that Discourse sends.
      expect(check).toThrow(expect.objectContaining({ code: 'ERR_WEBHOOK_MALFORMED' }));
    } else {
      expect(check().body).toEqual(JSON.parse(body.toString()));
    }
  });

  test('secrets rotate; short, blank and too many ones are refused', () => {
    const body = Buffer.from('{"ping":"OK"}');
    const headers = new Headers({
      'X-Discourse-Event-Signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    });
    expect(verifyWebhook({ headers, body }, ['another secret', secret]).body).toEqual({ ping: 'OK' });
    for (const secrets of [
      'short',
      '',
      [],
      [secret, ' '.repeat(20)],
      ['a', 'b', 'c', 'd'].map((name) => name.repeat(20)),
    ]) {
      expect(() => verifyWebhook({ headers, body }, secrets)).toThrow(
        expect.objectContaining({ code: 'ERR_SSO_SECRET_UNUSABLE' }),
      );
    }
  });
});

describe('the webhook route', () => {
  test.each<[string, unknown, Delivery, number, string]>([
    [
      'no signature',
      user(),
      { headers: { 'x-discourse-event-signature': undefined } },
      401,
      'ERR_WEBHOOK_SIGNATURE_MISSING',
    ],
    [
      'an empty signature',
      user(),
      { headers: { 'x-discourse-event-signature': '' } },
      401,
      'ERR_WEBHOOK_SIGNATURE_MISSING',
    ],
    ['another secret', user(), { key: 'another secret!!' }, 401, 'ERR_WEBHOOK_SIGNATURE_INVALID'],
    [
      'no prefix',
      user(),
      { headers: { 'x-discourse-event-signature': 'a'.repeat(64) } },
      401,
      'ERR_WEBHOOK_SIGNATURE_INVALID',
    ],
    ['a list', [], {}, 400, 'ERR_WEBHOOK_MALFORMED'],
    ['no JSON', 'user=1', {}, 400, 'ERR_WEBHOOK_MALFORMED'],
    ['an id that is a string', { user: { ...user().user, id: '42' } }, {}, 400, 'ERR_WEBHOOK_MALFORMED'],
    ['the id 0', { user: { ...user().user, id: 0 } }, {}, 400, 'ERR_WEBHOOK_MALFORMED'],
    ['groups that are names', { user: { ...user().user, groups: ['a'] } }, {}, 400, 'ERR_WEBHOOK_MALFORMED'],
    ['too large', 'x'.repeat(webhookLimit + 1), {}, 413, 'ERR_BODY_TOO_LARGE'],
  ])('refuses %s', async (_, body, delivery, status, code) => {
    const { own } = siteWith();
    expect((await deliver(own, body, delivery)).status).toBe(status);
    expect(own.events.at(-1)).toMatchObject({ code });
    expect(JSON.stringify(own.events)).not.toContain('sam@example.com');
  });

  test('takes them from the listed networks alone, seen through trusted proxies', async () => {
    const { own } = siteWith({ webhook: { secret, allowedIps: ['198.51.100.0/24', '2001:db8::/32'] } });
    expect((await deliver(own, user())).status).toBe(200);
    expect((await deliver(own, user(), { ip: '2001:db8::7' })).status).toBe(200);
    expect((await deliver(own, user(), { ip: '203.0.113.1' })).status).toBe(403);
    expect(
      (await deliver(own, user(), { ip: '203.0.113.1', headers: { 'x-forwarded-for': '198.51.100.7' } }))
        .status,
    ).toBe(403);
    expect(own.events.at(-1)).toMatchObject({ code: 'ERR_WEBHOOK_SENDER_FOREIGN' });
    expect((await deliver(own, user(), { ip: null })).status).toBe(403);

    const webhook = { secret, allowedIps: ['198.51.100.0/24'] };
    const behind = site({ ...new Accounts().callbacks, webhook }, { trustedProxies: ['203.0.113.0/24'] });
    const through = (hops: string) =>
      deliver(behind, user(), { ip: '203.0.113.1', headers: { 'x-forwarded-for': hops } });
    expect((await through('192.0.2.9, 198.51.100.7, 203.0.113.2')).status).toBe(200);
    // What stands left of the first address that is not trusted is the sender's word.
    expect((await through('198.51.100.7, 192.0.2.9, 203.0.113.2')).status).toBe(403);
  });

  test('ping, other types and ignored events are acknowledged', async () => {
    const { own, accounts } = siteWith();
    expect(await deliver(own, { ping: 'OK' }, { type: 'ping', event: 'ping' })).toEqual({
      status: 200,
      body: 'pong',
    });
    expect(await deliver(own, { post: {} }, { type: 'post', event: 'post_created' })).toEqual({
      status: 200,
      body: 'ignored',
    });
    expect(await deliver(own, user(), { event: 'user_created' })).toEqual({ status: 200, body: 'ignored' });
    expect(await deliver(own, user(), { event: 'user_updated' })).toEqual({ status: 200, body: 'unlinked' });
    expect(accounts.users.size).toBe(0);
  });

  test('a redelivery is recognised for two days: by number, event and bytes together', async () => {
    const clock = { now: new Date('2026-06-01T00:00:00Z') };
    const { own } = siteWith({}, new Accounts(), clock);
    expect((await deliver(own, user(), { id: '7' })).body).toBe('unlinked');
    expect((await deliver(own, user(), { id: '7' })).body).toBe('duplicate');
    expect((await deliver(own, user(), { id: '8' })).body).toBe('unlinked');
    expect((await deliver(own, user(), { id: '7', event: 'user_approved' })).body).toBe('unlinked');
    expect((await deliver(own, user({ trust_level: 1 }), { id: '7' })).body).toBe('unlinked');
    clock.now = new Date('2026-06-02T23:59:59Z');
    expect((await deliver(own, user(), { id: '7' })).body).toBe('duplicate');
    clock.now = new Date('2026-06-03T00:00:01Z');
    expect((await deliver(own, user(), { id: '7' })).body).not.toBe('duplicate');
  });

  test('of the same delivery many times at once, one is carried out', async () => {
    const { own } = siteWith();
    const replies = await Promise.all(Array.from({ length: 8 }, () => deliver(own, user(), { id: '7' })));
    expect(replies.map(({ body }) => body).sort()).toEqual([...Array(7).fill('duplicate'), 'unlinked']);
  });

  test('an older secret is accepted, and told to the operator', async () => {
    const older = 'the secret of the webhook until now';
    const { own } = siteWith({ webhook: { secret: [secret, older] } });
    expect((await deliver(own, user(), { key: older })).status).toBe(200);
    expect(own.events.map(({ type }) => type)).toEqual(['secret.old_used', 'webhook.received']);
  });

  test('an older secret ends with its "until"', async () => {
    const older = 'the secret of the webhook until now';
    const until = new Date('2026-06-02');
    const clock = { now: new Date('2026-06-01') };
    const webhook = { secret: [secret, { secret: older, until }] };
    const { own } = siteWith({ webhook }, new Accounts(), clock);
    const statuses: unknown[] = [];
    for (const past of [-1, 0, 1]) {
      clock.now = new Date(until.getTime() + past);
      statuses.push((await deliver(own, user(), { key: older })).status);
    }
    expect(statuses).toEqual([200, 401, 401]);
    expect(lastCode(own)).toBe('ERR_WEBHOOK_SIGNATURE_INVALID');
    expect((await deliver(own, user())).status).toBe(200);
  });
});

describe('rights', () => {
  test('a newer event grants and takes, an equal one only takes, an older one is stale, in any order', async () => {
    const { own, groups } = siteWith();
    await new Browser(own).signInWithForum({
      external_id: '42',
      username: 'sam',
      email: 'sam@example.com',
      groups: '',
    });
    expect(groups()).toEqual([]);
    expect((await deliver(own, at('2026-06-02T00:00:00Z', ['eurorack']))).body).toBe('handled');
    expect(groups()).toEqual(['players']);
    expect((await deliver(own, at('2026-06-03T00:00:00Z', []))).body).toBe('handled');
    expect(groups()).toEqual([]);
    // The older event once more, under a new number: it gives nothing back.
    expect((await deliver(own, at('2026-06-02T00:00:00Z', ['eurorack']))).body).toBe('stale');
    expect((await deliver(own, at('2026-06-03T00:00:00Z', ['eurorack']))).body).toBe('handled');
    expect(groups()).toEqual([]);
    await deliver(own, at('2026-06-04T00:00:00Z', ['eurorack']));
    expect(groups()).toEqual(['players']);
    expect((await deliver(own, at('2026-06-04T00:00:00Z', []))).body).toBe('handled');
    expect(groups()).toEqual([]);
  });

  test('what was so before the login gives nothing back, whenever it comes', async () => {
    const { own, groups } = siteWith();
    // Never seen before, and older than the login that said otherwise.
    await new Browser(own).signInWithForum({ ...login, groups: '' });
    expect((await deliver(own, at('2026-05-31T23:59:59Z', ['eurorack']))).body).toBe('handled');
    expect(groups()).toEqual([]);
    // It may take away: the two clocks need not agree.
    await new Browser(own).signInWithForum({ ...login, groups: 'eurorack' });
    expect(groups()).toEqual(['players']);
    expect((await deliver(own, at('2026-05-31T23:59:58Z', []))).body).toBe('handled');
    expect(groups()).toEqual([]);
  });

  test.each([
    ['admin', 'moderator'],
    ['moderator', 'admin'],
  ])(
    'an event that may be old brings nothing but the loss of rights, in the details as well: not %s for somebody who was only %s',
    async (brought, held) => {
      const { own, accounts } = siteWith({ groupMap: { players: ['eurorack'], crew: ['staff'] } });
      await new Browser(own).signInWithForum({
        ...login,
        name: 'Sam',
        groups: 'eurorack,writers',
        [held]: 'true',
      });
      const old = at('2026-05-01T00:00:00Z', ['writers', 'staff'], {
        username: 'before',
        name: 'Before',
        email: 'before@example.com',
        admin: true,
        moderator: true,
      });
      expect((await deliver(own, old)).body).toBe('handled');
      expect(accounts.changes.at(-1)).toMatchObject({
        groups: { join: [], leave: ['players'] },
        forumUser: {
          id: '42',
          username: 'sam',
          name: 'Sam',
          email: 'sam@example.com',
          [brought]: false,
          [held]: true,
          groups: ['writers'],
        },
      });
      expect(await own.store.profiles?.read('discourse-login', '42')).toMatchObject({
        json: expect.stringContaining('"username":"sam"'),
      });
    },
  );

  test('of somebody of whom nothing is known, an event tells no address and no more rights than the account has', async () => {
    const accounts = new Accounts({
      id: 'new-1',
      email: 'a@example.com',
      emailVerified: true,
      moderator: true,
      groups: ['players'],
    });
    const { own } = siteWith({}, accounts);
    await own.store.links?.link('discourse-login', '42', 'new-1');
    await deliver(own, at('2026-05-01T00:00:00Z', ['staff'], { admin: true, moderator: true }));
    expect(accounts.changes).toMatchObject([
      { groups: { join: [], leave: ['players'] }, forumUser: { admin: false, moderator: true } },
    ]);
    expect(accounts.changes[0]?.forumUser).not.toHaveProperty('email');
    expect(accounts.changes[0]?.forumUser).not.toHaveProperty('groups');
  });

  test('an account that was linked without a login is granted nothing by what was stamped before the first webhook came', async () => {
    const accounts = new Accounts({ id: 'new-1', email: 'a@example.com', emailVerified: true, groups: [] });
    const { own, groups } = siteWith({}, accounts);
    await own.store.links?.link('discourse-login', '42', 'new-1');
    const staff = { admin: true, moderator: true };
    // Both are of May, when they were true, and come now.
    await deliver(own, at('2026-05-01T00:00:00Z', ['eurorack'], staff));
    await deliver(own, at('2026-05-01T00:00:01Z', ['eurorack'], staff));
    expect(groups()).toEqual([]);
    expect(accounts.changes).toEqual([]);
    const kept = await readForumProfile(own.store, 'discourse-login', { forumUserId: '42' });
    expect(kept).toMatchObject({ username: 'sam', admin: false, moderator: false, source: 'webhook' });
    expect(kept).not.toHaveProperty('groups');
    expect(kept).not.toHaveProperty('stampedHere');

    await deliver(own, at('2026-06-01T00:00:01Z', ['eurorack'], staff));
    expect(groups()).toEqual(['players']);
    expect(accounts.changes).toMatchObject([{ forumUser: staff }]);
  });

  test('what was stamped before the first webhook came takes away all the same', async () => {
    const groupsBefore = ['players', 'writers'];
    const accounts = new Accounts({
      id: 'new-1',
      email: 'a@example.com',
      emailVerified: true,
      groups: groupsBefore,
    });
    const { own, groups } = siteWith({}, accounts);
    await own.store.links?.link('discourse-login', '42', 'new-1');
    await deliver(own, at('2026-05-01T00:00:01Z', ['eurorack']));
    expect(groups()).toEqual(groupsBefore);
    // The forum's clock may be behind ours.
    expect((await deliver(own, at('2026-05-31T23:59:59Z', []))).body).toBe('handled');
    expect(groups()).toEqual(['writers']);
  });

  test('a suspension that is over ends no session, and one that is not understood does', async () => {
    const { own } = siteWith();
    const browser = new Browser(own);
    await browser.signInWithForum();
    await deliver(own, user({ suspended_till: '2026-05-31T00:00:00Z' }));
    expect(await browser.user()).not.toBeNull();
    await deliver(own, user({ suspended_till: 'for ever' }));
    expect(await browser.user()).toBeNull();
  });

  test('at a site without accounts of its own, losing rights ends the sessions that still have them', async () => {
    const own = site({ webhook: { secret } }, {}, { now: new Date('2026-06-01T00:00:00Z') });
    const browser = new Browser(own);
    await browser.signInWithForum({ ...login, groups: 'eurorack,staff', moderator: 'true' });
    await deliver(own, at('2026-06-02T00:00:00Z', ['eurorack', 'staff', 'more'], { moderator: true }));
    expect(await browser.user()).toMatchObject({ moderator: true });
    await deliver(own, at('2026-06-03T00:00:00Z', ['eurorack', 'staff', 'more']));
    expect(await browser.user()).toBeNull();
    await browser.signInWithForum({ ...login, groups: 'eurorack,staff' });
    expect((await deliver(own, at('2026-05-03T00:00:00Z', ['staff']))).body).toBe('handled');
    expect(await browser.user()).toBeNull();
  });

  test('log-out, suspension and destruction end every session of the person, whatever the name says', async () => {
    for (const [event, more] of [
      ['user_logged_out', {}],
      ['user_suspended', {}],
      ['user_destroyed', {}],
      ['user_updated', { suspended_till: '2030-01-01T00:00:00Z' }],
    ] as const) {
      const { own } = siteWith();
      const [one, two, bystander] = [new Browser(own), new Browser(own), new Browser(own)];
      await one.signInWithForum();
      await two.signInWithForum();
      await bystander.signInWithForum({ external_id: '43', username: 'eve', email: 'eve@example.com' });
      expect((await deliver(own, user(more), { event })).status).toBe(200);
      expect(await one.user()).toBeNull();
      expect(await two.user()).toBeNull();
      expect(await bystander.user()).not.toBeNull();
    }
  });

  test('a log-out that one process hears of ends the sessions that others began', async () => {
    const accounts = new Accounts();
    const shared = { store: memoryStore(), keys: randomBytes(32).toString('hex') };
    const options = { ...accounts.callbacks, webhook: { secret }, logout: { followForum: true } };
    const [one, two] = [site(options, shared), site(options, shared)];
    const [browser, other] = [new Browser(one), new Browser(two)];
    await browser.signInWithForum();
    await other.signInWithForum();
    const cookies = other.cookieHeader();
    expect((await deliver(one, user(), { event: 'user_logged_out' })).body).toBe('handled');
    expect([await browser.user(), await other.user()]).toEqual([null, null]);
    // Whoever signs in again brings no older session back to life.
    await browser.signInWithForum();
    const copy = new Browser(two);
    for (const cookie of cookies.split('; ')) copy.setCookie(`${cookie}; Secure; Path=/`);
    expect(await copy.user()).toBeNull();
  });

  test('the site’s own sessions are ended through its callback', async () => {
    const ended: string[] = [];
    const accounts = new Accounts();
    const own = site(
      { ...accounts.callbacks, webhook: { secret }, logout: { followForum: true } },
      { endSessions: async (id) => void ended.push(id) },
    );
    await new Browser(own).signInWithForum();
    await deliver(own, user(), { event: 'user_logged_out' });
    expect(ended).toEqual(['new-1']);
  });

  test('followForum off: a log-out at the forum is the forum’s own affair', async () => {
    const { own } = siteWith({ logout: {} });
    const browser = new Browser(own);
    await browser.signInWithForum();
    await deliver(own, user(), { event: 'user_logged_out' });
    expect(await browser.user()).not.toBeNull();
  });

  test('an update that the site could not carry out is answered with an error and may come again', async () => {
    let broken = true;
    const accounts = new Accounts();
    const { updateSiteUser } = accounts.callbacks;
    const { own, groups } = siteWith(
      {
        updateSiteUser: async (person, change) => {
          if (broken && change.reason !== 'login') throw new Error('database is down');
          return updateSiteUser(person, change);
        },
      },
      accounts,
    );
    await new Browser(own).signInWithForum({
      external_id: '42',
      username: 'sam',
      email: 'sam@example.com',
      groups: '',
    });
    expect((await deliver(own, at('2026-06-02T00:00:00Z', ['eurorack']))).status).toBe(503);
    expect((await deliver(own, at('2026-06-02T00:00:00Z', ['eurorack']), { id: '9' })).status).toBe(503);
    broken = false;
    // The forum's button "redeliver" repeats the number.
    expect((await deliver(own, at('2026-06-02T00:00:00Z', ['eurorack']), { id: '9' })).body).toBe('handled');
    expect((await deliver(own, at('2026-06-02T00:00:00Z', ['eurorack']), { id: '9' })).body).toBe(
      'duplicate',
    );
    expect(groups()).toEqual(['players']);
  });
});

describe('with the forum’s API', () => {
  /**
   * A forum whose people a test changes as it likes. As a real one does, it shows a person without their address, and
   * the address alone where it is asked for.
   */
  async function forum(more: Parameters<typeof site>[0] = {}, signsIn = true) {
    const users = new Map<string, Record<string, unknown>>([['-1', { id: -1, username: 'system' }]]);
    const looks: string[] = [];
    const server = createServer((request, response) => {
      const [, id, name] =
        /^\/(?:admin\/users\/(-?\d+)|u\/([^/]+)\/emails)\.json$/.exec(request.url ?? '') ?? [];
      let found: object | undefined;
      if (name !== undefined) {
        looks.push(decodeURIComponent(name));
        const person = [...users.values()].find(({ username }) => username === looks.at(-1));
        found = person && { email: person.email, secondary_emails: [] };
      } else {
        const { email: _, ...shown } = users.get(id ?? '') ?? {};
        found = users.has(id ?? '') ? shown : undefined;
      }
      response.writeHead(found === undefined ? 404 : 200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(found ?? { errors: ['gone'], error_type: 'not_found' }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const accounts = new Accounts();
    const { own, groups } = siteWith(
      { forumUrl: `http://127.0.0.1:${address.port}`, api: { key: 'admin-key' }, ...more },
      accounts,
    );
    if (signsIn) await new Browser(own).signInWithForum({ ...login, groups: '' });
    const close = () => new Promise((resolve) => server.close(resolve));
    return { own, accounts, users, looks, groups, close };
  }

  test('what is read back counts, not what was sent; memberships, too', async () => {
    const { own, users, groups, close } = await forum();
    users.set('42', at('2026-06-02T00:00:00Z', []).user);
    expect((await deliver(own, at('2026-09-09T00:00:00Z', ['eurorack']))).body).toBe('handled');
    expect(groups()).toEqual([]);
    users.set('42', at('2026-06-02T00:00:00Z', ['eurorack']).user);
    const membership = { group_user: { id: 1, group_id: 41, user_id: 42 } };
    expect((await deliver(own, membership, { type: 'group_user', event: 'user_added_to_group' })).body).toBe(
      'handled',
    );
    expect(groups()).toEqual(['players']);
    expect(await own.store.profiles?.read('discourse-login', '42')).toMatchObject({
      json: expect.stringContaining('eurorack'),
    });
    await close();
  });

  test('the time zone, which the API does not show, is the newest that a webhook told', async () => {
    const { own, users, close } = await forum();
    const timezone = async () =>
      JSON.parse((await own.store.profiles?.read('discourse-login', '42'))?.json ?? '{}').timezone;
    const told = (time: string, zone?: string) =>
      at(time, [], zone === undefined ? {} : { user_option: { timezone: zone } });
    users.set('42', at('2026-06-02T00:00:09Z', []).user);
    await deliver(own, told('2026-06-02T00:00:00Z', 'Europe/Lisbon'));
    expect(await timezone()).toBe('Europe/Lisbon');
    const membership = { group_user: { id: 1, group_id: 41, user_id: 42 } };
    await deliver(own, membership, { type: 'group_user', event: 'user_added_to_group' });
    await deliver(own, told('2026-06-02T00:00:00Z', 'Asia/Tokyo'));
    expect(await timezone()).toBe('Europe/Lisbon');
    await deliver(own, told('2026-06-03T00:00:00Z'));
    expect(await timezone()).toBeUndefined();
    await close();
  });

  describe('the address, which the API shows only when asked for it', () => {
    const profileOf = async (own: ReturnType<typeof site>) =>
      JSON.parse((await own.store.profiles?.read('discourse-login', '42'))?.json ?? '{}');

    test('is not said to be gone by events in which it is as it was, and not looked at', async () => {
      const { own, accounts, users, looks, close } = await forum();
      users.set('42', user().user);
      await deliver(own, user());
      const membership = { group_user: { id: 1, group_id: 41, user_id: 42 } };
      await deliver(own, membership, { type: 'group_user', event: 'user_added_to_group' });
      const changes = accounts.changes.slice(1).map(({ forumUser }) => forumUser);
      expect(changes).toHaveLength(2);
      for (const change of changes) expect(change).not.toHaveProperty('email');
      expect(await profileOf(own)).toMatchObject({ email: 'sam@example.com', source: 'api' });
      expect(looks).toEqual([]);
      await close();
    });

    test('is asked for when the webhook names another one; what is told is what the forum has now', async () => {
      const { own, accounts, users, looks, close } = await forum();
      users.set('42', user({ email: 'new@example.com' }).user);
      await deliver(own, user({ email: 'new@example.com' }));
      expect(accounts.changes.at(-1)?.forumUser.email).toBe('new@example.com');
      expect(await profileOf(own)).toMatchObject({ email: 'new@example.com' });
      // A webhook from before, sent again: it is the occasion to ask, and its own address gets nowhere.
      await deliver(own, user());
      expect(accounts.changes.at(-1)?.forumUser.email).toBe('new@example.com');
      expect(await profileOf(own)).toMatchObject({ email: 'new@example.com' });
      expect(looks).toEqual(['sam', 'sam']);
      users.set('42', user({ email: null }).user);
      await deliver(own, user({ email: 'older@example.com' }));
      expect(accounts.changes.at(-1)?.forumUser.email).toBe('');
      await close();
    });

    test('is not looked at for a site that is not to have it', async () => {
      const { own, accounts, users, looks, close } = await forum({ exposeEmail: false });
      users.set('42', user({ email: 'new@example.com' }).user);
      await deliver(own, user({ email: 'new@example.com' }));
      expect(accounts.changes.at(-1)?.forumUser.email).toBe('');
      expect(looks).toEqual([]);
      await close();
    });

    test('that cannot be read is an error, changes nothing, and the delivery may come again', async () => {
      const { own, accounts, users, close } = await forum();
      const { email: _, ...hidden } = user({ username: 'other' }).user;
      users.set('42', { ...hidden, email: 42 });
      const changes = accounts.changes.length;
      const moved = user({ email: 'new@example.com' });
      expect((await deliver(own, moved, { id: '7' })).status).toBe(502);
      expect(lastCode(own)).toBe('ERR_DISCOURSE_REPLY_UNEXPECTED');
      expect(accounts.changes).toHaveLength(changes);
      users.set('42', user({ username: 'other', email: 'new@example.com' }).user);
      expect((await deliver(own, moved, { id: '7' })).body).toBe('handled');
      expect(accounts.changes.at(-1)?.forumUser).toMatchObject({
        username: 'other',
        email: 'new@example.com',
      });
      await close();
    });

    test('decides which account a person gets by webhook: the forum’s word of now, not the webhook’s', async () => {
      const ann = { id: 'ann', email: 'ann@example.com', emailVerified: true, username: 'ann' };
      const bea = { id: 'bea', email: 'bea@example.com', emailVerified: true, username: 'bea' };
      const accounts = new Accounts(ann, bea);
      const { own, users, looks, close } = await forum(
        {
          ...accounts.callbacks,
          webhook: { secret, createAccounts: true },
          linkBy: ['email'],
          forumConfirmsEmails: true,
        },
        false,
      );
      users.set('42', user({ email: bea.email }).user);
      // Once the address was Ann's.
      expect((await deliver(own, user({ email: ann.email }), { event: 'user_confirmed_email' })).body).toBe(
        'handled',
      );
      expect(await own.store.links?.findByCommunityUser('discourse-login', '42')).toBe('bea');
      expect(accounts.created).toBe(0);
      expect(looks).toEqual(['sam']);
      await close();
    });
  });

  test('a promotion is read back: it changes the automatic groups', async () => {
    const { own, users, groups, close } = await forum({ groupMap: { players: ['trust_level_2'] } });
    users.set('42', at('2026-05-01T00:00:00Z', ['trust_level_2']).user);
    const promotion = { type: 'user_promoted', event: 'user_promoted' };
    expect((await deliver(own, { user_promoted: { id: 42, username: 'sam' } }, promotion)).body).toBe(
      'handled',
    );
    expect(groups()).toEqual(['players']);
    for (const content of [{ id: '42' }, { id: 0 }, { id: 1.5 }, null, [42]]) {
      expect((await deliver(own, { user_promoted: content }, promotion)).body).toBe('ignored');
    }
    await close();
  });

  test('a destroyed account is retired only once the forum confirms that it is gone', async () => {
    const { own, users, close } = await forum();
    users.set('42', user().user);
    await deliver(own, user(), { event: 'user_destroyed' });
    expect(await own.store.links?.findByCommunityUser('discourse-login', '42')).toBe('new-1');
    users.delete('42');
    await deliver(own, user({ trust_level: 1 }), { event: 'user_destroyed' });
    expect(await own.store.links?.isRetired('discourse-login', '42')).toBe(true);
    expect((await new Browser(own).signInWithForum()).status).toBe(403);
    await close();
  });

  test('a key that may not read users makes nobody look destroyed', async () => {
    const { own, users, close } = await forum();
    users.clear();
    expect((await deliver(own, user(), { event: 'user_destroyed' })).status).toBe(500);
    expect(own.events.at(-1)).toMatchObject({ code: 'ERR_DISCOURSE_KEY_REFUSED' });
    expect(await own.store.links?.isRetired('discourse-login', '42')).toBe(false);
    await close();
  });

  test('who is suspended or gone by what is read back is signed out, whatever the event was', async () => {
    for (const state of [{ suspended_till: '2030-01-01T00:00:00Z' }, null]) {
      const { own, users, close } = await forum();
      const browser = new Browser(own);
      await browser.signInWithForum({ ...login, groups: '' });
      users.delete('42');
      if (state !== null) users.set('42', user(state).user);
      const membership = { group_user: { id: 1, group_id: 41, user_id: 42 } };
      const event = { type: 'group_user', event: 'user_added_to_group' };
      expect((await deliver(own, membership, event)).status).toBe(200);
      expect(await browser.user()).toBeNull();
      expect(await own.store.links?.isRetired('discourse-login', '42')).toBe(state === null);
      await close();
    }
  });

  test('an answer about somebody else, or about nobody, changes nothing', async () => {
    const { own, accounts, users, close } = await forum();
    const changes = accounts.changes.length;
    for (const answer of [user({ id: 43 }).user, { id: '42' }, { ...user().user, groups: 'all' }]) {
      users.set('42', answer);
      expect((await deliver(own, user())).status).toBe(502);
      expect(lastCode(own)).toBe('ERR_DISCOURSE_REPLY_UNEXPECTED');
    }
    expect(accounts.changes).toHaveLength(changes);
    await close();
  });

  test('a person who never signed in here gets no account by webhook, unless the site wants it so', async () => {
    const { own, accounts, users, close } = await forum({}, false);
    users.set('42', user().user);
    const confirmed = { event: 'user_confirmed_email' };
    expect((await deliver(own, user(), confirmed)).body).toBe('unlinked');
    expect(accounts.users.size).toBe(0);
    await close();
  });

  test('webhook.createAccounts: confirmed people get an account before their first login', async () => {
    const { own, accounts, users, groups, close } = await forum(
      { webhook: { secret, createAccounts: true } },
      false,
    );
    const confirmed = { event: 'user_confirmed_email' };
    // Not confirmed, suspended or gone, by what is read back.
    for (const state of [{ active: false }, { staged: true }, { suspended_till: '2030-01-01T00:00:00Z' }]) {
      users.set('42', user(state).user);
      expect((await deliver(own, user(), confirmed)).body).toBe('unlinked');
    }
    expect(accounts.users.size).toBe(0);
    users.set('42', at('2026-05-01T00:00:00Z', ['eurorack']).user);
    expect((await deliver(own, user(), confirmed)).body).toBe('handled');
    expect(accounts.changes.map(({ reason }) => reason)).toEqual(['user_confirmed_email']);
    expect(groups()).toEqual(['players']);
    const browser = new Browser(own);
    await browser.signInWithForum({ ...login, groups: '' });
    expect(await browser.user()).toMatchObject({ id: 'new-1' });
    users.delete('42');
    await deliver(own, user(), { event: 'user_destroyed' });
    users.set('42', user().user);
    expect((await deliver(own, user(), confirmed)).body).toBe('unlinked');
    expect(accounts.created).toBe(1);
    await close();
  });

  test('webhook.createAccounts: an account that the site does not want is no error', async () => {
    const { own, users, close } = await forum(
      { webhook: { secret, createAccounts: true }, createSiteUser: async () => null },
      false,
    );
    users.set('42', user().user);
    expect(await deliver(own, user())).toEqual({ status: 200, body: 'unlinked' });
    await close();
  });

  test('the check tells whether the key can read people', async () => {
    const { own, users, close } = await forum();
    expect((await own.sso.check()).ok).toBe(true);
    users.clear();
    expect((await own.sso.check()).results).toMatchObject([{ code: 'ERR_DISCOURSE_KEY_REFUSED' }]);
    await close();
  });
});
