import { createHmac } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import {
  type CoralConnector,
  type CoralEvent,
  type CoralOptions,
  coral,
  verifyAccessToken,
} from '../../src/coral/index.js';
import { isForumSsoError } from '../../src/errors.js';
import type { SiteUser } from '../../src/site-user.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { type CoralEmulator, startCoralEmulator } from './emulator.js';
import { type Site, startSite } from './site.js';

const mira: SiteUser = { id: 'u-1', email: 'mira@example.com', emailVerified: true, username: 'mira' };
const listed = 'https://news.example.com';
const whsec = `whsec_${'ab'.repeat(32)}`;

let emulator: CoralEmulator;
let site: Site;
let connector: CoralConnector;
let clock: Date;
let received: CoralEvent[];
const running: Site[] = [];

async function start(change: Partial<CoralOptions> = {}): Promise<Site> {
  const [secret] = emulator.signingSecrets;
  connector = coral({
    coralUrl: emulator.origin,
    secret: secret?.secret ?? '',
    kid: secret?.kid ?? '',
    origins: [listed],
    api: { accessToken: emulator.accessToken },
    webhook: { secret: whsec, onEvent: (event) => void received.push(event) },
    ...change,
  });
  const started = await startSite(() => ({
    connectors: [connector],
    now: () => clock,
    store: memoryStore({ now: () => clock }),
  }));
  running.push(started);
  started.users.set('u-1', mira);
  return started;
}

beforeEach(async () => {
  clock = new Date('2026-03-01T12:00:00.500Z');
  received = [];
  emulator = await startCoralEmulator({ now: () => clock });
  site = await start();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.close()));
  await emulator.close();
});

/** What Coral makes of a token: the name of the person, or the code of the refusal. */
async function logIn(token: string): Promise<string> {
  const response = await fetch(`${emulator.origin}/api/graphql`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      id: 'StreamQuery',
      variables: { storyID: 's', storyURL: 'https://example.com/' },
    }),
  });
  const answer: { data?: { viewer: { username: string } | null }; error?: { code: string } } = JSON.parse(
    await response.text(),
  );
  return answer.error?.code ?? answer.data?.viewer?.username ?? 'anonymous';
}

async function tokenFor(who: string): Promise<string> {
  const response = await site.call('/coral/token', { method: 'POST', who });
  const { accessToken }: { accessToken: string } = JSON.parse(await response.text());
  return accessToken;
}

