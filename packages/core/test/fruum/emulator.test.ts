import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import {
  type FruumConnection,
  type FruumEmulator,
  startFruumEmulator,
} from '../../../emulators/src/fruum/index.js';
import { signUserHash } from '../../src/fruum/index.js';
import type { SiteUser } from '../../src/site-user.js';
import { alice, type Site, secret, startSite } from './site.js';

const password = 'k3Yp9xW2vB7nQ5tR8sL1';
let site: Site;
let fruum: FruumEmulator;

beforeEach(async () => {
  site = await startSite({ caller: `fruum:${password}`, hashLife: 3_600, deadline: 0.5 });
  const authUrl = site.authUrl.replace('//', `//fruum:${password}@`);
  fruum = await startFruumEmulator({ forums: [{ id: 'myforum', authUrl }] });
});
afterEach(async () => {
  await fruum.close();
  await site.close();
});

async function connect(settings: unknown): Promise<FruumConnection> {
  const connection = await fruum.connect(settings);
  if (connection === null) throw new Error('The forum is not known.');
  connection.disconnect();
  return connection;
}

describe('a visitor of the forum', () => {
  test('who is signed in at the site', async () => {
    expect(await connect(await site.settings('u-1'))).toMatchObject({
      outcome: 'user',
      user: {
        id: 'u-1',
        username: 'alice',
        displayname: 'Alice Example',
        email: alice.email,
        blocked: false,
      },
    });
  });

  test('who is a guest: Fruum asks nobody', async () => {
    expect(await connect(await site.settings())).toMatchObject({ outcome: 'anonymous' });
    expect(fruum.authRequests).toEqual([]);
  });

  test('each reconnection shows what the site knows now: role, name, suspension, and back', async () => {
    const settings = await site.settings('u-1');
    const seen: string[] = [];
    const accounts: readonly (SiteUser | null)[] = [
      { ...alice, admin: true },
      { ...alice, name: 'Alice Other' },
      { ...alice, suspended: true },
      null,
      alice,
    ];
    for (const account of accounts) {
      if (account === null) site.accounts.delete('u-1');
      else site.accounts.set('u-1', account);
      const { outcome, user } = await connect(settings);
      seen.push(`${outcome} ${String(user.displayname)}`);
    }
    expect(seen).toEqual([
      'admin Alice Example',
      'user Alice Other',
      'anonymous ',
      'anonymous ',
      'user Alice Example',
    ]);
  });

  test('whose hash is over is anonymous at the next reconnection; renewed in time, not', async () => {
    const settings = await site.settings('u-1');
    site.wait(3_000);
    const renewal = await site.post('/sso/fruum/user', '', { 'x-person': 'u-1' });
    const { user } = JSON.parse(await renewal.text());
    site.wait(700);
    expect(await connect(settings)).toMatchObject({ outcome: 'anonymous' });
    expect(await connect({ ...settings, user })).toMatchObject({ outcome: 'user' });
  });

  test('who signed out is anonymous with the old hash, and with the empty user that the page pushes', async () => {
    const settings = await site.settings('u-1');
    await site.sso.signOut('u-1');
    expect(await connect(settings)).toMatchObject({ outcome: 'anonymous' });
    expect(await connect({ ...settings, user: {} })).toMatchObject({ outcome: 'anonymous' });
  });

  test('who brings a hash for another forum, another person, or in a list', async () => {
    const settings = await site.settings('u-1');
    site.accounts.set('u-2', { ...alice, id: 'u-2', admin: true });
    const expiresAt = new Date(Date.now() + 60_000);
    const hash = settings.user?.hash;
    for (const user of [
      { id: 'u-1', hash: signUserHash('u-1', { secret, forumId: 'other', expiresAt }) },
      { id: 'u-2', hash },
      { id: 'u-1', hash: [hash] },
      { id: 'u-1', hash: [] },
      { id: ['u-1'], hash },
      { id: 'u-1' },
    ]) {
      expect(await connect({ ...settings, user })).toMatchObject({ outcome: 'anonymous' });
    }
    expect(fruum.authRequests).toHaveLength(6);
    expect(fruum.users('myforum')).toEqual([]);
  });

  test('when the site fails or hangs, nobody waits and nobody is let in', async () => {
    const settings = await site.settings('u-1');
    const get = site.accounts.get.bind(site.accounts);
    site.accounts.get = () => {
      throw new Error('no database');
    };
    expect(await connect(settings)).toMatchObject({ outcome: 'anonymous' });
    site.accounts.get = get;
    expect(await connect(settings)).toMatchObject({ outcome: 'user' });
  });

  test('without the credentials in the auth URL', async () => {
    fruum.updateForum('myforum', { authUrl: site.authUrl });
    expect(await connect(await site.settings('u-1'))).toMatchObject({ outcome: 'anonymous' });
  });

  test('a payload of megabytes', async () => {
    const settings = await site.settings('u-1');
    const user = { ...settings.user, more: 'x'.repeat(3_000_000) };
    expect(await connect({ ...settings, user })).toMatchObject({ outcome: 'anonymous' });
    expect(fruum.authRequests.at(-1)).toMatchObject({ status: 200, reply: '{}' });
  });
});

