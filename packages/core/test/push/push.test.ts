import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { ActiveConnector, Connector, Delivery } from '../../src/connector.js';
import { refusal } from '../../src/errors.js';
import { createForumSso } from '../../src/forum-sso.js';
import { storeQueue } from '../../src/push/store-queue.js';
import type { SiteUser } from '../../src/site-user.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { alice, Forum, gate, keys, secret, siteOf, until, untilIdle } from './forum.js';

let forum: Forum;

beforeEach(async () => {
  forum = await Forum.start();
});
afterEach(() => forum.stop());

const connectorOf = (parts: Partial<ActiveConnector>, name = 'test'): Connector => ({
  kind: 'test',
  name,
  setUp: () => ({ routes: [], ...parts }),
});

describe('push', () => {
  test('says what was queued and what is impossible, and sends what findUser finds', async () => {
    const sent: SiteUser[] = [];
    const { sso, events } = siteOf(forum, {
      connectors: [
        connectorOf({
          push: async (user): Promise<Delivery> => {
            sent.push(user);
            return { done: true, notes: ['A note.'] };
          },
        }),
        connectorOf({ push: 'There is no way.' }, 'other'),
        connectorOf({}, 'third'),
      ],
    });
    expect(await sso.push(alice.id)).toEqual({
      results: [
        { connector: 'test', outcome: 'queued' },
        { connector: 'other', outcome: 'impossible', reason: 'There is no way.' },
      ],
    });
    await untilIdle({ sso });
    expect(sent).toEqual([alice]);
    expect(events).toMatchObject([
      { type: 'push.done', connector: 'test', kind: 'push', notes: ['A note.'], user: expect.any(String) },
    ]);
    expect(JSON.stringify(events)).not.toContain(alice.id);
  });

  test('needs findUser, and says so', async () => {
    const options = {
      baseUrl: 'https://site.example.com/sso',
      keys,
      connectors: [connectorOf({ push: async () => ({ done: true }) })],
    };
    await expect(createForumSso(options).push('1')).rejects.toMatchObject({ code: 'ERR_PUSH_NOT_SET_UP' });
    expect(() => createForumSso({ ...options, queue: storeQueue() })).toThrow('findUser is missing');
    expect(() => Reflect.apply(createForumSso, undefined, [{ ...options, queue: {} }])).toThrow('queue.kind');
  });

  test.each(['', 'x'.repeat(256), 5, null])('refuses the id %j', async (id) => {
    const { sso } = siteOf(forum);
    for (const method of ['push', 'signedIn', 'signOut', 'suspend', 'remove', 'restore'] as const) {
      await expect(Reflect.apply(sso[method], sso, [id, {}])).rejects.toMatchObject({
        code: 'ERR_SITE_USER_INVALID',
      });
    }
  });

  test('a findUser that fails is asked again; one that returns another person is not', async () => {
    let calls = 0;
    const { sso, events } = siteOf(forum, {
      queue: storeQueue({ retry: { attempts: 3, firstSeconds: 0.01, longestSeconds: 0.01 } }),
      findUser: async (id) => {
        calls++;
        if (id === 'down') throw new Error('the database of alice@example.com is down');
        return id === 'broken' ? { ...alice, email: 'none' } : alice;
      },
    });
    for (const id of ['down', 'broken', 'other']) await sso.push(id);
    await until('all were tried', () => events.length === 5);
    const told = events.map((event) => (event.type === 'push.failed' ? [event.code, event.next] : event));
    expect(told.sort()).toEqual([
      ['ERR_SITE_CALLBACK_FAILED', 'dead'],
      ['ERR_SITE_CALLBACK_FAILED', 'retry'],
      ['ERR_SITE_CALLBACK_FAILED', 'retry'],
      ['ERR_SITE_USER_INVALID', 'dead'],
      ['ERR_SITE_USER_INVALID', 'dead'],
    ]);
    expect(calls).toBe(5);
    expect(JSON.stringify(events)).not.toContain('alice@example.com');
    expect(forum.lines).toEqual([]);
  });

  test('a sign-in is news for whoever wants it, also for a further system of a connector', async () => {
    const told: string[] = [];
    const signIn = (system: string) => async (user: SiteUser) => {
      told.push(`${system}: ${user.id}`);
      return { done: true } as const;
    };
    const { sso, events } = siteOf(forum, {
      connectors: [
        connectorOf({
          push: async () => ({ done: true }),
          signIn: signIn('own'),
          others: [{ name: 'other', signIn: signIn('other') }],
        }),
      ],
    });
    const { results } = await sso.signedIn(alice.id);
    const [own = '', other = ''] = results.map(({ connector }) => connector);
    expect(other).toBe(`${own}-other`);
    const visit = await sso.visit({
      ...{ method: 'GET', url: '/', headers: {}, ip: undefined, body: async () => new Uint8Array() },
    });
    await until('both were told', () => events.length === 2);
    await visit.signIn(alice);
    await until('and once more', () => events.length === 4);
    expect(told.sort()).toEqual([...Array(2).fill('other: u1'), ...Array(2).fill('own: u1')]);
    expect(events).toMatchObject(Array(4).fill({ type: 'push.done', kind: 'signIn' }));
    expect(sso.connectors).toEqual([own]);

    await sso.suspend(alice.id);
    await sso.signedIn(alice.id);
    await until('it was looked at', () => events.length === 6);
    expect(told).toHaveLength(4);
    await expect(siteOf(forum, { findUser: undefined }).sso.signedIn('u1')).rejects.toMatchObject({
      code: 'ERR_PUSH_NOT_SET_UP',
    });
  });

  test('a connector that throws is tried again', async () => {
    let calls = 0;
    const { sso, events } = siteOf(forum, {
      connectors: [
        connectorOf({
          push: async () => {
            calls++;
            throw new Error('a bug');
          },
        }),
      ],
    });
    await sso.push(alice.id);
    await until('it failed', () => events.length === 1);
    expect(events).toMatchObject([{ type: 'push.failed', code: 'ERR_INTERNAL', next: 'retry' }]);
    expect(calls).toBe(1);
  });

  test("the forum's pace is its default limit, just below", async () => {
    const { sso, users } = siteOf(forum, {}, { api: { key: 'the-admin-key' } });
    users.set('u2', { ...alice, id: 'u2' });
    await sso.push(alice.id);
    await sso.push('u2');
    const start = performance.now();
    await until('the first was sent', () => forum.lines.length === 1);
    await until('the second was sent', () => forum.lines.length === 2);
    // A quarter of a slot of 1,030 ms may be made up for.
    expect(performance.now() - start).toBeGreaterThan(750);
    expect(() => siteOf(forum, {}, { api: { key: 'k', callsPerMinute: 0 } })).toThrow('api.callsPerMinute');
  });

  test('nothing is taken after close, and what runs is waited for', async () => {
    const { sso } = siteOf(forum);
    const slow = gate();
    forum.hold = async () => {
      await slow.passed;
      return null;
    };
    await sso.push(alice.id);
    await until('it is under way', () => forum.lines.length === 1);
    let closed = false;
    const closing = sso.close().then(() => {
      closed = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(closed).toBe(false);
    slow.open();
    await closing;
    expect(forum.accounts.size).toBe(1);
    await expect(sso.push(alice.id)).rejects.toMatchObject({ code: 'ERR_PUSH_QUEUE_CLOSED' });
  });

  test('a store that fails now and then loses nothing', async () => {
    const sound = memoryStore();
    let calls = 0;
    const jobs = new Proxy(sound.jobs, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        return (...args: unknown[]): unknown => {
          if (name === 'complete' && ++calls === 1) throw new Error('down');
          return typeof method === 'function' ? Reflect.apply(method, target, args) : method;
        };
      },
    });
    const { sso, events } = siteOf(forum, { store: { ...sound, jobs, shared: true } });
    await sso.push(alice.id);
    await untilIdle({ sso });
    expect(forum.lines).toHaveLength(2);
    expect(events.map(({ type }) => type)).toEqual(['push.done', 'push.stalled', 'push.done']);
    await sso.close();
  });
});

