import { createHash } from 'node:crypto';

import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';

import { isRefusal } from '../../src/errors.js';
import { type AuthRules, decideAuthRequest } from '../../src/fruum/answer.js';
import { type AnswerAuthRequestOptions, answerAuthRequest, signUserHash } from '../../src/fruum/index.js';
import { readUserHashSecrets } from '../../src/fruum/user-hash.js';
import type { SiteUser } from '../../src/site-user.js';

const secret = '5f2b8d0c4a1e7f3960b1d2c3e4f5a6b7';
const now = new Date('2026-03-01T12:00:00Z');
const inSeconds = (seconds: number): Date => new Date(now.getTime() + seconds * 1_000);

const alice: SiteUser = {
  id: '12034',
  email: 'alice@site.example.com',
  emailVerified: true,
  username: 'alice',
  name: 'Alice Example',
  avatarUrl: 'https://site.example.com/alice.png',
  admin: false,
};
const aliceReply = {
  id: '12034',
  anonymous: false,
  admin: false,
  username: 'alice',
  displayname: 'Alice Example',
  email: 'alice@site.example.com',
  avatar: 'https://site.example.com/alice.png',
};

const hashFor = (userId: string, seconds = 3_600): string =>
  signUserHash(userId, { secret, forumId: 'myforum', expiresAt: inSeconds(seconds) });
const good = { id: '12034', hash: hashFor('12034') };

/** A site without a type checker may return anything. */
const isWhatTheSiteReturns = (_value: unknown): _value is SiteUser | null => true;
const finding = (user: unknown) =>
  jest.fn(async (_siteUserId: string): Promise<SiteUser | null> => {
    if (!isWhatTheSiteReturns(user)) throw new Error('never');
    return user;
  });
const options = (more: Partial<AnswerAuthRequestOptions> = {}): AnswerAuthRequestOptions => ({
  secret,
  forumId: 'myforum',
  findUser: finding(alice),
  now,
  ...more,
});

describe('answerAuthRequest: a good hash', () => {
  test('is answered with the seven fields of the account, read afresh', async () => {
    const findUser = finding(alice);
    expect(await answerAuthRequest(good, options({ findUser }))).toEqual(aliceReply);
    expect(findUser).toHaveBeenCalledTimes(1);
    expect(findUser).toHaveBeenCalledWith('12034');
  });

  test('further keys of the payload are not looked at', async () => {
    const payload = JSON.parse(JSON.stringify({ ...good, admin: true, ts: 1, nested: { a: [1, null] } }));
    expect(await answerAuthRequest(payload, options())).toEqual(aliceReply);
  });

  test('nothing of the account but those fields is passed on', async () => {
    const row = {
      ...alice,
      password_hash: 'pw',
      groups: ['staff'],
      custom: { a: '1' },
      blocked: true,
      karma: 9,
    };
    expect(await answerAuthRequest(good, options({ findUser: finding(row) }))).toEqual(aliceReply);
  });

  test('an e-mail address that is not verified stays here', async () => {
    const user = { ...alice, emailVerified: false };
    const reply = await answerAuthRequest(good, options({ findUser: finding(user) }));
    expect(reply).toEqual({ ...aliceReply, email: undefined });
    expect(Object.keys(reply)).not.toContain('email');
  });

  test.each([
    [true, true],
    [false, false],
    [undefined, false],
    ['true', false],
    ['false', false],
    [1, false],
    [{}, false],
    [null, false],
  ])('admin: %p makes %p', async (admin, expected) => {
    const reply = await answerAuthRequest(good, options({ findUser: finding({ ...alice, admin }) }));
    expect(reply).toEqual({ ...aliceReply, admin: expected });
  });

  test.each([
    [' Mr  Cock\tpit ', '_Mr_Cock_pit_'],
    ['a\u00a0b', 'a_b'],
    ['a\nb', 'a_b'],
    ['mrcockpit', 'mrcockpit'],
    [undefined, '12034'],
    ['', '12034'],
    ['  ', '12034'],
  ])('the user name %p becomes %p', async (username, expected) => {
    const reply = await answerAuthRequest(good, options({ findUser: finding({ ...alice, username }) }));
    expect(reply).toEqual({ ...aliceReply, username: expected });
  });

  test('for any account, the reply has only what Fruum takes as it is meant', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    const mostly = <A, B>(usual: fc.Arbitrary<A>, odd: fc.Arbitrary<B>) =>
      fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: odd });
    const account = fc.record(
      {
        id: fc.constant('12034'),
        email: fc.constantFrom('a@example.com', 'ü@example.org', 'none'),
        emailVerified: mostly(fc.boolean(), fc.constant('false')),
        username: mostly(text, fc.integer()),
        name: text,
        avatarUrl: mostly(fc.constant('https://a.example/1.png'), fc.constant('javascript:alert(1)')),
        admin: fc.anything(),
        suspended: fc.boolean(),
        extra: fc.anything(),
      },
      { requiredKeys: ['id', 'email', 'emailVerified'] },
    );
    let users = 0;
    await fc.assert(
      fc.asyncProperty(account, async (user) => {
        const reply = await answerAuthRequest(good, options({ findUser: finding(user) }));
        if (Object.keys(reply).length === 0) return;
        users++;
        expect(user.suspended).not.toBe(true);
        expect(reply.id).toBe('12034');
        expect(reply.anonymous).toBe(false);
        expect(reply.admin).toBe(user.admin === true);
        expect(reply.username).toMatch(/^\S+$/);
        for (const [field, value] of Object.entries(reply)) {
          if (['anonymous', 'admin'].includes(field)) continue;
          expect(['id', 'username', 'displayname', 'email', 'avatar']).toContain(field);
          expect(typeof value).toBe('string');
          expect(value).not.toBe('');
          expect(value).not.toMatch(/^javascript:/);
        }
      }),
      { numRuns: 300 },
    );
    expect(users).toBeGreaterThan(50);
  });
});