describe('the check of the connector', () => {
  test('finds the forum, and finds out when it is not there', async () => {
    const checked = async (more: { readonly fruumUrl: string; readonly forumId?: string }) => {
      const other = await startSite(more);
      const { results } = await other.sso.check();
      await other.close();
      return results[0];
    };
    expect(await checked({ fruumUrl: fruum.origin })).toMatchObject({ outcome: 'done' });
    expect(await checked({ fruumUrl: fruum.origin, forumId: 'other' })).toMatchObject({
      outcome: 'failed',
      code: 'ERR_FRUUM_UNREACHABLE',
    });
    expect(await checked({ fruumUrl: 'http://127.0.0.1:1' })).toMatchObject({
      outcome: 'failed',
      code: 'ERR_FRUUM_UNREACHABLE',
      retryAfter: 0,
    });
  });
});

/**
 * Each vector holds what some endpoint replied and what Fruum made of it. Here our endpoint stands in its place: it gets
 * the account that the reply was about, and Fruum must end up with the same user. Where it does not, that is on purpose.
 */
const onPurpose: Readonly<Record<string, string>> = {
  'anonymous-field-left-out': 'We never leave it out.',
  'anonymous-string-false': 'We always send a boolean.',
  'admin-string-false': 'Only a real "true" makes an administrator.',
  'no-reply-at-all': 'We answer within the deadline, even when the site does not.',
  'id-number': 'Our ids are texts; an account with another id is not the one that was asked for.',
  'extra-fields-are-echoed': 'Nothing but the documented fields leaves the site.',
  'blocked-true-in-first-reply-locks-the-user-out-later':
    'Blocking is done in Fruum; we never send the field, so nobody is locked out by it.',
  'karma-and-meta-from-reply-only-count-on-first-login': 'We send neither.',
};

interface Step {
  readonly browserPayload: unknown;
  readonly browserPayloadSent?: boolean;
  readonly reply: { readonly body?: string; readonly reset?: boolean; readonly hang?: boolean };
  readonly expected: { readonly outcome: string; readonly echoedToBrowser?: object };
}
interface Vectors {
  readonly cases: readonly (Step & { readonly name: string })[];
  readonly sequences: readonly { readonly name: string; readonly steps: readonly Step[] }[];
}
const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../testkit/vectors/fruum.json', import.meta.url), 'utf8'),
);
const cases = [
  ...vectors.cases.map(({ name, ...step }) => [name, [step]] as const),
  ...vectors.sequences.map(({ name, steps }) => [name, steps] as const),
];

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The account that a reply was about, in the site's words; null when it was about none. */
function accountOf(body: string): unknown {
  let reply: unknown;
  try {
    reply = JSON.parse(body);
  } catch {
    return null;
  }
  if (!isObject(reply) || reply.id === undefined) return null;
  const { displayname, avatar, email, ...rest } = reply;
  return {
    ...rest,
    email: email ?? 'unknown@site.example.com',
    emailVerified: email !== undefined,
    ...(displayname === undefined ? {} : { name: displayname }),
    ...(avatar === undefined ? {} : { avatarUrl: avatar }),
  };
}

/** A site without a type checker may return anything. */
const isWhatTheSiteReturns = (_value: unknown): _value is SiteUser | null => true;

async function play(steps: readonly Step[]): Promise<string | undefined> {
  let reply: Step['reply'] = {};
  const own = await startSite({
    deadline: 0.5,
    findUser: async () => {
      if (reply.reset === true) throw new Error('connection lost');
      if (reply.hang === true) return new Promise(() => {});
      const account = accountOf(reply.body ?? '');
      return isWhatTheSiteReturns(account) ? account : null;
    },
  });
  fruum.updateForum('myforum', { authUrl: own.authUrl });
  try {
    for (const step of steps) {
      reply = step.reply;
      const { browserPayload: given } = step;
      const hash = signUserHash('12034', {
        secret,
        forumId: 'myforum',
        expiresAt: new Date(Date.now() + 60_000),
      });
      const user = isObject(given) && given.id === '12034' ? { ...given, hash } : given;
      const settings = { app_id: 'myforum', ...(step.browserPayloadSent === false ? {} : { user }) };
      const { outcome, user: seen } = await connect(settings);
      if (outcome !== step.expected.outcome) return `${outcome} instead of ${step.expected.outcome}`;
      const { created: _created, last_login: _in, last_logout: _out, ...echoed } = seen;
      const { echoedToBrowser } = step.expected;
      if (echoedToBrowser !== undefined && !isDeepStrictEqual(echoed, echoedToBrowser)) {
        return `${JSON.stringify(echoed)} instead of ${JSON.stringify(echoedToBrowser)}`;
      }
    }
    return undefined;
  } finally {
    await own.close();
  }
}

describe('the vectors, with our endpoint in the place of the recorded one', () => {
  test('every exception is a vector', () => {
    expect(Object.keys(onPurpose).filter((name) => !cases.some(([known]) => known === name))).toEqual([]);
    expect(cases).toHaveLength(26);
  });

  test.each(cases)('%s', async (name, steps) => {
    const difference = await play(steps);
    if (onPurpose[name] === undefined) expect(difference).toBeUndefined();
    else expect(difference).toEqual(expect.any(String));
  });
});