describe('the token address', () => {
  const ask = (headers: Record<string, string> = {}, who = 'u-1') =>
    site.call('/coral/token', { method: 'POST', who, headers });

  test('gives the signed-in person a token that Coral takes, and no cache keeps it', async () => {
    const response = await ask();
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const body: { accessToken: string; expiresIn: number } = JSON.parse(await response.text());
    expect(body.expiresIn).toBe(900);
    const claims = await verifyAccessToken(body.accessToken, emulator.signingSecrets, { now: clock });
    expect(claims).toMatchObject({ iat: 1_772_366_400, exp: 1_772_367_300, user: { id: 'u-1' } });
    expect(await logIn(body.accessToken)).toBe('mira');
    expect(await tokenFor('u-1')).not.toBe(body.accessToken);
    expect(site.events.filter(({ type }) => type === 'login.answered')).toHaveLength(2);
  });

  test('a guest gets 401, and a page of a listed origin can read it', async () => {
    const response = await site.call('/coral/token', { method: 'POST', headers: { Origin: listed } });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: 'ERR_SIGN_IN_REQUIRED' });
    expect(site.events).toEqual([]);
    expect(response.headers.get('access-control-allow-origin')).toBe(listed);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test.each([
    ['somebody suspended', { suspended: true }, 403, 'ERR_USER_SUSPENDED'],
    ['an address that is not verified', { emailVerified: false }, 403, 'ERR_EMAIL_NOT_VERIFIED'],
    ['an id with @', { id: 'mira@example.com' }, 500, 'ERR_CORAL_USER_UNUSABLE'],
  ])('%s gets none', async (_name, change, status, code) => {
    site.users.set('u-1', { ...mira, ...change });
    const response = await ask();
    expect(response.status).toBe(status);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ error: code });
    expect(text).not.toContain('mira@');
    expect(site.events.at(-1)).toMatchObject({ type: 'request.refused', code });
    expect(JSON.stringify(site.events)).not.toContain('mira@');
  });

  test('listed origins get exactly their own name back, with credentials', async () => {
    const response = await ask({ Origin: listed, 'Sec-Fetch-Site': 'same-site' });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe(listed);
    expect(response.headers.get('access-control-allow-credentials')).toBe('true');
    expect(response.headers.get('vary')).toBe('Origin');
    const own = await ask({ Origin: site.origin, 'Sec-Fetch-Site': 'same-origin' });
    expect(own.status).toBe(200);
    expect(own.headers.get('access-control-allow-origin')).toBeNull();
  });

  test.each([
    ['a stranger', { Origin: 'https://evil.example' }],
    ['null', { Origin: 'null' }],
    ['a longer name', { Origin: `${listed}.evil.example` }],
    ['another scheme', { Origin: 'http://news.example.com' }],
    ['another port', { Origin: `${listed}:8443` }],
    ['two origins', { Origin: `${listed}, https://evil.example` }],
    ['a form without Origin', { 'Sec-Fetch-Site': 'cross-site' }],
    ['a page of the same site that is not listed', { 'Sec-Fetch-Site': 'same-site' }],
  ])('%s is refused, and may read nothing', async (_name, headers) => {
    for (const path of ['/coral/token', '/coral/sign-out']) {
      for (const method of ['POST', 'OPTIONS']) {
        const response = await site.call(path, { method, who: 'u-1', headers });
        expect(response.status).toBe(403);
        expect(await response.json()).toMatchObject({ error: 'ERR_ORIGIN_FOREIGN' });
        expect(response.headers.get('access-control-allow-origin')).toBeNull();
      }
    }
    expect(site.signedOut).toEqual([]);
  });

  test('the browser’s question in advance is answered', async () => {
    const response = await site.call('/coral/token', {
      method: 'OPTIONS',
      headers: { Origin: listed, 'Access-Control-Request-Method': 'POST' },
    });
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': listed,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'POST',
    });
  });

  test('only POST', async () => {
    for (const method of ['GET', 'HEAD', 'DELETE', 'PUT']) {
      expect((await site.call('/coral/token', { method, who: 'u-1' })).status).toBe(405);
    }
  });

  test('tokens of one site are of no use at a Coral with another key', async () => {
    const other = await startCoralEmulator();
    try {
      const response = await fetch(`${other.origin}/api/auth`, {
        method: 'DELETE',
        headers: { Authorization: `Bearer ${await tokenFor('u-1')}` },
      });
      expect(response.status).toBe(401);
    } finally {
      await other.close();
    }
  });
});

describe('signing out in the comments', () => {
  test('ends the session at the site, for the site’s own pages and the listed ones', async () => {
    const response = await site.call('/coral/sign-out', {
      method: 'POST',
      who: 'u-1',
      headers: { Origin: listed },
    });
    expect(response.status).toBe(204);
    expect(site.signedOut).toEqual(['u-1']);
    expect((await site.call('/coral/sign-out', { method: 'GET', who: 'u-1' })).status).toBe(405);
    expect(site.signedOut).toHaveLength(1);
  });

  test('a token that was logged out stays dead, a fresh one works', async () => {
    const token = await tokenFor('u-1');
    await fetch(`${emulator.origin}/api/auth`, {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(await logIn(token)).toBe('anonymous');
    expect(await logIn(await tokenFor('u-1'))).toBe('mira');
  });
});

describe('the way to the sign-in page and back', () => {
  const go = (target: string | undefined, who?: string, headers: Record<string, string> = {}) =>
    site.call(`/coral/sign-in${target === undefined ? '' : `?returnTo=${encodeURIComponent(target)}`}`, {
      ...(who === undefined ? {} : { who }),
      headers,
    });

  test('a guest goes to the sign-in page with a way back that holds the target', async () => {
    const response = await go(`${listed}/story?id=1#comments`);
    expect(response.status).toBe(302);
    const target = new URL(response.headers.get('location') ?? '', site.origin);
    expect(target.pathname).toBe('/login');
    const back = new URL(target.searchParams.get('returnTo') ?? '', site.origin);
    expect(back.pathname).toBe('/sso/coral/sign-in');
    const after = await fetch(back, { redirect: 'manual', headers: { Cookie: 'who=u-1' } });
    expect(after.headers.get('location')).toBe(`${listed}/story?id=1#comments`);
  });

  test('whoever is signed in goes on at once', async () => {
    expect((await go('/story/1?a=b', 'u-1')).headers.get('location')).toBe('/story/1?a=b');
    expect((await go(`${site.origin}/story/1`, 'u-1')).headers.get('location')).toBe('/story/1');
    expect((await go(undefined, 'u-1')).headers.get('location')).toBe('/');
  });

  test.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '/.//evil.example',
    `${listed}.evil.example/`,
    `https://news.example.com@evil.example/`,
    `https://u:p@news.example.com/`,
    `${listed}/.//evil.example`,
    'http://news.example.com/',
    'javascript:alert(1)',
    'data:text/html,x',
    'story',
    '',
  ])('%j leads nowhere', async (target) => {
    for (const who of ['u-1', undefined]) {
      const response = await go(target, who);
      expect(response.status).toBe(400);
      expect(response.headers.get('location')).toBeNull();
    }
  });

  test('only as a page', async () => {
    expect((await go('/story', 'u-1', { 'Sec-Fetch-Dest': 'iframe' })).status).toBe(403);
    expect((await go('/story', 'u-1', { 'Sec-Purpose': 'prefetch' })).status).toBe(503);
  });
});

