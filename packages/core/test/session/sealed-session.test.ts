import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { CompactEncrypt } from 'jose';

import { readSiteAddress } from '../../src/http/site-address.js';
import { readKeyRing } from '../../src/keys/key-ring.js';
import { createSealedSession, type SealedSession } from '../../src/session/sealed-session.js';
import { createSealer } from '../../src/session/sealer.js';
import type { SiteUser } from '../../src/site-user.js';
import { memoryStore } from '../../src/store/memory-store.js';

const alice: SiteUser = { id: 'alice', email: 'alice@example.com', emailVerified: true, name: 'Alice' };
const day = 86_400;

/** One browser: keeps what `Set-Cookie` says, sends it with the next request. */
class Browser {
  cookie: string | undefined;
  lastHeader: string | undefined;

  constructor(readonly open: (cookie: string | undefined) => SealedSession) {}

  async visit<T>(work: (session: SealedSession) => Promise<T>): Promise<T> {
    const session = this.open(this.cookie);
    const result = await work(session);
    expect(session.headers.length).toBeLessThanOrEqual(1);
    this.lastHeader = session.headers[0]?.[1];
    const pair = this.lastHeader?.split(';')[0];
    if (pair !== undefined) this.cookie = pair.endsWith('=') ? undefined : pair;
    return result;
  }

  user(): Promise<SiteUser | null> {
    return this.visit((session) => session.currentUser());
  }
}

