import { createHmac, createSecretKey } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { isForumSsoError, isRefusal } from '../../src/errors.js';
import { signUserHash } from '../../src/fruum/index.js';
import { verifyUserHash } from '../../src/fruum/user-hash.js';

const secret = '5f2b8d0c4a1e7f3960b1d2c3e4f5a6b7';
const older = 'e1d2c3b4a5968778695a4b3c2d1e0f00';
const now = new Date('2026-03-01T12:00:00Z');
const nowSeconds = now.getTime() / 1_000;
const inSeconds = (seconds: number): Date => new Date(now.getTime() + seconds * 1_000);
const keys = (...secrets: string[]) => secrets.map((text) => createSecretKey(text, 'utf8'));

const sign = (userId: string, forumId = 'myforum', expiresAt = inSeconds(3_600)): string =>
  signUserHash(userId, { secret, forumId, expiresAt });
const verify = (userId: string, hash: string, forumId = 'myforum', at = now) =>
  verifyUserHash(userId, hash, { keys: keys(secret), forumId, now: at });
const refusedWith = (result: unknown): string => (isRefusal(result) ? result.refused : 'not refused');

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (isForumSsoError(error)) {
      expect(error.message).not.toContain(secret);
      return error.code;
    }
    throw error;
  }
  return 'no error';
}

/** Ids as sites have them, and as nobody should. */
const idArbitrary = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .filter((text) => text.length <= 255 && !/\p{Cc}|\p{Surrogate}/u.test(text));

describe('signUserHash', () => {
  test('is an HMAC-SHA256 of purpose, forum, user and expiry, each with its length in bytes', () => {
    const expiry = String(nowSeconds + 3_600);
    // "é" is one character and two bytes.
    const framed = `27:forum-sso/fruum/user-hash/17:myforum7:é1203410:${expiry}`;
    const mac = createHmac('sha256', secret).update(framed).digest('base64url');
    expect(sign('é12034')).toBe(`1.${expiry}.${mac}`);
  });

  test('cuts off fractions of a second', () => {
    expect(sign('7', 'f', new Date(nowSeconds * 1_000 + 999))).toBe(
      sign('7', 'f', new Date(nowSeconds * 1_000)),
    );
  });

  test('signs with the first of several secrets', () => {
    const expiresAt = inSeconds(60);
    expect(signUserHash('7', { secret: [secret, older], forumId: 'f', expiresAt })).toBe(
      signUserHash('7', { secret, forumId: 'f', expiresAt }),
    );
  });

  test.each([
    ['a short secret', () => signUserHash('7', { secret: 'x'.repeat(31), forumId: 'f', expiresAt: now })],
    ['an empty secret', () => signUserHash('7', { secret: '', forumId: 'f', expiresAt: now })],
    ['no secrets', () => signUserHash('7', { secret: [], forumId: 'f', expiresAt: now })],
    ['the same twice', () => signUserHash('7', { secret: [secret, secret], forumId: 'f', expiresAt: now })],
    [
      'four',
      () =>
        signUserHash('7', {
          secret: [secret, older, `${secret}a`, `${secret}b`],
          forumId: 'f',
          expiresAt: now,
        }),
    ],
  ])('refuses %s', (_name, call) => {
    expect(codeOf(call)).toBe('ERR_FRUUM_SECRET_UNUSABLE');
  });

  test.each([
    ['an empty user id', () => sign('')],
    ['a user id over 255 characters', () => sign('x'.repeat(256))],
    ['a line break in the user id', () => sign('7\n')],
    ['half a surrogate pair', () => sign('a\ud800')],
    ['an empty forum id', () => sign('7', '')],
    ['an invalid date', () => sign('7', 'f', new Date(Number.NaN))],
    ['a date before 1970', () => sign('7', 'f', new Date(-1))],
  ])('refuses %s', (_name, call) => {
    expect(codeOf(call)).toBe('ERR_FRUUM_VALUE_UNUSABLE');
  });
});