describe('pushNow', () => {
  test('of two states the older never goes last, whoever is quicker', async () => {
    const store = memoryStore();
    const names: (string | undefined)[] = [];
    const first = gate();
    const reading = gate();
    const { sso } = siteOf(forum, {
      store,
      connectors: [
        connectorOf({
          push: async (user) => {
            if (names.length === 0) await first.passed;
            names.push(user.name);
            return { done: true };
          },
        }),
      ],
      findUser: async () => {
        await reading.passed;
        return { ...alice, name: 'newest' };
      },
    });
    const one = sso.pushNow({ ...alice, name: 'one' });
    const two = sso.pushNow({ ...alice, name: 'two' });
    const three = sso.pushNow({ ...alice, name: 'three' });
    first.open();
    reading.open();
    await Promise.all([one, two, three]);
    expect(names).toEqual(['one', 'two', 'three']);
    // A state that was known before the newest was sent, and comes to be sent after it.
    const late = await store.people.nextVersion(alice.id);
    await sso.push(alice.id);
    await untilIdle({ sso });
    expect(names.at(-1)).toBe('newest');
    expect(await store.people.takeVersion('test', alice.id, late)).toBe(false);
  });

  test('a state that was overtaken is not sent, and the report says so', async () => {
    const sound = memoryStore();
    // Another process sends a newer state while this one waits for its turn.
    const people = { ...sound.people, takeVersion: async () => false };
    const { sso } = siteOf(forum, { store: { ...sound, people } });
    expect((await sso.pushNow(alice)).results).toEqual([
      { connector: 'discourse', outcome: 'skipped', reason: expect.stringContaining('newer') },
    ]);
    expect(forum.lines).toEqual([]);
  });
});