describe('answerAuthRequest: {} for anything doubtful', () => {
  test.each([
    ['null', null],
    ['undefined', undefined],
    ['a text', 'just-a-string'],
    ['a number', 7],
    ['an array', ['12034', good.hash]],
    ['an empty object', {}],
    ['no hash', { id: '12034' }],
    ['no id', { hash: good.hash }],
    ['an array for a hash', { id: '12034', hash: [] }],
    ['an array with the hash', { id: '12034', hash: [good.hash] }],
    ['an object for a hash', { id: '12034', hash: { length: 43 } }],
    ['true for a hash', { id: '12034', hash: true }],
    ['a number for an id', { id: 12034, hash: good.hash }],
    ['an array for an id', { id: ['12034'], hash: good.hash }],
    ['an empty id', { id: '', hash: hashFor('x') }],
    ['another id', { id: '12035', hash: good.hash }],
    ['the id with a blank', { id: '12034 ', hash: good.hash }],
    ['a very long hash', { id: '12034', hash: 'x'.repeat(1_000_000) }],
    ['a very long id', { id: 'x'.repeat(1_000_000), hash: good.hash }],
    ['inherited fields', Object.create(good)],
    ['an instance of a class', Object.assign(new Date(), good)],
    ['fields in __proto__', JSON.parse(`{"__proto__":${JSON.stringify(good)}}`)],
    ['an expired hash', { id: '12034', hash: hashFor('12034', -1) }],
    ['a hash for two days', { id: '12034', hash: hashFor('12034', 172_800) }],
    ['the MD5 of the address', { id: '12034', hash: createHash('md5').update(alice.email).digest('hex') }],
  ])('%s', async (_name, payload) => {
    const findUser = finding(alice);
    expect(await answerAuthRequest(payload, options({ findUser }))).toEqual({});
    expect(findUser).not.toHaveBeenCalled();
  });

  test.each([
    ['nobody', null],
    ['undefined', undefined],
    ['false', false],
    ['a suspended person', { ...alice, suspended: true }],
    ['"suspended" that is no boolean', { ...alice, suspended: 'yes' }],
    ['"emailVerified" that is no boolean', { ...alice, emailVerified: 'false' }],
    ['another person', { ...alice, id: '12035' }],
    ['a number for an id', { ...alice, id: 12034 }],
    ['a number for a user name', { ...alice, username: 12 }],
    ['a script for an avatar', { ...alice, avatarUrl: 'javascript:alert(1)' }],
    ['no e-mail address', { ...alice, email: undefined }],
  ])('findUser gives %s', async (_name, user) => {
    expect(await answerAuthRequest(good, options({ findUser: finding(user) }))).toEqual({});
  });

  test.each([
    ['findUser rejects', { findUser: () => Promise.reject(new Error('no database')) }],
    [
      'findUser throws',
      {
        findUser: () => {
          throw new Error('no database');
        },
      },
    ],
    ['signedOutAt rejects', { signedOutAt: () => Promise.reject(new Error('no store')) }],
    ['the sign-out time is no date', { signedOutAt: async () => new Date(Number.NaN) }],
    ['the secret is too short', { secret: 'short' }],
    ['there is no secret', { secret: [] }],
    ['the forum is another', { forumId: 'otherforum' }],
    ['the clock is broken', { now: new Date(Number.NaN) }],
  ])('%s', async (_name, more) => {
    expect(await answerAuthRequest(good, options(more))).toEqual({});
  });

  test('any JSON at all, and nothing is thrown', async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything({ withNullPrototype: true, withObjectString: true }), async (payload) => {
        expect(await answerAuthRequest(payload, options())).toEqual({});
      }),
    );
  });

  test('a payload that throws when it is read', async () => {
    const payload = {
      ...good,
      get id(): string {
        throw new Error('boo');
      },
    };
    expect(await answerAuthRequest(payload, options())).toEqual({});
  });

  test('a findUser that never answers: Fruum waits no longer than the deadline', async () => {
    const before = Date.now();
    const silent = options({ findUser: () => new Promise(() => {}), deadline: 0.1 });
    expect(await answerAuthRequest(good, silent)).toEqual({});
    expect(Date.now() - before).toBeLessThan(2_900);
  });

  test('the deadline is 3 seconds when nothing else is said', async () => {
    jest.useFakeTimers();
    try {
      let reply: unknown = 'none yet';
      const asked = answerAuthRequest(good, options({ findUser: () => new Promise(() => {}) }));
      void asked.then((value) => {
        reply = value;
      });
      await jest.advanceTimersByTimeAsync(2_990);
      expect(reply).toBe('none yet');
      await jest.advanceTimersByTimeAsync(20);
      expect(reply).toEqual({});
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('after a sign-out', () => {
  const life = 3_600;
  const answerSignedOut = (signedOut: Date | null, payload = good, hashLife: number | undefined = life) =>
    answerAuthRequest(payload, options({ signedOutAt: async () => signedOut, hashLife }));

  test('a hash made before is dead, one made after is not', async () => {
    // "good" ends in an hour, so it was made just now.
    expect(await answerSignedOut(inSeconds(0))).toEqual({});
    expect(await answerSignedOut(inSeconds(5))).toEqual({});
    expect(await answerSignedOut(inSeconds(-0.001))).toEqual(aliceReply);
    expect(await answerSignedOut(inSeconds(-3_600))).toEqual(aliceReply);
    expect(await answerSignedOut(null)).toEqual(aliceReply);
  });

  test('a hash with a longer life than ours may be as old as any', async () => {
    const long = { id: '12034', hash: hashFor('12034', 12 * 3_600) };
    expect(await answerSignedOut(inSeconds(-3_600), long)).toEqual({});
    expect(await answerSignedOut(inSeconds(-13 * 3_600), long)).toEqual(aliceReply);
  });

  test('without the life, the longest possible is assumed', async () => {
    expect(
      await answerAuthRequest(good, options({ signedOutAt: async () => inSeconds(-22 * 3_600) })),
    ).toEqual({});
    expect(
      await answerAuthRequest(good, options({ signedOutAt: async () => inSeconds(-24 * 3_600) })),
    ).toEqual(aliceReply);
  });
});

describe('inside: the order of the checks, and the time of a move from MD5', () => {
  const ring = readUserHashSecrets(secret, now);
  const rules = (more: Partial<AuthRules> = {}): AuthRules => ({
    keys: isRefusal(ring) ? [] : ring.keysAt(now),
    forumId: 'myforum',
    findUser: finding(alice),
    now,
    deadline: 3,
    hashLife: 3_600,
    ...more,
  });
  const codeOf = async (payload: unknown, more: Partial<AuthRules>): Promise<string> => {
    const answer = await decideAuthRequest(payload, rules(more));
    return isRefusal(answer) ? answer.refused : 'answered';
  };
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  const old = { id: '12034', hash: md5(alice.email) };
  const during = { md5Until: inSeconds(60) };

  test('who connects too often is refused before the account is read; a bad hash is not counted', async () => {
    const admit = jest.fn((_siteUserId: string) => false);
    const findUser = finding(alice);
    expect(await codeOf({ id: '12034', hash: `${good.hash}x` }, { admit })).toBe('ERR_FRUUM_HASH_INVALID');
    expect(admit).not.toHaveBeenCalled();
    expect(await codeOf(good, { admit, findUser })).toBe('ERR_RATE_LIMITED');
    expect(admit).toHaveBeenCalledWith('12034');
    expect(findUser).not.toHaveBeenCalled();
  });

  test('every refusal says why', async () => {
    expect(await codeOf([], {})).toBe('ERR_FRUUM_PAYLOAD_MALFORMED');
    expect(await codeOf({ id: '1', hash: [] }, {})).toBe('ERR_FRUUM_PAYLOAD_MALFORMED');
    expect(await codeOf({ id: '12034', hash: hashFor('12034', -1) }, {})).toBe('ERR_FRUUM_HASH_EXPIRED');
    expect(await codeOf(good, { findUser: finding(null) })).toBe('ERR_FRUUM_USER_UNKNOWN');
    expect(await codeOf(good, { findUser: finding({ ...alice, suspended: true }) })).toBe(
      'ERR_USER_SUSPENDED',
    );
    expect(await codeOf(good, { findUser: finding({ ...alice, id: '8' }) })).toBe('ERR_SITE_USER_INVALID');
    expect(await codeOf(good, { findUser: () => Promise.reject(new Error('x')) })).toBe(
      'ERR_SITE_CALLBACK_FAILED',
    );
    expect(await codeOf(good, { signedOutAt: async () => now })).toBe('ERR_FRUUM_SIGNED_OUT');
  });

  test('MD5 is taken until its date, and then no more', async () => {
    expect(await decideAuthRequest(old, rules(during))).toEqual({
      reply: aliceReply,
      userId: '12034',
      keyPosition: undefined,
    });
    expect(await codeOf(old, {})).toBe('ERR_FRUUM_HASH_INVALID');
    expect(await codeOf(old, { md5Until: now })).toBe('ERR_FRUUM_HASH_INVALID');
    // Signed hashes go on as ever.
    expect(await codeOf(good, during)).toBe('answered');
  });

  test('MD5 makes nobody an administrator', async () => {
    const answer = await decideAuthRequest(
      old,
      rules({ ...during, findUser: finding({ ...alice, admin: true }) }),
    );
    expect(answer).toMatchObject({ reply: { admin: false } });
  });

  test.each([
    ['of another address', { id: '12034', hash: md5('bob@site.example.com') }],
    ['in capitals', { id: '12034', hash: md5(alice.email).toUpperCase() }],
    ['cut short', { id: '12034', hash: md5(alice.email).slice(1) }],
    ['in an array', { id: '12034', hash: [md5(alice.email)] }],
  ])('an MD5 %s is refused', async (_name, payload) => {
    expect(await codeOf(payload, during)).not.toBe('answered');
  });

  test('MD5: any sign-out that is known of ends it, and too many are refused', async () => {
    expect(await codeOf(old, { ...during, signedOutAt: async () => inSeconds(-80_000) })).toBe(
      'ERR_FRUUM_SIGNED_OUT',
    );
    const admit = jest.fn(() => false);
    expect(await codeOf({ ...old, hash: md5('x') }, { ...during, admit })).toBe('ERR_FRUUM_HASH_INVALID');
    expect(admit).not.toHaveBeenCalled();
    expect(await codeOf(old, { ...during, admit })).toBe('ERR_RATE_LIMITED');
  });

  test('MD5: strangers who try out ids make nobody ask the store for sign-outs, where each question leaves a mark', async () => {
    const signedOutAt = jest.fn(async () => null);
    for (const id of ['12034', 'anybody'])
      expect(await codeOf({ id, hash: md5('x') }, { ...during, signedOutAt })).not.toBe('answered');
    expect(signedOutAt).not.toHaveBeenCalled();
    expect(await codeOf(old, { ...during, signedOutAt })).toBe('answered');
  });
});
