import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';

import { afterEach, describe, expect, test } from '@jest/globals';

import { isForumSsoError } from '../../src/errors.js';
import { createForumSso } from '../../src/forum-sso.js';
import { type FruumOptions, fruum, signUserHash } from '../../src/fruum/index.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { ForumSsoStore } from '../../src/store/store.js';
import { alice, type Site, secret, startSite } from './site.js';

const sites: Site[] = [];
afterEach(async () => {
  await Promise.all(sites.splice(0).map((site) => site.close()));
});
async function open(...options: Parameters<typeof startSite>): Promise<Site> {
  const site = await startSite(...options);
  sites.push(site);
  return site;
}

const aliceReply = {
  id: 'u-1',
  anonymous: false,
  admin: false,
  username: 'alice',
  displayname: 'Alice Example',
  email: 'alice@site.example.com',
};
const hashOf = (site: Site, id = 'u-1', seconds = 3_600): string =>
  signUserHash(id, {
    secret,
    forumId: 'myforum',
    expiresAt: new Date(site.now().getTime() + seconds * 1_000),
  });
const payload = (site: Site, id = 'u-1'): string => JSON.stringify({ id, hash: hashOf(site, id) });

/** Whatever is asked: 200, JSON, kept by nobody. */
async function replyTo(site: Site, body: string | Uint8Array, headers = {}, query = ''): Promise<unknown> {
  const answer = await site.post(`/sso/fruum/auth${query}`, body, headers);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('content-encoding')).toBeNull();
  expect(answer.headers.get('set-cookie')).toBeNull();
  const bytes = new Uint8Array(await answer.arrayBuffer());
  expect(bytes[0]).toBe('{'.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
const refusals = (site: Site): string[] =>
  site.events.flatMap((event) => (event.type === 'request.refused' ? [event.code] : []));

describe('the auth URL', () => {
  test('a good hash is answered with the account', async () => {
    const site = await open();
    expect(await replyTo(site, payload(site), { 'Content-Type': 'application/json' })).toEqual(aliceReply);
    expect(site.events).toMatchObject([{ type: 'login.answered', connector: 'fruum' }]);
    expect(JSON.stringify(site.events)).not.toMatch(/u-1|alice|site\.example/);
  });

  test.each<[string, string | Uint8Array, string]>([
    ['nothing', '', 'ERR_FRUUM_PAYLOAD_MALFORMED'],
    ['an empty object', '{}', 'ERR_FRUUM_PAYLOAD_MALFORMED'],
    ['a text', '"abc"', 'ERR_FRUUM_PAYLOAD_MALFORMED'],
    ['a number', '7', 'ERR_FRUUM_PAYLOAD_MALFORMED'],
    ['a list', '[]', 'ERR_FRUUM_PAYLOAD_MALFORMED'],
    ['no JSON', 'id=u-1&hash=h', 'ERR_FRUUM_PAYLOAD_MALFORMED'],
    ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'ERR_FRUUM_PAYLOAD_MALFORMED'],
    ['a list for a hash', '{"id":"u-1","hash":[]}', 'ERR_FRUUM_PAYLOAD_MALFORMED'],
    ['a bad hash', '{"id":"u-1","hash":"x"}', 'ERR_FRUUM_HASH_INVALID'],
    ['too much', JSON.stringify({ id: 'u-1', more: 'x'.repeat(4_096) }), 'ERR_BODY_TOO_LARGE'],
  ])('%s is answered with {}, and the log says why', async (_name, body, code) => {
    const site = await open();
    expect(await replyTo(site, body)).toEqual({});
    expect(refusals(site)).toEqual([code]);
  });

  test('exactly 4 096 bytes are read', async () => {
    const site = await open();
    const { id, hash } = JSON.parse(payload(site));
    const empty = JSON.stringify({ id, hash, more: '' });
    const padded = (bytes: number) => JSON.stringify({ id, hash, more: 'x'.repeat(bytes - empty.length) });
    expect(await replyTo(site, padded(4_096))).toEqual(aliceReply);
    expect(await replyTo(site, padded(4_097))).toEqual({});
  });

  test('another method is refused without a user', async () => {
    const site = await open();
    const answer = await fetch(site.authUrl);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST');
  });

  test('the account is read afresh each time: suspended, demoted, gone', async () => {
    const site = await open();
    const same = payload(site);
    site.accounts.set('u-1', { ...alice, admin: true });
    expect(await replyTo(site, same)).toEqual({ ...aliceReply, admin: true });
    site.accounts.set('u-1', { ...alice, admin: false });
    expect(await replyTo(site, same)).toEqual(aliceReply);
    site.accounts.set('u-1', { ...alice, suspended: true });
    expect(await replyTo(site, same)).toEqual({});
    site.accounts.delete('u-1');
    expect(await replyTo(site, same)).toEqual({});
    expect(refusals(site)).toEqual(['ERR_USER_SUSPENDED', 'ERR_FRUUM_USER_UNKNOWN']);
  });

  test('a site that does not find the account in time: {} at the deadline', async () => {
    const site = await open({ deadline: 0.2 }, { deadFindUser: true });
    const before = Date.now();
    expect(await replyTo(site, payload(site))).toEqual({});
    expect(Date.now() - before).toBeLessThan(2_900);
    expect(refusals(site)).toEqual(['ERR_SITE_CALLBACK_FAILED']);
  });

  test('a body that never ends: {} at the deadline', async () => {
    const site = await open({ deadline: 0.2 });
    const body = await new Promise((resolve, reject) => {
      const request = httpRequest(
        site.authUrl,
        { method: 'POST', headers: { 'Content-Length': '50' } },
        (response) => {
          response.setEncoding('utf8').once('data', (text) => {
            resolve(text);
            request.destroy();
          });
        },
      );
      request.on('error', reject);
      request.write('{"id":');
    });
    expect(body).toBe('{}');
    expect(refusals(site)).toEqual(['ERR_BODY_UNREADABLE']);
  });

  test('a findUser of its own goes before that of the site', async () => {
    const site = await open({ findUser: async (id) => ({ ...alice, id, username: 'other' }) });
    expect(await replyTo(site, payload(site))).toEqual({ ...aliceReply, username: 'other' });
  });

  test('nothing secret stands in any event', async () => {
    const password = randomBytes(12).toString('hex');
    const site = await open({ caller: `fruum:${password}` });
    const hash = hashOf(site);
    await replyTo(site, JSON.stringify({ id: 'u-1', hash }), {}, `?k=${password}`);
    const authorization = `Basic ${Buffer.from(`fruum:${password}`).toString('base64')}`;
    await replyTo(site, JSON.stringify({ id: 'u-1', hash: hash.slice(1) }), { authorization });
    await replyTo(site, JSON.stringify({ id: 'u-1', hash }), { authorization });
    expect(site.events).toHaveLength(3);
    const log = JSON.stringify(site.events);
    for (const text of [password, secret, hash, hash.slice(-43), 'u-1', 'alice', '?k='])
      expect(log).not.toContain(text);
  });
});