describe('verification', () => {
  test('any user, forum and expiry within a day: what was signed verifies', () => {
    fc.assert(
      fc.property(idArbitrary, idArbitrary, fc.integer({ min: 1, max: 86_400 }), (user, forum, seconds) => {
        expect(verify(user, sign(user, forum, inSeconds(seconds)), forum)).toEqual({
          expiry: nowSeconds + seconds,
          keyPosition: 0,
        });
      }),
    );
  });

  test('no two pairs of forum and user share a hash', () => {
    fc.assert(
      fc.property(
        idArbitrary,
        idArbitrary,
        idArbitrary,
        idArbitrary,
        (user, forum, otherUser, otherForum) => {
          fc.pre(user !== otherUser || forum !== otherForum);
          expect(refusedWith(verify(otherUser, sign(user, forum), otherForum))).toBe(
            'ERR_FRUUM_HASH_INVALID',
          );
        },
      ),
    );
    // The same letters, parted elsewhere.
    expect(sign('b1', 'a')).not.toBe(sign('1', 'ab'));
  });

  test('one changed character anywhere makes it worthless', () => {
    const hash = sign('7');
    const alphabet = '.0123456789ABCabc-_';
    fc.assert(
      fc.property(fc.nat(hash.length - 1), fc.constantFrom(...alphabet), (at, character) => {
        fc.pre(hash[at] !== character);
        const changed = hash.slice(0, at) + character + hash.slice(at + 1);
        expect(refusedWith(verify('7', changed))).toBe('ERR_FRUUM_HASH_INVALID');
      }),
    );
  });

  test('the spare bits of the last character do not count as another spelling', () => {
    const hash = sign('7');
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = digits.indexOf(hash.slice(-1));
    const sibling = digits[last ^ 1] ?? '';
    expect(Buffer.from(hash.slice(-43), 'base64url')).toEqual(
      Buffer.from(hash.slice(-43, -1) + sibling, 'base64url'),
    );
    expect(refusedWith(verify('7', hash.slice(0, -1) + sibling))).toBe('ERR_FRUUM_HASH_INVALID');
  });

  test.each([
    ['nothing', ''],
    ['another version', sign('7').replace(/^1/, '2')],
    ['a leading zero in the expiry', sign('7').replace('1.', '1.0')],
    ['a sign in the expiry', sign('7').replace('1.', '1.+')],
    ['a line end', `${sign('7')}\n`],
    ['a blank', ` ${sign('7')}`],
    ['padding', `${sign('7')}=`],
    ['only the MAC', sign('7').slice(-43)],
  ])('refuses %s', (_name, hash) => {
    expect(refusedWith(verify('7', hash))).toBe('ERR_FRUUM_HASH_INVALID');
  });

  test('it ends with its second, and more than 24 hours ahead is refused', () => {
    const hash = sign('7', 'myforum', inSeconds(100));
    expect(refusedWith(verify('7', hash, 'myforum', inSeconds(99.999)))).toBe('not refused');
    expect(refusedWith(verify('7', hash, 'myforum', inSeconds(100)))).toBe('ERR_FRUUM_HASH_EXPIRED');
    expect(refusedWith(verify('7', hash, 'myforum', new Date(Number.NaN)))).toBe('ERR_FRUUM_HASH_EXPIRED');
    expect(refusedWith(verify('7', sign('7', 'myforum', inSeconds(86_400))))).toBe('not refused');
    expect(refusedWith(verify('7', sign('7', 'myforum', inSeconds(86_401))))).toBe(
      'ERR_FRUUM_HASH_TOO_LONG_LIVED',
    );
  });

  test('the signature is looked at before the expiry', () => {
    const over = sign('7', 'myforum', inSeconds(-10)).slice(0, -43) + 'A'.repeat(43);
    expect(refusedWith(verify('7', over))).toBe('ERR_FRUUM_HASH_INVALID');
  });

  test('during a change the old secret verifies, and says so', () => {
    const old = signUserHash('7', { secret: older, forumId: 'myforum', expiresAt: inSeconds(60) });
    const rules = { keys: keys(secret, older), forumId: 'myforum', now };
    expect(verifyUserHash('7', old, rules)).toEqual({ expiry: nowSeconds + 60, keyPosition: 1 });
    expect(verifyUserHash('7', sign('7'), rules)).toMatchObject({ keyPosition: 0 });
    expect(refusedWith(verifyUserHash('7', old, { ...rules, keys: keys(secret) }))).toBe(
      'ERR_FRUUM_HASH_INVALID',
    );
    expect(refusedWith(verifyUserHash('7', old, { ...rules, keys: [] }))).toBe('ERR_FRUUM_HASH_INVALID');
  });
});