describe('the built-in session', () => {
  let clock: Date;
  let store: ReturnType<typeof memoryStore>;
  const keys = [randomBytes(32).toString('hex')];
  const now = () => clock;

  function site(
    baseUrl: string,
    {
      findUser,
      keyTexts = keys,
      absoluteSeconds = 7 * day,
    }: {
      findUser?: (id: string) => Promise<SiteUser | null>;
      keyTexts?: string[];
      absoluteSeconds?: number;
    } = {},
  ) {
    const address = readSiteAddress(baseUrl);
    if ('refused' in address) throw new Error(address.detail);
    const ring = readKeyRing(keyTexts, address.origin);
    if ('refused' in ring) throw new Error(ring.detail);
    const open = createSealedSession({
      address,
      sealer: createSealer('session', ring.subKeys('session')),
      revocations: store.revocations,
      life: { rollingSeconds: day, absoluteSeconds },
      now,
      findUser,
    });
    return (cookie: string | undefined) =>
      open({
        method: 'GET',
        url: '/',
        headers: { cookie },
        ip: undefined,
        body: async () => new Uint8Array(),
      });
  }
  const browser = (...parameters: Parameters<typeof site>) => new Browser(site(...parameters));
  const wait = (seconds: number) => {
    clock = new Date(clock.getTime() + seconds * 1_000);
  };

  beforeEach(() => {
    clock = new Date('2026-11-22T12:00:00Z');
    store = memoryStore({ now });
  });

  test('signs in and out', async () => {
    const one = browser('https://site.example.com/sso');
    expect(await one.user()).toBeNull();
    await one.visit((session) => session.signIn(alice));
    expect(one.lastHeader).toMatch(
      /^__Host-fsso-session=[A-Za-z0-9_.-]+; Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure$/,
    );
    expect(one.lastHeader).not.toContain('alice');
    expect(await one.user()).toEqual(alice);
    await one.visit((session) => session.signOut());
    expect(one.lastHeader).toBe('__Host-fsso-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure');
    expect(await one.user()).toBeNull();
  });

  test('on http the port is part of the name, and the cookie is not Secure', async () => {
    const one = browser('http://localhost:3000/sso');
    await one.visit((session) => session.signIn(alice));
    expect(one.lastHeader).toMatch(/^fsso-3000-session=.*; HttpOnly; SameSite=Lax$/);
  });

  test('a copy of the cookie is worthless after a sign-out', async () => {
    const one = browser('https://site.example.com');
    await one.visit((session) => session.signIn(alice));
    const stolen = browser('https://site.example.com');
    stolen.cookie = one.cookie;
    expect(await stolen.user()).toEqual(alice);
    await one.visit((session) => session.signOut());
    expect(await stolen.user()).toBeNull();
  });

  test('each login gets a new session and ends the old one: no fixation', async () => {
    const one = browser('https://site.example.com');
    await one.visit((session) => session.signIn(alice));
    const planted = browser('https://site.example.com');
    planted.cookie = one.cookie;
    await one.visit((session) => session.signIn({ ...alice, id: 'bob' }));
    expect((await one.user())?.id).toBe('bob');
    expect(await planted.user()).toBeNull();
  });

  test('ending all sessions of a person ends them in every browser, and later logins work', async () => {
    const [one, two, other] = [1, 2, 3].map(() => browser('https://site.example.com'));
    if (one === undefined || two === undefined || other === undefined) throw new Error('three browsers');
    await one.visit((session) => session.signIn(alice));
    await two.visit((session) => session.signIn(alice));
    await other.visit((session) => session.signIn({ ...alice, id: 'bob' }));
    await store.revocations.endAll('alice');
    expect(await one.user()).toBeNull();
    expect(await other.user()).not.toBeNull();
    await one.visit((session) => session.signIn(alice));
    expect(await one.user()).toEqual(alice);
    expect(await two.user()).toBeNull();
  });

  test('a store that lost its memory ends sessions rather than reviving any', async () => {
    const open = site('https://site.example.com');
    const one = new Browser(open);
    await one.visit((session) => session.signIn(alice));
    await store.revocations.endAll('alice');
    await store.revocations.join('alice', 'another epoch', day);
    expect(await one.user()).toBeNull();
  });

  test('rolls with visits, and ends at its absolute life', async () => {
    const one = browser('https://site.example.com');
    await one.visit((session) => session.signIn(alice));
    wait(day / 20);
    await one.user();
    expect(one.lastHeader).toBeUndefined();
    for (let i = 0; i < 13; i++) {
      wait(day / 2);
      expect(await one.user()).toEqual(alice);
      expect(one.lastHeader).toBeDefined();
    }
    expect(one.lastHeader).toContain(`Max-Age=${7 * day - (13 * day) / 2 - day / 20}`);
    wait(day / 2);
    expect(await one.user()).toBeNull();
  });

  test('a life that was made shorter counts for sessions that began before', async () => {
    const one = browser('https://site.example.com');
    await one.visit((session) => session.signIn(alice));
    wait(7_200);
    const stricter = browser('https://site.example.com', { absoluteSeconds: 7_200 });
    stricter.cookie = one.cookie;
    expect(await stricter.user()).toBeNull();
    expect(await one.user()).toEqual(alice);
  });

  test('without visits it ends after its rolling life', async () => {
    const one = browser('https://site.example.com');
    await one.visit((session) => session.signIn(alice));
    wait(day);
    expect(await one.user()).toBeNull();
  });

  test('with findUser the cookie holds the id alone and the person is read afresh', async () => {
    let suspended = false;
    const findUser = async (id: string) => (id === 'alice' ? { ...alice, suspended } : null);
    const one = browser('https://site.example.com', { findUser });
    await one.visit((session) => session.signIn(alice));
    suspended = true;
    expect(await one.user()).toMatchObject({ suspended: true });
    const gone = browser('https://site.example.com', { findUser });
    await gone.visit((session) => session.signIn({ ...alice, id: 'gone' }));
    expect(await gone.user()).toBeNull();
  });

  test('somebody whom findUser does not know is nobody, and the session is not renewed', async () => {
    const people: Record<string, SiteUser> = { [alice.id]: alice };
    const one = browser('https://site.example.com', { findUser: async (id) => Reflect.get(people, id) });
    await one.visit((session) => session.signIn(alice));
    delete people[alice.id];
    wait(day / 2);
    expect(await one.user()).toBeNull();
    expect(one.lastHeader).toBeUndefined();
  });

  test('keys rotate: the old one still opens, the new one seals, a removed one ends the session', async () => {
    const [oldKey, newKey] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
    const one = browser('https://site.example.com', { keyTexts: [oldKey] });
    await one.visit((session) => session.signIn(alice));
    const rotated = browser('https://site.example.com', { keyTexts: [newKey, oldKey] });
    rotated.cookie = one.cookie;
    wait(day / 2);
    expect(await rotated.user()).toEqual(alice);
    const done = browser('https://site.example.com', { keyTexts: [newKey] });
    done.cookie = rotated.cookie;
    expect(await done.user()).toEqual(alice);
    done.cookie = one.cookie;
    expect(await done.user()).toBeNull();
  });

  test('a cookie of another site with the same key, a damaged one, or none at all is no session', async () => {
    const one = browser('https://site.example.com');
    await one.visit((session) => session.signIn(alice));
    const [name = '', value = ''] = (one.cookie ?? '').split('=');
    const foreign = browser('https://other.example.com');
    foreign.cookie = one.cookie;
    expect(await foreign.user()).toBeNull();
    const parts = value.split('.');
    for (const broken of [
      '',
      'x',
      value.slice(0, -2),
      `${value}A`,
      parts.with(0, Buffer.from('{"alg":"dir","enc":"A128GCM"}').toString('base64url')).join('.'),
      parts.with(3, `${parts[3]?.startsWith('A') ? 'B' : 'A'}${parts[3]?.slice(1)}`).join('.'),
      'a'.repeat(10_000),
      '%zz',
    ]) {
      const tampered = browser('https://site.example.com');
      tampered.cookie = `${name}=${broken}`;
      expect(await tampered.user()).toBeNull();
    }
  });

  test('is never larger than browsers keep, with name and attributes', async () => {
    const sizes: number[] = [];
    for (let length = 2_600; length < 2_800; length += 2) {
      const one = browser('https://site.example.com');
      const person = { ...alice, bio: 'x'.repeat(length) };
      const fits = await one
        .visit((session) => session.signIn(person))
        .then(
          () => true,
          () => false,
        );
      if (fits) sizes.push(one.lastHeader?.length ?? 0);
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4_096);
    // All but the very last bytes are used, and what is one too many was tried.
    expect(Math.max(...sizes)).toBeGreaterThan(4_090);
    expect(sizes.length).toBeLessThan(100);
  });

  test('a person too large for a cookie is a clear error, and no half session', async () => {
    const one = browser('https://site.example.com');
    await expect(
      one.visit((session) => session.signIn({ ...alice, bio: 'x'.repeat(4_000) })),
    ).rejects.toMatchObject({
      code: 'ERR_SESSION_TOO_LARGE',
      detail: expect.stringContaining('findUser'),
    });
    expect(await one.user()).toBeNull();
  });
});

