import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { SsoRequest } from '../../src/http/request.js';
import { storeQueue } from '../../src/push/store-queue.js';
import type { SiteSession } from '../../src/session/site-session.js';
import type { SiteUser } from '../../src/site-user.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { alice, Forum, gate, secret, siteOf, until, untilIdle } from './forum.js';

const sync = /sync_sso/;
let forum: Forum;

beforeEach(async () => {
  forum = await Forum.start();
});
afterEach(() => forum.stop());

/** The forum sends a browser to the site; the site's answer. */
function loginRequest(forumUrl: string): SsoRequest {
  const fields = new URLSearchParams({
    nonce: 'n'.repeat(32),
    return_sso_url: `${forumUrl}/session/sso_login`,
  });
  const sso = Buffer.from(String(fields)).toString('base64');
  const sig = createHmac('sha256', secret).update(sso).digest('hex');
  return {
    method: 'GET',
    url: `/sso/discourse?${new URLSearchParams({ sso, sig })}`,
    headers: { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' },
    ip: '127.0.0.1',
    body: async () => new Uint8Array(),
  };
}

function sessionOf(user: SiteUser): SiteSession {
  return { currentUser: async () => user, signIn: async () => {}, signOut: async () => {} };
}

describe('a person who was removed', () => {
  test('is sent nothing about: not by push, not at once, not by a login', async () => {
    const { sso, events } = siteOf(forum);
    await sso.pushNow(alice);
    expect(forum.accounts.size).toBe(1);
    const report = await sso.remove(alice.id);
    expect(report.ok).toBe(true);
    expect(report.byHand).toEqual([expect.stringMatching(/^discourse: The posts stay/)]);
    expect(forum.accounts.size).toBe(0);

    expect((await sso.pushNow(alice)).results).toEqual([
      { connector: 'discourse', outcome: 'skipped', reason: expect.stringContaining('restore') },
    ]);
    await sso.push(alice.id);
    await untilIdle({ sso });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'push.done', notes: [expect.stringContaining('removed')] }),
    );
    const login = await sso.handle(loginRequest(forum.url), sessionOf(alice));
    expect(login?.status).toBe(403);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'request.refused', code: 'ERR_USER_REMOVED' }),
    );
    expect(forum.count(sync)).toBe(1);
    expect(forum.accounts.size).toBe(0);
    expect(await sso.suspend(alice.id)).toMatchObject({ results: [{ outcome: 'skipped' }] });
  });

  test('does not come back by a push that was tried in vain before', async () => {
    const retry = { attempts: 9, firstSeconds: 0.3, longestSeconds: 0.3 };
    const { sso, events } = siteOf(forum, { queue: storeQueue({ retry }) });
    await sso.pushNow(alice);
    // A text is no number of seconds, so that the default would be to wait for a minute: say at once.
    forum.hold = async (line) =>
      sync.test(line) ? { status: 429, body: { extras: { wait_seconds: 1 } } } : null;
    await sso.push(alice.id);
    await until('the push failed', () => events.some(({ type }) => type === 'push.failed'));
    forum.hold = null;
    await sso.remove(alice.id);
    await untilIdle({ sso });
    expect(forum.accounts.size).toBe(0);
    expect(forum.lines.at(-1)).toMatch(/anonymize/);
  });

  test('is not even read any more', async () => {
    let reads = 0;
    const { sso } = siteOf(forum, {
      findUser: async () => {
        reads++;
        return alice;
      },
    });
    await sso.remove(alice.id);
    await sso.push(alice.id);
    await untilIdle({ sso });
    expect(reads).toBe(0);
    expect(forum.count(sync)).toBe(0);
  });

  test('does not come back by a dead letter that is replayed', async () => {
    const { sso, events } = siteOf(forum);
    await sso.pushNow(alice);
    forum.hold = async (line) => (sync.test(line) ? { status: 422, body: { failed: 'FAILED' } } : null);
    await sso.push(alice.id);
    await until('it is dead', async () => (await sso.queue.deadLetters()).length === 1);
    forum.hold = null;
    await sso.remove(alice.id);
    const before = forum.count(sync);
    expect(await sso.queue.replay()).toBe(1);
    await untilIdle({ sso });
    expect(forum.count(sync)).toBe(before);
    expect(forum.accounts.size).toBe(0);
    expect(events.at(-1)).toMatchObject({ type: 'push.done', notes: [expect.stringContaining('removed')] });
  });

  test('does not come back by a push that is under way: the removal comes after it', async () => {
    const { sso } = siteOf(forum);
    await sso.pushNow(alice);
    const slow = gate();
    forum.hold = async (line) => {
      if (sync.test(line)) await slow.passed;
      return null;
    };
    const pushing = sso.pushNow({ ...alice, name: 'Late' });
    await until('the push is under way', () => forum.count(sync) === 2);
    const removing = sso.remove(alice.id);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(forum.count(/anonymize/)).toBe(0);
    slow.open();
    await Promise.all([pushing, removing]);
    expect(forum.accounts.size).toBe(0);
    expect(forum.lines.at(-1)).toMatch(/anonymize/);
  });

  test('does not come back by a push that was about to read them', async () => {
    const reading = gate();
    const store = memoryStore();
    const { sso, events } = siteOf(forum, {
      store,
      findUser: async () => {
        await reading.passed;
        return alice;
      },
    });
    await sso.push(alice.id);
    await until('it reads', async () => (await sso.queue.metrics())[0]?.running === 1);
    // As another process would, which is not held up by this one.
    await store.people.remove(alice.id);
    reading.open();
    await untilIdle({ sso });
    expect(events.at(-1)).toMatchObject({ type: 'push.done', notes: [expect.stringContaining('removed')] });
    expect(forum.lines).toEqual([]);
  });

  test('loses the built-in session', async () => {
    const store = memoryStore();
    const { sso } = siteOf(forum, { store });
    await store.revocations.join(alice.id, 'epoch', 60);
    await sso.remove(alice.id);
    expect(await store.revocations.isLive(alice.id, 'epoch', 'sid')).toBe(false);
  });

  test('comes back by restore alone', async () => {
    const { sso } = siteOf(forum);
    await sso.remove(alice.id);
    expect((await sso.restore(alice.id)).ok).toBe(true);
    expect((await sso.pushNow(alice)).results).toMatchObject([{ outcome: 'done' }]);
    expect((await sso.handle(loginRequest(forum.url), sessionOf(alice)))?.status).toBe(302);
    expect(forum.accounts.size).toBe(1);
  });

  test('is removed later when the forum cannot do it now, unless that is taken back', async () => {
    const { sso } = siteOf(forum, {
      queue: storeQueue({ retry: { attempts: 3, firstSeconds: 0.1, longestSeconds: 1 } }),
    });
    await sso.pushNow(alice);
    forum.hold = async (line) =>
      /anonymize/.test(line) ? { status: 429, body: { extras: { wait_seconds: 1 } } } : null;
    const report = await sso.remove(alice.id);
    expect(report.results).toMatchObject([
      { outcome: 'failed', code: 'ERR_DISCOURSE_RATE_LIMITED', queued: true },
    ]);
    expect(report.byHand).toEqual([]);
    forum.hold = null;
    await untilIdle({ sso });
    expect(forum.accounts.size).toBe(0);

    await sso.restore(alice.id);
    await sso.pushNow(alice);
    forum.hold = async (line) =>
      /anonymize/.test(line) ? { status: 429, body: { extras: { wait_seconds: 1 } } } : null;
    await sso.remove(alice.id);
    await sso.restore(alice.id);
    forum.hold = null;
    await untilIdle({ sso });
    expect(forum.accounts.size).toBe(1);
  });

  test('when the store is silent nothing is sent', async () => {
    const sound = memoryStore();
    const store = {
      ...sound,
      shared: true,
      people: {
        ...sound.people,
        remove: async () => {
          throw new Error('down');
        },
        standing: async () => {
          throw new Error('down');
        },
      },
    };
    const { sso, events } = siteOf(forum, { store });
    await expect(sso.remove(alice.id)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    expect((await sso.pushNow(alice)).results).toMatchObject([
      { outcome: 'failed', code: 'ERR_STORE_UNAVAILABLE', retryAfter: 0 },
    ]);
    const login = await sso.handle(loginRequest(forum.url), sessionOf(alice));
    expect(login?.status).toBe(503);
    expect(events.at(-1)).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    expect(forum.lines).toEqual([]);
    await sso.close(0);
  });
});