describe('sign-out, suspension, removal', () => {
  test('what a community cannot do is left to people, and said', async () => {
    const { sso } = siteOf(forum, {
      connectors: [
        connectorOf({
          remove: 'There is no way: do it by hand.',
          suspend: 'No.',
          signOut: 'No.',
          restore: 'No.',
        }),
        connectorOf(
          { remove: async () => ({ done: true, notes: ['x'], byHand: ['Burn the paper.'] }) },
          'two',
        ),
        connectorOf(
          { remove: async () => ({ done: false, refusal: refusal('ERR_INTERNAL', 'x') }) },
          'three',
        ),
        connectorOf({}, 'four'),
      ],
    });
    const report = await sso.remove(alice.id);
    expect(report.byHand).toEqual([
      'test: There is no way: do it by hand.',
      'two: Burn the paper.',
      'three: It failed (ERR_INTERNAL); call remove again once that is mended.',
    ]);
    expect(report.results.map(({ outcome }) => outcome)).toEqual(['impossible', 'done', 'failed']);
    for (const method of ['suspend', 'signOut', 'restore'] as const) {
      expect((await sso[method](alice.id)).results).toEqual([
        { connector: 'test', outcome: 'impossible', reason: 'No.' },
      ]);
    }
  });

  test('a sign-out does not wait for a push that is under way', async () => {
    const { sso } = siteOf(forum);
    await sso.pushNow(alice);
    const slow = gate();
    forum.hold = async (line) => {
      if (/sync_sso/.test(line)) await slow.passed;
      return null;
    };
    const pushing = sso.pushNow(alice);
    await until('it is under way', () => forum.count(/sync_sso/) === 2);
    expect((await sso.signOut(alice.id)).ok).toBe(true);
    slow.open();
    await pushing;
  });

  test('what the queue does not take is not said to be queued', async () => {
    const { sso } = siteOf(forum);
    await sso.close();
    forum.hold = async () => ({ status: 503 });
    const [result] = (await sso.signOut(alice.id)).results;
    expect(result).toMatchObject({ outcome: 'failed', retryAfter: 0 });
    expect(result).not.toHaveProperty('queued');
  });
});

describe('a login whose answer was too long', () => {
  const bio = 'b'.repeat(3_000);

  async function logIn(site: ReturnType<typeof siteOf>): Promise<void> {
    const fields = new URLSearchParams({
      nonce: 'n'.repeat(32),
      return_sso_url: `${forum.url}/session/sso_login`,
    });
    const sso = Buffer.from(String(fields)).toString('base64');
    const sig = createHmac('sha256', secret).update(sso).digest('hex');
    const reply = await site.sso.handle(
      {
        method: 'GET',
        url: `/sso/discourse?${new URLSearchParams({ sso, sig })}`,
        headers: { 'sec-fetch-dest': 'document' },
        ip: '127.0.0.1',
        body: async () => new Uint8Array(),
      },
      { currentUser: async () => ({ ...alice, bio }), signIn: async () => {}, signOut: async () => {} },
    );
    expect(reply?.status).toBe(302);
  }

  test('is followed by a push of all fields', async () => {
    const site = siteOf(forum);
    site.users.set(alice.id, { ...alice, bio });
    await logIn(site);
    expect(site.events[0]).toMatchObject({ type: 'login.slimmed', leftOut: ['bio'], pushed: true });
    await untilIdle(site);
    expect(forum.lines).toEqual(['POST /admin/users/sync_sso.json']);
  });

  test('is not, without findUser, without a key, or when the queue takes nothing; the login goes on', async () => {
    const { findUser: _, ...without } = { findUser: undefined };
    const options = { baseUrl: 'https://site.example.com/sso', keys, ...without };
    const events: unknown[] = [];
    const { discourse } = await import('../../src/discourse/index.js');
    const noFindUser = createForumSso({
      ...options,
      connectors: [discourse({ forumUrl: forum.url, secret, api: { key: 'k' } })],
      events: (event) => events.push(event),
    });
    await logIn({ sso: noFindUser, events: [], users: new Map() });
    expect(events[0]).toMatchObject({ type: 'login.slimmed', pushed: false });

    const closed = siteOf(forum);
    await closed.sso.close();
    await logIn(closed);
    expect(closed.events[0]).toMatchObject({ type: 'login.slimmed', pushed: false });

    const noKey = siteOf(forum, {
      connectors: [discourse({ forumUrl: forum.url, secret })],
    });
    await logIn(noKey);
    expect(noKey.events[0]).toMatchObject({ type: 'login.slimmed', pushed: false });
    expect(forum.lines).toEqual([]);
  });
});

test('a shared store that forgets is warned of, once, when something can be pushed', () => {
  const sound = memoryStore();
  const { people: _, jobs: __, ...forgetful } = { ...sound, shared: true };
  const warned = siteOf(forum, { store: forgetful });
  expect(warned.events).toMatchObject([
    { type: 'setup.warning', detail: expect.stringMatching(/no people or no jobs/) },
  ]);
  expect(siteOf(forum, { store: { ...sound, shared: true } }).events).toEqual([]);
  expect(siteOf(forum, { store: forgetful, connectors: [connectorOf({})] }).events).toEqual([]);
});