describe('who calls', () => {
  const password = randomBytes(12).toString('hex');
  const key = randomBytes(16).toString('hex');

  test('Basic credentials or a key, if the site wants them; else {}', async () => {
    const site = await open({ caller: [`fruum:${password}`, key] });
    const body = payload(site);
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    expect(await replyTo(site, body, basic(`fruum:${password}`))).toEqual(aliceReply);
    expect(await replyTo(site, body, {}, `?k=${key}`)).toEqual(aliceReply);
    expect(await replyTo(site, body)).toEqual({});
    expect(await replyTo(site, body, basic(`fruum:${key}`))).toEqual({});
    expect(await replyTo(site, body, {}, `?k=${password}`)).toEqual({});
    expect(refusals(site)).toEqual(Array(3).fill('ERR_FRUUM_CALLER_UNKNOWN'));
  });
});

describe('how often', () => {
  test('bad hashes lock nobody out; one person with a good one is limited, others are not', async () => {
    const site = await open({ rateLimit: { requests: 3, seconds: 60 } });
    site.accounts.set('u-2', { ...alice, id: 'u-2' });
    for (let i = 0; i < 50; i++) await replyTo(site, JSON.stringify({ id: 'u-1', hash: `1.1.${i}` }));
    const replies = [];
    for (let i = 0; i < 5; i++) replies.push(await replyTo(site, payload(site)));
    expect(replies).toEqual([aliceReply, aliceReply, aliceReply, {}, {}]);
    expect(await replyTo(site, payload(site, 'u-2'))).toMatchObject({ id: 'u-2' });
    site.wait(61);
    expect(await replyTo(site, payload(site))).toEqual(aliceReply);
    expect(refusals(site).filter((code) => code === 'ERR_RATE_LIMITED')).toHaveLength(2);
  });
});