test('a sealer opens only what was sealed for its purpose', async () => {
  const ring = readKeyRing([randomBytes(32).toString('hex')], 'https://site.example.com');
  if ('refused' in ring) throw new Error(ring.detail);
  const now = new Date();
  const soon = new Date(now.getTime() + 60_000);
  const session = createSealer('session', ring.subKeys('session'));
  // The same keys under another purpose: what stands inside decides as well.
  const attempt = createSealer('attempt', ring.subKeys('session'));
  const sealed = await session.seal({ userId: 'alice' }, soon);
  expect(await session.open(sealed, now)).toMatchObject({ userId: 'alice' });
  expect(await attempt.open(sealed, now)).toBeNull();
  expect(await session.open(sealed, soon)).toBeNull();
});

test('a sealer opens one form of sealing alone, and nothing longer than a cookie', async () => {
  const ring = readKeyRing([randomBytes(32).toString('hex')], 'https://site.example.com');
  if ('refused' in ring) throw new Error(ring.detail);
  const now = new Date();
  const soon = new Date(now.getTime() + 60_000);
  const [{ id, key }] = ring.subKeys('session');
  const session = createSealer('session', ring.subKeys('session'));
  const content = {
    purpose: 'session',
    claims: { userId: 'alice' },
    exp: Math.floor(soon.getTime() / 1_000),
  };
  const sealWith = (header: { alg: string; enc: string }): Promise<string> =>
    new CompactEncrypt(new TextEncoder().encode(JSON.stringify(content)))
      .setProtectedHeader({ ...header, kid: id })
      .encrypt(key);
  expect(await session.open(await sealWith({ alg: 'dir', enc: 'A256GCM' }), now)).toEqual(content.claims);
  // The key fits these, too.
  expect(await session.open(await sealWith({ alg: 'dir', enc: 'A128CBC-HS256' }), now)).toBeNull();
  expect(await session.open(await sealWith({ alg: 'A256KW', enc: 'A256GCM' }), now)).toBeNull();
  expect(await session.open(await sealWith({ alg: 'A256GCMKW', enc: 'A256GCM' }), now)).toBeNull();

  expect(await session.open(await session.seal({ text: 'x'.repeat(2_500) }, soon), now)).not.toBeNull();
  expect(await session.open(await session.seal({ text: 'x'.repeat(3_100) }, soon), now)).toBeNull();
});