describe('webhooks', () => {
  const event = (change: object = {}) =>
    JSON.stringify(
      {
        id: 'e-1',
        type: 'COMMENT_CREATED',
        data: { storyID: 's', siteID: 'site-1', commentID: 'c' },
        createdAt: clock.toISOString(),
        tenantID: 'tenant-1',
        tenantDomain: 'coral.example.com',
        ...change,
      },
      null,
      2,
    );
  const deliver = (body: string, secret = whsec) =>
    site.call('/coral/webhook', {
      method: 'POST',
      body,
      headers: { 'X-Coral-Signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` },
    });

  test('Coral’s own deliveries arrive', async () => {
    const url = `${site.origin}/sso/coral/webhook`;
    const sender = await startCoralEmulator({
      now: () => clock,
      webhooks: [{ url, secrets: [{ kid: 'w', secret: whsec }] }],
    });
    try {
      const data = { storyID: 's', storyURL: 'https://example.com/s', siteID: 'site-1' };
      expect(await sender.sendWebhook('STORY_CREATED', data)).toMatchObject([{ status: 204 }]);
      expect(received).toMatchObject([{ type: 'STORY_CREATED', data, createdAt: clock }]);
    } finally {
      await sender.close();
    }
  });

  test('an event counts once, however often and however fast it comes', async () => {
    const body = event();
    const answers = await Promise.all(Array.from({ length: 20 }, () => deliver(body)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 204));
    expect(received).toHaveLength(1);
    const outcomes = site.events.flatMap((each) => (each.type === 'webhook.received' ? [each.outcome] : []));
    expect(outcomes.filter((outcome) => outcome === 'handled')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(19);
    await deliver(event({ id: 'e-2' }));
    expect(received).toHaveLength(2);
  });

  test('a replay never counts: within a day the id is known, afterwards the event is too old', async () => {
    const body = event();
    const first = clock.getTime();
    await deliver(body);
    for (const seconds of [60, 86_399, 86_400, 86_401, 90_000, 10_000_000]) {
      clock = new Date(first + seconds * 1_000);
      await deliver(body);
    }
    expect(received).toHaveLength(1);
    expect((await deliver(body)).status).toBe(403);
    expect(site.events.at(-1)).toMatchObject({ code: 'ERR_CORAL_WEBHOOK_STALE' });
    const ahead = new Date(clock.getTime() + 301_000).toISOString();
    expect((await deliver(event({ id: 'e-3', createdAt: ahead }))).status).toBe(403);
    expect(received).toHaveLength(1);
  });

  test('bad signatures, bodies and sizes change nothing', async () => {
    expect((await deliver(event(), `whsec_${'cd'.repeat(32)}`)).status).toBe(403);
    expect((await site.call('/coral/webhook', { method: 'POST', body: event() })).status).toBe(403);
    expect((await deliver('{}')).status).toBe(400);
    expect((await deliver('x'.repeat(1_100_000))).status).toBe(413);
    expect(received).toEqual([]);
    expect((await deliver(event())).status).toBe(204);
  });

  test('an older secret ends with its "until"', async () => {
    const older = `whsec_${'cd'.repeat(32)}`;
    const until = new Date(clock.getTime() + 3_600_000);
    const secret = [whsec, { secret: older, until }];
    site = await start({ webhook: { secret, onEvent: (each) => void received.push(each) } });
    const statuses: number[] = [];
    for (const [index, past] of [-1, 0, 1].entries()) {
      clock = new Date(until.getTime() + past);
      statuses.push((await deliver(event({ id: `older-${index}` }), older)).status);
    }
    expect(statuses).toEqual([204, 403, 403]);
    expect(site.events.at(-1)).toMatchObject({ code: 'ERR_CORAL_WEBHOOK_SIGNATURE_INVALID' });
    expect((await deliver(event())).status).toBe(204);
    expect(received.map(({ id }) => id)).toEqual(['older-0', 'e-1']);
  });

  test('a fault of the site is told as such', async () => {
    site = await start({
      webhook: {
        secret: whsec,
        onEvent: () => {
          throw new Error('database is away');
        },
      },
    });
    expect((await deliver(event())).status).toBe(503);
    expect(site.events.at(-1)).toMatchObject({ code: 'ERR_SITE_CALLBACK_FAILED' });
  });

  test('without the option there is no such address', async () => {
    const [secret] = emulator.signingSecrets;
    const bare = await startSite(() => ({
      connectors: [
        coral({ coralUrl: emulator.origin, secret: secret?.secret ?? '', kid: secret?.kid ?? '' }),
      ],
    }));
    running.push(bare);
    expect((await bare.call('/coral/webhook', { method: 'POST', body: event() })).status).toBe(404);
  });
});

describe('push', () => {
  test('leaves people alone whom Coral does not know', async () => {
    const report = await site.sso.pushNow(mira);
    expect(report).toMatchObject({
      ok: true,
      results: [{ outcome: 'done', notes: [expect.stringContaining('does not know')] }],
    });
    expect(emulator.user('u-1')).toBeUndefined();
  });

  test('with provision it makes the account, whole', async () => {
    site = await start({ api: { accessToken: emulator.accessToken, provision: true } });
    const whole: SiteUser = {
      ...mira,
      badges: ['founder'],
      profileUrl: 'https://example.com/u/mira',
      avatarUrl: 'https://img.example.com/m.png',
    };
    expect(await site.sso.pushNow(whole)).toMatchObject({ ok: true, results: [{ notes: [] }] });
    expect(emulator.user('u-1')).toMatchObject({
      username: 'mira',
      email: 'mira@example.com',
      badges: ['founder'],
      ssoURL: 'https://example.com/u/mira',
      avatar: 'https://img.example.com/m.png',
      role: 'COMMENTER',
    });
  });

  test('brings changes over, also two within one second, and to a joined account', async () => {
    await logIn(await tokenFor('u-1'));
    const renamed = { ...mira, username: 'mira_o', badges: ['subscriber'] };
    // The same second as the login: Coral takes no second change by token.
    expect(await site.sso.pushNow(renamed)).toMatchObject({
      ok: true,
      results: [{ notes: [expect.stringContaining('badges')] }],
    });
    expect(emulator.user('u-1')).toMatchObject({ username: 'mira_o' });
    clock = new Date(clock.getTime() + 5_000);
    expect(await site.sso.pushNow({ ...renamed, id: 'new-id', username: 'mira_p' })).toMatchObject({
      results: [{ notes: [expect.stringContaining('does not know')] }],
    });
    site.users.set('new-id', { ...mira, id: 'new-id' });
    await logIn(await tokenFor('new-id'));
    clock = new Date(clock.getTime() + 5_000);
    expect(await site.sso.pushNow({ ...renamed, id: 'new-id', username: 'mira_q' })).toMatchObject({
      ok: true,
    });
    expect(emulator.user('u-1')).toMatchObject({ username: 'mira_q', badges: ['subscriber'] });
  });

  test('what is absent stays, a role given by Coral stays', async () => {
    site.users.set('u-1', { ...mira, badges: ['founder'], avatarUrl: 'https://img.example.com/m.png' });
    await logIn(await tokenFor('u-1'));
    clock = new Date(clock.getTime() + 5_000);
    await site.sso.pushNow({ ...mira, username: 'other', admin: true });
    expect(emulator.user('u-1')).toMatchObject({
      username: 'other',
      badges: ['founder'],
      avatar: 'https://img.example.com/m.png',
      role: 'COMMENTER',
    });
  });

  test('says what went wrong, and whether it is worth another try', async () => {
    await logIn(await tokenFor('u-1'));
    const unverified = await site.sso.pushNow({ ...mira, emailVerified: false });
    expect(unverified).toMatchObject({
      ok: true,
      results: [{ outcome: 'skipped', reason: expect.stringContaining('not confirmed') }],
    });
    expect(await site.sso.pushNow({ ...mira, suspended: true })).toMatchObject({
      ok: true,
      results: [{ outcome: 'skipped', reason: expect.stringContaining('suspended') }],
    });
    emulator.setSso({ allowRegistration: false });
    site = await start({ api: { accessToken: emulator.accessToken, provision: true } });
    expect(await site.sso.pushNow({ ...mira, id: 'u-5', email: 'five@example.com' })).toMatchObject({
      results: [
        {
          code: 'ERR_CORAL_USER_NOT_FOUND',
          error: { detail: expect.stringContaining('Allow Registration') },
        },
      ],
    });
    emulator.rotateSigningSecret(0);
    expect(await site.sso.pushNow(mira)).toMatchObject({
      results: [{ code: 'ERR_CORAL_CREDENTIALS_REFUSED' }],
    });
    await emulator.close();
    expect(await site.sso.pushNow(mira)).toMatchObject({
      results: [{ code: 'ERR_CORAL_UNREACHABLE', retryAfter: 0 }],
    });
    emulator = await startCoralEmulator();
  });
});

describe('suspend, remove, sign out', () => {
  beforeEach(async () => {
    await logIn(await tokenFor('u-1'));
    clock = new Date(clock.getTime() + 5_000);
    site.users.set('new-id', { ...mira, id: 'new-id' });
    await logIn(await tokenFor('new-id'));
  });

  test('without an end it is a ban, with one a suspension that can be changed', async () => {
    const until = new Date(clock.getTime() + 3_600_000);
    expect(await site.sso.suspend('new-id', { until, reason: 'Cool down.' })).toMatchObject({ ok: true });
    expect(emulator.user('u-1')?.suspendedUntil).toEqual(until);
    const later = new Date(clock.getTime() + 7_200_000);
    expect(await site.sso.suspend('u-1', { until: later })).toMatchObject({ ok: true });
    expect(emulator.user('u-1')?.suspendedUntil).toEqual(later);
    expect(await site.sso.suspend('u-1', { until: new Date(0) })).toMatchObject({
      results: [{ outcome: 'skipped', reason: 'The suspension is over.' }],
    });
    expect(await site.sso.suspend('u-1')).toMatchObject({ ok: true });
    expect(emulator.user('u-1')?.banned).toBe(true);
    expect(await site.sso.suspend('nobody')).toMatchObject({
      results: [{ notes: ['Coral does not know the person.'] }],
    });
  });

  test('restore ends both', async () => {
    const until = new Date(clock.getTime() + 3_600_000);
    await site.sso.suspend('u-1', { until });
    await site.sso.suspend('u-1');
    expect(await site.sso.restore('u-1')).toMatchObject({ ok: true, results: [{ outcome: 'done' }] });
    expect(emulator.user('u-1')?.banned).toBe(false);
    expect(emulator.user('u-1')?.suspendedUntil ?? until).toEqual(until);
    expect(await site.sso.pushNow(mira)).toMatchObject({ results: [{ outcome: 'done' }] });
    expect(await site.sso.restore('nobody')).toMatchObject({
      results: [{ notes: ['Coral does not know the person.'] }],
    });
  });

  test('removes the joined account, and says what that means', async () => {
    expect(await site.sso.remove('new-id')).toMatchObject({
      results: [{ notes: [expect.stringContaining('never sign in')] }],
    });
    expect(emulator.user('u-1')?.deletedAt).toBeDefined();
    expect(await site.sso.remove('new-id')).toMatchObject({ results: [{ outcome: 'done' }], byHand: [] });
    // A late push does not bring the person back.
    expect(await site.sso.pushNow(mira)).toMatchObject({
      results: [{ notes: [expect.stringContaining('does not know')] }],
    });
    expect(emulator.user('u-1')?.profiles).toEqual([]);
  });

  test('says what to look for by hand when the site no longer knows the address', async () => {
    site.users.delete('new-id');
    // The account was joined: its id at Coral is another one.
    const report = await site.sso.remove('new-id');
    expect(report.byHand).toEqual([expect.stringMatching(/^coral: .*look for it in Coral's list of users/)]);
    expect(emulator.user('u-1')?.deletedAt).toBeUndefined();
  });

  test('somebody who is banned already is not banned again', async () => {
    await site.sso.suspend('u-1');
    expect(await site.sso.suspend('u-1')).toMatchObject({
      results: [{ outcome: 'done', notes: ['The person was banned already.'] }],
    });
  });

  test('says that Coral cannot end sessions, and for how long they go on', async () => {
    expect(await site.sso.signOut('u-1')).toMatchObject({
      results: [{ outcome: 'impossible', reason: expect.stringContaining('900 seconds') }],
    });
  });

  test('without an access token it says what is missing', async () => {
    const [secret] = emulator.signingSecrets;
    const bare = await startSite(() => ({
      connectors: [
        coral({ coralUrl: emulator.origin, secret: secret?.secret ?? '', kid: secret?.kid ?? '' }),
      ],
    }));
    running.push(bare);
    for (const report of [
      await bare.sso.pushNow(mira),
      await bare.sso.suspend('u-1'),
      await bare.sso.remove('u-1'),
    ]) {
      expect(report).toMatchObject({
        results: [{ outcome: 'impossible', reason: expect.stringContaining('api') }],
      });
    }
  });
});

describe('check', () => {
  test('finds a wrong key id, a dead key, and switches that are off', async () => {
    expect(await site.sso.check()).toMatchObject({ ok: true, results: [{ notes: [] }] });
    emulator.setSso({ allowRegistration: false });
    expect(await site.sso.check()).toMatchObject({
      results: [{ notes: [expect.stringContaining('Allow Registration')] }],
    });
    emulator.setSso({ enabled: false });
    expect(await site.sso.check()).toMatchObject({ results: [{ code: 'ERR_CORAL_SSO_DISABLED' }] });
    emulator.setSso({ enabled: true, allowRegistration: true });
    emulator.rotateSigningSecret(60);
    expect(await site.sso.check()).toMatchObject({
      results: [{ notes: [expect.stringContaining('ends at')] }],
    });
    clock = new Date(clock.getTime() + 61_000);
    expect(await site.sso.check()).toMatchObject({ results: [{ code: 'ERR_CORAL_SIGNING_SECRET_UNKNOWN' }] });
  });

  test('a wrong key id works at every login, and is found all the same', async () => {
    site = await start({ kid: '0123456789abcdef' });
    expect(await logIn(await tokenFor('u-1'))).toBe('mira');
    const report = await site.sso.check();
    expect(report).toMatchObject({ results: [{ code: 'ERR_CORAL_SIGNING_SECRET_UNKNOWN' }] });
    expect(JSON.stringify(report)).not.toContain(emulator.signingSecrets[0]?.secret);
  });
});

describe('options', () => {
  const accessToken = `a.${Buffer.from('{"pat":true}').toString('base64url')}.b`;
  const good = {
    coralUrl: 'https://coral.example.com',
    secret: `ssosec_${'0a'.repeat(32)}`,
    kid: '0123456789abcdef',
  };

  async function problems(change: object): Promise<string> {
    const options: CoralOptions = { ...good, ...change };
    try {
      const started = await startSite(() => ({ connectors: [coral(options)] }));
      const warnings = started.events.flatMap((event) =>
        event.type === 'setup.warning' ? [event.detail] : [],
      );
      await started.close();
      return `started. ${warnings.join(' ')}`;
    } catch (error) {
      if (!isForumSsoError(error)) throw error;
      expect(error.code).toBe('ERR_OPTIONS_INVALID');
      return error.problems.join(' ');
    }
  }

  test.each([
    [
      'the key without its beginning',
      { secret: '0a'.repeat(32) },
      /lacks its beginning "ssosec_".*Configure/,
    ],
    ['a short key', { secret: 'ssosec_00' }, /64 to 72/],
    ['a webhook secret as key', { secret: whsec }, /webhook secret/],
    ['an empty key', { secret: '' }, /ssosec_/],
    [
      'http beyond this machine',
      { coralUrl: 'http://coral.example.com' },
      /coralUrl \(CORAL_URL\) must use https/,
    ],
    ['a path', { coralUrl: 'https://example.com/coral' }, /root of its host/],
    ['a long life', { expiresIn: 901 }, /expiresIn.*at most 900/],
    ['milliseconds', { expiresIn: 300_000 }, /at most 900/],
    ['a wildcard', { origins: ['*'] }, /origins\[0\]/],
    ['the origin null', { origins: ['null'] }, /origins\[0\]/],
    [
      'an origin with a path',
      { origins: ['https://news.example.com/'] },
      /origins\[0\] must be an origin only/,
    ],
    ['an http origin', { origins: ['http://news.example.com'] }, /origins\[0\] must use https/],
    [
      'a login token as access token',
      { api: { accessToken: `a.${Buffer.from('{"user":{}}').toString('base64url')}.b` } },
      /for logins/,
    ],
    ['a key as access token', { api: { accessToken: good.secret } }, /personal access token/],
    [
      'a short webhook secret',
      { webhook: { secret: 'whsec_00', onEvent: () => undefined } },
      /CORAL_WEBHOOK_SECRET/,
    ],
    [
      'a key as webhook secret',
      { webhook: { secret: `ssosec_${'1b'.repeat(32)}`, onEvent: () => undefined } },
      /whsec_/,
    ],
    ['no listener', { webhook: { secret: whsec } }, /webhook\.onEvent/],
    ['an unknown option', { secrets: [] }, /secrets/],
    ['a kid with a blank', { kid: 'a b' }, /kid/],
    ['unknown rules for names', { usernames: 'short' }, /usernames/],
    ['no address', { coralUrl: undefined }, /coralUrl/],
  ])('%s: refused at the start, with a sentence that helps', async (_name, change, words) => {
    const text = await problems(change);
    expect(text).toMatch(words);
    expect(text).not.toContain('0a'.repeat(32));
    expect(text).not.toContain('ab'.repeat(32));
  });

  test('all problems are told at once', async () => {
    const text = await problems({ secret: 'x', coralUrl: 'http://coral.example.com', origins: ['*'] });
    for (const words of [/ssosec_/, /https/, /origins/]) expect(text).toMatch(words);
  });

  test('the same secret for two purposes is refused', async () => {
    const twice = coral({ ...good, name: 'second' });
    await expect(startSite(() => ({ connectors: [coral(good), twice] }))).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
    });
  });

  test('what works but should be changed is a warning', async () => {
    expect(await problems({ api: { accessToken } })).toBe('started. ');
    expect(await problems({ kid: undefined })).toMatch(/started.*kid.*missing/);
    expect(await problems({ kid: 'my-key' })).toMatch(/started.*kid/);
  });
});

describe('the page', () => {
  test('holds the addresses of this connector, and a token only when asked for', async () => {
    const page = await connector.embed({ storyId: 's-1', storyUrl: 'https://news.example.com/s-1' });
    for (const address of ['/sso/coral/token', '/sso/coral/sign-in', '/sso/coral/sign-out']) {
      expect(page).toContain(site.origin + address);
    }
    expect(page).toContain('"mode":"login"');
    expect(page).not.toContain('"accessToken":');
    const own = await connector.embed({ storyId: 's-1', user: mira });
    const token = /"accessToken":"([\w.-]+)"/.exec(own)?.[1] ?? '';
    expect(own).toContain('"mode":"accessToken"');
    expect(await logIn(token)).toBe('mira');
  });

  test('whoever gets no token is a guest there', async () => {
    for (const user of [null, { ...mira, emailVerified: false }, { ...mira, suspended: true }]) {
      const page = await connector.embed({ storyId: 's-1', user });
      expect(page).toContain('"mode":"accessToken"');
      expect(page).not.toContain('"accessToken":');
    }
  });

  test('is not there before createForumSso', async () => {
    await expect(
      coral({ coralUrl: 'https://coral.example.com', secret: '' }).embed({ storyId: 's' }),
    ).rejects.toMatchObject({
      code: 'ERR_CORAL_NOT_SET_UP',
    });
  });
});