describe('sign-out', () => {
  test('kills every hash made before, at once, and none made after', async () => {
    const site = await open({ hashLife: 3_600 });
    const { user: before } = await site.settings('u-1');
    expect(await replyTo(site, JSON.stringify(before))).toEqual(aliceReply);
    const report = await site.sso.signOut('u-1');
    expect(report).toMatchObject({ ok: true, results: [{ connector: 'fruum', outcome: 'done' }] });
    expect(await replyTo(site, JSON.stringify(before))).toEqual({});
    // Signed in again within the same second.
    const { user: after } = await site.settings('u-1');
    expect(after?.hash).not.toBe(before?.hash);
    expect(await replyTo(site, JSON.stringify(after))).toEqual(aliceReply);
    await site.sso.signOut('u-1');
    expect(await replyTo(site, JSON.stringify(after))).toEqual({});
    expect(refusals(site)).toEqual(['ERR_FRUUM_SIGNED_OUT', 'ERR_FRUUM_SIGNED_OUT']);
  });

  test('a hash that the site signed by itself dies, too', async () => {
    const site = await open();
    const body = payload(site);
    expect(await replyTo(site, body)).toEqual(aliceReply);
    await site.sso.signOut('u-1');
    expect(await replyTo(site, body)).toEqual({});
  });

  test('a sign-out is remembered until the hash is over by itself', async () => {
    const site = await open({ hashLife: 82_800 });
    const { user } = await site.settings('u-1');
    await site.sso.signOut('u-1');
    site.wait(82_000);
    expect(await replyTo(site, JSON.stringify(user))).toEqual({});
    site.wait(1_000);
    expect(await replyTo(site, JSON.stringify(user))).toEqual({});
    expect(refusals(site)).toEqual(['ERR_FRUUM_SIGNED_OUT', 'ERR_FRUUM_HASH_EXPIRED']);
  });

  test('others are not touched', async () => {
    const site = await open();
    site.accounts.set('u-2', { ...alice, id: 'u-2' });
    await site.sso.signOut('u-2');
    expect(await replyTo(site, payload(site))).toEqual(aliceReply);
  });

  /** A store that can be pulled out. */
  function fragileStore(): { readonly store: ForumSsoStore; broken: boolean } {
    const memory = memoryStore();
    const fragile = {
      broken: false,
      store: {
        ...memory,
        revocations: {
          ...memory.revocations,
          join: async (...call: Parameters<typeof memory.revocations.join>) => {
            if (fragile.broken) throw new Error('no store');
            return memory.revocations.join(...call);
          },
        },
      },
    };
    return fragile;
  }

  test('when the store is silent: nobody is let in, no sign-out is claimed, and pages still come', async () => {
    const fragile = fragileStore();
    const site = await open({}, { store: fragile.store });
    const body = payload(site);
    fragile.broken = true;
    expect(await replyTo(site, body)).toEqual({});
    expect(await site.sso.signOut('u-1')).toMatchObject({
      ok: false,
      results: [{ outcome: 'failed', code: 'ERR_STORE_UNAVAILABLE' }],
    });
    expect((await site.settings('u-1')).user).toBeUndefined();
    const renewal = await site.post('/sso/fruum/user', '', { 'x-person': 'u-1' });
    expect(renewal.status).toBe(503);
    fragile.broken = false;
    expect(await replyTo(site, body)).toEqual(aliceReply);
    expect(refusals(site)).toEqual([
      'ERR_STORE_UNAVAILABLE',
      'ERR_STORE_UNAVAILABLE',
      'ERR_STORE_UNAVAILABLE',
    ]);
  });
});