describe('a person who was suspended', () => {
  test('is kept out, sent nothing about, and let in again', async () => {
    const { sso, events } = siteOf(forum);
    await sso.pushNow(alice);
    expect((await sso.suspend(alice.id, { reason: 'spam' })).ok).toBe(true);
    expect([...forum.accounts.values()]).toMatchObject([{ suspended: true }]);
    expect((await sso.pushNow({ ...alice, name: 'New' })).results).toMatchObject([{ outcome: 'skipped' }]);
    await sso.push(alice.id);
    await untilIdle({ sso });
    const login = await sso.handle(loginRequest(forum.url), sessionOf(alice));
    expect(login?.status).toBe(403);
    expect(events.at(-1)).toMatchObject({ code: 'ERR_USER_SUSPENDED' });
    expect(forum.count(sync)).toBe(1);

    await sso.restore(alice.id);
    expect([...forum.accounts.values()]).toMatchObject([{ suspended: false }]);
    expect((await sso.pushNow({ ...alice, name: 'New' })).results).toMatchObject([{ outcome: 'done' }]);
    expect([...forum.accounts.values()]).toMatchObject([{ name: 'New' }]);
  });

  test('is let in again when the time is over', async () => {
    let now = new Date('2030-01-01T00:00:00Z');
    const { sso } = siteOf(forum, { now: () => now });
    await sso.suspend(alice.id, { until: new Date('2030-01-02T00:00:00Z') });
    expect((await sso.pushNow(alice)).results).toMatchObject([{ outcome: 'skipped' }]);
    now = new Date('2030-01-02T00:00:01Z');
    expect((await sso.pushNow(alice)).results).toMatchObject([{ outcome: 'done' }]);
  });

  test.each([new Date(Number.NaN), new Date('soon'), '2030-01-01', 1_893_456_000_000])(
    'until %p is an error, and nothing is done: some communities would take it for over',
    async (until) => {
      const { sso } = siteOf(forum);
      await sso.pushNow(alice);
      const suspend = Reflect.apply(sso.suspend, sso, [alice.id, { until }]);
      await expect(suspend).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' });
      expect([...forum.accounts.values()]).toMatchObject([{ suspended: false }]);
      expect((await sso.pushNow(alice)).results).toMatchObject([{ outcome: 'done' }]);
    },
  );

  test('by the site itself is sent nothing about, either', async () => {
    const { sso, users, events } = siteOf(forum);
    users.set(alice.id, { ...alice, suspended: true });
    await sso.push(alice.id);
    await untilIdle({ sso });
    expect(forum.lines).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: 'push.done', notes: [expect.stringContaining('suspended')] });
  });
});

test('what connectors read through findUser says who was suspended or removed', async () => {
  const found: (SiteUser | null | undefined)[] = [];
  const { sso } = siteOf(forum, {
    connectors: [
      {
        kind: 'test',
        name: 'test',
        setUp: ({ findUser }) => ({
          routes: [],
          check: async () => {
            found.push(await findUser?.(alice.id), await findUser?.('nobody'));
            return { done: true };
          },
        }),
      },
    ],
  });
  await sso.check();
  await sso.suspend(alice.id);
  await sso.check();
  await sso.remove(alice.id);
  await sso.check();
  expect(found).toEqual([
    alice,
    null,
    { ...alice, suspended: true },
    null,
    { ...alice, suspended: true },
    null,
  ]);
});