describe('pages', () => {
  test('a signed-in page has a hash that works, and is kept by no cache', async () => {
    const site = await open();
    const answer = await fetch(`${site.origin}/community`, { headers: { 'x-person': 'u-1' } });
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    expect(await answer.text()).toContain('<script src="http://localhost:4004/go/myforum"></script>');
    expect(await replyTo(site, JSON.stringify((await site.settings('u-1')).user))).toEqual(aliceReply);
  });

  test('guests and suspended people hand nothing over', async () => {
    const site = await open();
    expect(await site.settings()).toEqual({ app_id: 'myforum' });
    site.accounts.set('u-1', { ...alice, suspended: true });
    expect(await site.settings('u-1')).toEqual({ app_id: 'myforum' });
    expect(await site.connector.userPayload(null)).toBeNull();
  });

  test('an open page renews its hash; the old one lives on until its end', async () => {
    const site = await open({ hashLife: 100 });
    const { user: first } = await site.settings('u-1');
    site.wait(80);
    const renewal = await site.post('/sso/fruum/user', '', { 'x-person': 'u-1', Origin: site.origin });
    expect(renewal.headers.get('cache-control')).toBe('no-store');
    const fresh: { readonly user?: unknown } = JSON.parse(await renewal.text());
    expect(fresh).toEqual({ user: { id: 'u-1', hash: expect.any(String) }, renewAfter: 80 });
    expect(await replyTo(site, JSON.stringify(first))).toEqual(aliceReply);
    site.wait(25);
    expect(await replyTo(site, JSON.stringify(first))).toEqual({});
    expect(await replyTo(site, JSON.stringify(fresh.user))).toEqual(aliceReply);
  });

  test('a renewal for nobody says so', async () => {
    const site = await open();
    const renewal = await site.post('/sso/fruum/user', '');
    expect([renewal.status, await renewal.json()]).toEqual([200, { user: null }]);
  });

  test.each<[string, Record<string, string>]>([
    ['another origin', { Origin: 'https://evil.example' }],
    ['the origin null', { Origin: 'null' }],
    ['another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['another port of this host', { 'Sec-Fetch-Site': 'same-site' }],
  ])('a renewal for a page of %s is refused', async (_name, headers) => {
    const site = await open();
    const renewal = await site.post('/sso/fruum/user', '', { 'x-person': 'u-1', ...headers });
    expect(renewal.status).toBe(403);
    expect(await renewal.text()).not.toContain('hash');
    expect(renewal.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('before the start, or without the address of Fruum, there is no page', async () => {
    const connector = fruum({ forumId: 'myforum', secret });
    await expect(connector.embed(alice)).rejects.toMatchObject({ code: 'ERR_FRUUM_NOT_SET_UP' });
    await expect(connector.userPayload(alice)).rejects.toMatchObject({ code: 'ERR_FRUUM_NOT_SET_UP' });
    createForumSso({
      baseUrl: 'https://site.example.com/sso',
      keys: randomBytes(32).toString('base64'),
      connectors: [connector],
      findUser: async () => null,
    });
    expect(await connector.userPayload(alice)).toEqual({ id: 'u-1', hash: expect.any(String) });
    await expect(connector.embed(alice)).rejects.toThrow('fruumUrl');
  });
});

describe('secrets and MD5', () => {
  test('during a change both secrets hold, the new one signs, and use of the old one is told', async () => {
    const next = randomBytes(32).toString('hex');
    const site = await open({ secret: [next, { secret, until: new Date(Date.now() + 60_000) }] });
    expect(await replyTo(site, payload(site))).toEqual(aliceReply);
    expect(site.events.map(({ type }) => type)).toEqual(['secret.old_used', 'login.answered']);
    site.events.length = 0;
    expect(await replyTo(site, JSON.stringify((await site.settings('u-1')).user))).toEqual(aliceReply);
    expect(site.events.map(({ type }) => type)).toEqual(['login.answered']);
    const old = payload(site);
    site.wait(61);
    expect(await replyTo(site, old)).toEqual({});
  });

  test('a secret that stands first signs until its "until"; what is signed later is good as well', async () => {
    const next = randomBytes(32).toString('hex');
    const site = await open({ secret: [{ secret, until: new Date(Date.now() + 60_000) }, next] });
    const issued = async () => JSON.stringify((await site.settings('u-1')).user);
    const old = await issued();
    expect(await replyTo(site, old)).toEqual(aliceReply);
    site.wait(61);
    const fresh = await issued();
    expect(await replyTo(site, fresh)).toEqual(aliceReply);
    expect(await replyTo(site, old)).toEqual({});
  });

  test('MD5: off by default; on, it is warned about and ends by itself', async () => {
    const body = JSON.stringify({ id: 'u-1', hash: createHash('md5').update(alice.email).digest('hex') });
    const closed = await open();
    expect(await replyTo(closed, body)).toEqual({});
    const site = await open({ dangerouslyAcceptMd5Until: new Date(Date.now() + 60_000) });
    expect(site.events).toMatchObject([
      {
        type: 'setup.warning',
        detail: expect.stringMatching(/anyone who knows a member's id and e-mail address can log in/),
      },
    ]);
    site.accounts.set('u-1', { ...alice, admin: true });
    expect(await replyTo(site, body)).toEqual(aliceReply);
    site.wait(61);
    expect(await replyTo(site, body)).toEqual({});
  });
});

describe('what Fruum cannot do is said', () => {
  test('push, suspend and remove', async () => {
    const site = await open();
    for (const report of [
      await site.sso.pushNow(alice),
      await site.sso.suspend('u-1'),
      await site.sso.remove('u-1'),
    ]) {
      expect(report).toMatchObject({
        ok: true,
        results: [{ outcome: 'impossible', reason: expect.any(String) }],
      });
    }
  });
});

describe('options', () => {
  function problemsOf(options: unknown, more: { readonly findUser?: boolean } = {}): readonly string[] {
    const isOptions = (_value: unknown): _value is FruumOptions => true;
    if (!isOptions(options)) throw new Error('never');
    try {
      createForumSso({
        baseUrl: 'https://site.example.com/sso',
        keys: randomBytes(32).toString('base64'),
        connectors: [fruum(options)],
        ...(more.findUser === false ? {} : { findUser: async () => null }),
      });
    } catch (error) {
      if (isForumSsoError(error)) {
        expect(error.code).toBe('ERR_OPTIONS_INVALID');
        return error.problems;
      }
      throw error;
    }
    return [];
  }
  const good = { forumId: 'myforum', secret };

  test('the least that is needed', () => {
    expect(problemsOf(good)).toEqual([]);
  });

  test.each<[string, object, RegExp]>([
    ['a short secret', { secret: 'x'.repeat(31) }, /FRUUM_SECRET.*shorter than 32/],
    ['no secret', { secret: undefined }, /FRUUM_SECRET.*missing/],
    [
      'four secrets',
      { secret: ['a', 'b', 'c', 'd'].map((letter) => letter + secret) },
      /FRUUM_SECRET.*more than 3/,
    ],
    ['no forum', { forumId: undefined }, /forumId.*--add-app <id>.*FRUUM_FORUM_ID/],
    ['an empty forum', { forumId: '' }, /forumId/],
    ['a short caller', { caller: 'fruum:short' }, /FRUUM_CALLER.*at least 20/],
    ['a caller that is no text', { caller: 7 }, /caller.*text/],
    [
      'http for a far Fruum',
      { fruumUrl: 'http://fruum.example.com' },
      /fruumUrl \(FRUUM_URL\) must use https/,
    ],
    ['no URL', { fruumUrl: 'fruum' }, /fruumUrl \(FRUUM_URL\) must be an absolute URL/],
    ['a life of days', { hashLife: 86_400 }, /hashLife.*82800/],
    ['a life of a moment', { hashLife: 1 }, /hashLife.*10 seconds/],
    ['half a second of life', { hashLife: 100.5 }, /hashLife.*whole/],
    ['a long deadline', { deadline: 60 }, /deadline.*10 seconds.*waiting/],
    ['no time at all', { deadline: 0 }, /deadline/],
    ['a rate of nothing', { rateLimit: { requests: 0, seconds: 60 } }, /rateLimit\.requests/],
    ['MD5 for ever', { dangerouslyAcceptMd5Until: true }, /dangerouslyAcceptMd5Until.*date/],
    ['a name that is not known', { authUrl: 'x' }, /authUrl/],
  ])('refuses %s with a sentence that says what to do', (_name, more, sentence) => {
    const problems = problemsOf({ ...good, ...more });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(sentence);
    expect(problems[0]).not.toContain(secret);
  });

  test('all that is wrong is told at once', () => {
    expect(
      problemsOf({ ...good, secret: 'x', caller: 'y', fruumUrl: 'z' }, { findUser: false }),
    ).toHaveLength(4);
  });

  test('one secret for two purposes is refused', () => {
    expect(problemsOf({ ...good, caller: secret })).toEqual([expect.stringMatching(/same secret serves/)]);
  });

  test('without any findUser', () => {
    expect(problemsOf(good, { findUser: false })).toEqual([expect.stringMatching(/findUser is missing/)]);
  });
});
