import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { type ForumSsoError, isForumSsoError } from '../../src/errors.js';
import type { SiteUser } from '../../src/site-user.js';
import { openAuthnToken, sealAuthnToken } from '../../src/talkyard/index.js';
import { decryptV2Local, encryptV2Local, splitV2Local } from '../../src/talkyard/v2-local.js';
import { asSent } from './as-sent.js';
import { type PasetoVector, vectors } from './vectors.js';

const key = `hex:${'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'}`;
const now = new Date('2026-03-01T12:00:00Z');
const expiresAt = new Date('2026-03-01T12:05:00Z');
const ada: SiteUser = { id: 'u-1001', email: 'ada@example.com', emailVerified: true };

function thrown(act: () => unknown): ForumSsoError {
  try {
    act();
  } catch (error) {
    if (isForumSsoError(error)) return error;
    throw error;
  }
  throw new Error('Nothing was thrown.');
}

/** Seals any content with the key of {@link key}: for claims that sealAuthnToken never makes. */
function tokenOf(content: unknown, seed = new Uint8Array(24)): string {
  return `paseto:${encryptV2Local(Buffer.from(JSON.stringify(content)), Buffer.from(key.slice(4), 'hex'), seed)}`;
}

const hexBytes = (text: string): Uint8Array => Buffer.from(text, 'hex');

describe('vectors', () => {
  test('there are 22, all tried below', () => expect(vectors.paseto).toHaveLength(22));

  test.each(vectors.paseto)('$name: the ciphertext, byte for byte', (vector: PasetoVector) => {
    const keyBytes = hexBytes(vector.encryptedWithKeyHex ?? vector.settingValue.replace('hex:', ''));
    const token = encryptV2Local(
      Buffer.from(vector.payload),
      keyBytes,
      hexBytes(vector.nonceSeedHex),
      Buffer.from(vector.footer ?? ''),
    );
    expect(token).toBe(vector.v2LocalToken);
    const parts = splitV2Local(token);
    if (parts === undefined) throw new Error('The token cannot be taken apart.');
    expect(Buffer.from(decryptV2Local(parts, keyBytes) ?? []).toString()).toBe(vector.payload);
  });

  test.each(vectors.paseto)('$name: opened as Talkyard does', (vector: PasetoVector) => {
    const open = () =>
      openAuthnToken(vector.valueSentToTalkyard, { key: vector.settingValue, now: new Date(vector.now) });
    const { user, errorCodes = [], expAsRead } = vector.expected;
    if (user !== undefined) {
      const claims = open();
      expect(claims.user).toEqual(user);
      if (expAsRead !== undefined) expect(claims.expiresAt).toEqual(new Date(expAsRead));
      expect(claims.footer).toBe(vector.footer);
      return;
    }
    const error = thrown(open);
    for (const code of errorCodes) expect(error.detail).toContain(code);
    expect(error.code).toBe(ourCodes[vector.name]);
  });

  const ourCodes: Readonly<Record<string, string>> = {
    'expired-one-second-ago': 'ERR_TALKYARD_TOKEN_EXPIRED',
    'exp-as-unix-seconds-number-is-read-as-millis-so-expired': 'ERR_TALKYARD_TOKEN_EXPIRED',
    'exp-date-only-string-malformed': 'ERR_TALKYARD_TOKEN_MALFORMED',
    'nbf-in-the-future': 'ERR_TALKYARD_TOKEN_EXPIRED',
    'encrypted-with-wrong-key': 'ERR_TALKYARD_TOKEN_INVALID',
    'tampered-last-ciphertext-byte': 'ERR_TALKYARD_TOKEN_INVALID',
    'no-paseto-prefix': 'ERR_TALKYARD_TOKEN_MALFORMED',
    'v4-local-header': 'ERR_TALKYARD_TOKEN_MALFORMED',
    'user-null': 'ERR_TALKYARD_TOKEN_CLAIMS',
    'user-at-top-level-no-data-map': 'ERR_TALKYARD_TOKEN_CLAIMS',
    'ssoId-missing': 'ERR_TALKYARD_TOKEN_CLAIMS',
    'ssoId-number': 'ERR_TALKYARD_TOKEN_CLAIMS',
    'email-verified-false': 'ERR_EMAIL_NOT_VERIFIED',
    'email-verified-as-string': 'ERR_TALKYARD_TOKEN_CLAIMS',
    'ssoId-trailing-blank-not-trimmed-in-token': 'ERR_TALKYARD_TOKEN_CLAIMS',
  };

  test('sealAuthnToken makes the vector with all fields, byte for byte', () => {
    const vector = vectors.paseto.find(({ name }) => name === 'full-user-future-exp-Z');
    if (vector === undefined) throw new Error('The vector is gone.');
    const token = sealAuthnToken(
      { ...ada, username: 'ada_l', name: 'Ada Lovelace' },
      {
        key: vector.settingValue,
        expiresAt: new Date('2026-03-01T13:00:00Z'),
        now,
        extId: 'ext-77',
        randomBytes: () => hexBytes(vector.nonceSeedHex),
      },
    );
    expect(token).toBe(vector.valueSentToTalkyard);
  });

  test.each(['exp-exactly-now-still-accepted', 'expired-one-second-ago'])(
    'sealAuthnToken without now makes %s',
    (name) => {
      const vector = vectors.paseto.find((candidate) => candidate.name === name);
      if (vector === undefined) throw new Error('The vector is gone.');
      const { exp }: { exp: string } = JSON.parse(vector.payload);
      const seed = hexBytes(vector.nonceSeedHex);
      const token = sealAuthnToken(ada, {
        key: vector.settingValue,
        expiresAt: new Date(exp),
        randomBytes: () => seed,
      });
      expect(token).toBe(vector.valueSentToTalkyard);
    },
  );
});

describe('sealAuthnToken', () => {
  test('two tokens of the same content differ', () => {
    const seal = () => sealAuthnToken(ada, { key, expiresAt, now });
    expect(new Set(Array.from({ length: 200 }, seal)).size).toBe(200);
  });

  test('admin and moderator flags never get into a token', () => {
    const token = sealAuthnToken({ ...ada, admin: true, moderator: true }, { key, expiresAt, now });
    const parts = splitV2Local(token.replace('paseto:', ''));
    if (parts === undefined) throw new Error('The token cannot be taken apart.');
    const content = Buffer.from(decryptV2Local(parts, Buffer.from(key.slice(4), 'hex')) ?? []).toString();
    expect(JSON.parse(content)).toEqual({
      exp: '2026-03-01T12:05:00Z',
      iat: '2026-03-01T12:00:00Z',
      data: {
        user: { ssoId: 'u-1001', primaryEmailAddress: 'ada@example.com', isEmailAddressVerified: true },
      },
    });
  });

  test('tokens of every length in turn hold what belongs into each, and nothing of another', () => {
    // Escaped in JSON as six characters each, and three bytes each in UTF-8.
    const names = ['A', '\ud800', 'Ada', '\u20ac', 'Ada Lovelace'];
    const people = names.map((name, index) => ({
      id: `u-${index}`,
      username: name.length === 1 ? name.repeat(255) : name,
      name: name.length === 1 ? name.repeat(100) : name,
    }));
    const tokens = people.map((person) => sealAuthnToken({ ...ada, ...person }, { key, expiresAt, now }));
    expect(Math.max(...tokens.map(({ length }) => length))).toBeGreaterThan(3_000);
    expect(Math.min(...tokens.map(({ length }) => length))).toBeLessThan(500);
    expect(tokens.map((token) => openAuthnToken(token, { key, now }).user)).toMatchObject(
      people.map(({ id, username, name }) => ({ ssoId: id, username, fullName: name })),
    );
  });

  test('both cases of hex digits are one key', () => {
    const lower = `hex:${'ab'.repeat(32)}`;
    const token = sealAuthnToken(ada, { key: lower.toUpperCase().replace('HEX:', 'hex:'), expiresAt, now });
    expect(openAuthnToken(token, { key: lower, now }).user.ssoId).toBe('u-1001');
  });

  test.each([
    ['missing', '', /missing/],
    ['base64', `base64:${Buffer.alloc(32).toString('base64')}`, /"hex:" one/],
    ['without prefix', 'ab'.repeat(32), /begin with "hex:"/],
    ['upper-case prefix', `HEX:${'ab'.repeat(32)}`, /begin with "hex:"/],
    ['too short', `hex:${'ab'.repeat(31)}`, /64 hex digits/],
    ['too long', `hex:${'ab'.repeat(33)}`, /64 hex digits/],
    ['not hex', `hex:${'zz'.repeat(32)}`, /64 hex digits/],
    // Their low bytes are the codes of digits, for which some decoders take them.
    ['digits of other scripts', `hex:${'\u0130\u0131'.repeat(32)}`, /64 hex digits/],
    ['line break behind', `hex:${'ab'.repeat(32)}\n`, /64 hex digits/],
  ])('key %s: refused with a sentence, without showing it', (_, badKey, sentence) => {
    for (const act of [
      () => sealAuthnToken(ada, { key: badKey, expiresAt, now }),
      () => openAuthnToken('paseto:v2.local.x', { key: badKey, now }),
    ]) {
      const error = thrown(act);
      expect(error.code).toBe('ERR_TALKYARD_KEY_UNUSABLE');
      expect(error.detail).toMatch(sentence);
      if (badKey !== '') expect(JSON.stringify(error) + error.message).not.toContain(badKey.trim());
    }
  });

  test.each([
    ['is no date', new Date(Number.NaN)],
    ['lies in the past', new Date('2026-03-01T11:59:59Z')],
    ['is now', now],
    ['lies beyond the year 9999', new Date('+010000-01-01T00:00:00Z')],
  ])('expiresAt that %s is refused', (_, bad) => {
    expect(thrown(() => sealAuthnToken(ada, { key, expiresAt: bad, now })).code).toBe(
      'ERR_TALKYARD_TOKEN_LIFE',
    );
  });

  test.each<[string, Partial<SiteUser>, string]>([
    ['unverified address', { emailVerified: false }, 'ERR_EMAIL_NOT_VERIFIED'],
    ['suspended', { suspended: true }, 'ERR_USER_SUSPENDED'],
    ['id with a blank', { id: 'u-1 ' }, 'ERR_TALKYARD_USER_UNUSABLE'],
    ['empty id', { id: '' }, 'ERR_TALKYARD_USER_UNUSABLE'],
    ['long id', { id: 'x'.repeat(129) }, 'ERR_TALKYARD_USER_UNUSABLE'],
    ['address with an apostrophe', { email: "o'neil@example.com" }, 'ERR_TALKYARD_EMAIL_UNUSABLE'],
  ])('%s is refused', (_, change, code) => {
    const error = thrown(() => sealAuthnToken({ ...ada, ...change }, { key, expiresAt, now }));
    expect(error.code).toBe(code);
    expect(error.detail).not.toContain('example.com');
  });

  test('what is sealed is what is opened', () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 40 });
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-zA-Z0-9:_@.-]{1,128}$/),
        fc.option(name, { nil: undefined }),
        fc.option(name, { nil: undefined }),
        fc.integer({ min: 1, max: 86_400_000 }),
        (id, username, fullName, life) => {
          const user = { ...ada, id, username, name: fullName };
          const until = new Date(now.getTime() + life);
          const token = sealAuthnToken(user, { key, expiresAt: until, now });
          expect(token).toMatch(/^paseto:v2\.local\.[A-Za-z0-9_-]+$/);
          const { user: read, expiresAt: exp, issuedAt } = openAuthnToken(token, { key, now: until });
          expect(read.ssoId).toBe(id);
          expect(read.username).toBe(asSent(username, 255));
          expect(read.fullName).toBe(asSent(fullName, 100));
          expect([exp, issuedAt]).toEqual([until, now]);
          expect(thrown(() => openAuthnToken(token, { key, now: new Date(until.getTime() + 1) })).code).toBe(
            'ERR_TALKYARD_TOKEN_EXPIRED',
          );
        },
      ),
    );
  });

  test('times are ISO 8601 in UTC, to the character', () => {
    const plaintext = (token: string): unknown => {
      const parts = splitV2Local(token.slice('paseto:'.length));
      const bytes = parts === undefined ? undefined : decryptV2Local(parts, hexBytes(key.slice(4)));
      return JSON.parse(Buffer.from(bytes ?? []).toString());
    };
    const iso = (date: Date): string => date.toISOString().replace('.000Z', 'Z');
    const dates = fc.date({
      min: new Date('1000-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:58Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(dates, fc.boolean(), (date, whole) => {
        const at = new Date(whole ? Math.floor(date.getTime() / 1_000) * 1_000 : date);
        const until = new Date(at.getTime() + 1_000);
        expect(plaintext(sealAuthnToken(ada, { key, expiresAt: until, now: at }))).toEqual({
          exp: iso(until),
          iat: iso(at),
          data: { user: { ssoId: ada.id, primaryEmailAddress: ada.email, isEmailAddressVerified: true } },
        });
        expect(plaintext(sealAuthnToken(ada, { key, expiresAt: until }))).toHaveProperty('exp', iso(until));
      }),
      { numRuns: 300 },
    );
  });

  test('a changed character anywhere is noticed', () => {
    const token = sealAuthnToken(ada, { key, expiresAt, now });
    fc.assert(
      fc.property(
        fc.nat(token.length - 1),
        fc.constantFrom('A', 'b', '7', '.', '_', ' ', '%'),
        (at, character) => {
          fc.pre(token[at] !== character);
          const changed = token.slice(0, at) + character + token.slice(at + 1);
          expect(thrown(() => openAuthnToken(changed, { key, now })).code).toMatch(/_(MALFORMED|INVALID)$/);
        },
      ),
      { numRuns: 500 },
    );
  });
});

test('a source of randomness that gives too little is refused', () => {
  const randomBytes = () => new Uint8Array(8);
  expect(thrown(() => sealAuthnToken(ada, { key, expiresAt, now, randomBytes })).code).toBe('ERR_INTERNAL');
});

test('a clock that is none opens nothing', () => {
  const token = sealAuthnToken(ada, { key, expiresAt, now });
  const never = new Date(Number.NaN);
  expect(thrown(() => openAuthnToken(token, { key, now: never })).code).toBe('ERR_TALKYARD_TOKEN_LIFE');
});

describe('openAuthnToken', () => {
  const user = { ssoId: 'u-1', primaryEmailAddress: 'u@example.com', isEmailAddressVerified: true };

  test.each<[string, unknown, string]>([
    ['no object', [1], 'TyEPASUNKEX'],
    ['data no map', { data: 'x' }, 'TyE603MATE24'],
    ['user a list', { data: { user: [] } }, 'TyE603MATE24'],
    ['empty id', { data: { user: { ...user, ssoId: '' } } }, 'TyE5603MRE245'],
    ['no e-mail', { data: { user: { ...user, primaryEmailAddress: null } } }, 'TyEPARMAP0ST_'],
    ['bad e-mail', { data: { user: { ...user, primaryEmailAddress: 'root@localhost' } } }, 'TyE4MS6W2RI'],
    ['user name a number', { data: { user: { ...user, username: 7 } } }, 'TyE740MGE3M'],
    ['full name a list', { data: { user: { ...user, fullName: [] } } }, 'TyE740MGE3M'],
    ['long extId', { data: { user: { ...user, extId: 'x'.repeat(129) } } }, 'TyEEXTIDLNG'],
    ['verified missing', { data: { user: { ...user, isEmailAddressVerified: null } } }, 'TyESSOEMLUNVERF'],
    ['exp without offset', { exp: '2026-03-01T13:00:00', data: { user } }, 'TyEPASUNKEX'],
    ['exp on February 30', { exp: '2027-02-30T13:00:00Z', data: { user } }, 'TyEPASUNKEX'],
    ['exp at 24:00', { exp: '2027-02-20T24:00:00Z', data: { user } }, 'TyEPASUNKEX'],
    ['exp a boolean', { exp: true, data: { user } }, 'TyEPASUNKEX'],
    ['iat no date', { iat: 'yesterday', data: { user } }, 'TyEPASUNKEX'],
  ])('%s: refused with the code that Talkyard gives', (_, content, talkyardCode) => {
    expect(thrown(() => openAuthnToken(tokenOf(content), { key, now })).detail).toContain(talkyardCode);
  });

  test.each<[string | number, string]>([
    ['2026-03-01T13:00Z', '2026-03-01T13:00:00.000Z'],
    ['2026-03-01t13:00:00z', '2026-03-01T13:00:00.000Z'],
    ['2026-03-01T15:30:00.123456789+02:30', '2026-03-01T13:00:00.123Z'],
    [1_900_000_000_000, '2030-03-17T17:46:40.000Z'],
  ])('the time %s is read', (exp, read) => {
    const { expiresAt: found } = openAuthnToken(tokenOf({ exp, data: { user } }), { key, now });
    expect(found?.toISOString()).toBe(read);
  });

  test('names lose their blanks, blank ones are absent, unknown fields do not matter', () => {
    const content = {
      sub: 'x',
      data: { user: { ...user, username: '  zoë ', fullName: ' ', extId: '', isAdmin: true, aboutUser: 3 } },
    };
    expect(openAuthnToken(tokenOf(content), { key, now }).user).toEqual({
      ssoId: 'u-1',
      primaryEmailAddress: 'u@example.com',
      username: 'zoë',
    });
  });

  test.each([
    ['padding', (token: string) => `${token}==`],
    ['a third part', (token: string) => `${token}.Zm9v.Zm9v`],
    ['an added footer', (token: string) => `${token}.Zm9v`],
    ['cut to the nonce', (token: string) => token.slice(0, 'paseto:v2.local.'.length + 32)],
    ['over the limit', (token: string) => token + 'A'.repeat(9_000)],
    ['percent-encoded', encodeURIComponent],
  ])('%s: refused', (_, change) => {
    const token = tokenOf({ data: { user } });
    expect(openAuthnToken(token, { key, now }).user.ssoId).toBe('u-1');
    const error = thrown(() => openAuthnToken(change(token), { key, now }));
    expect(error.code).toMatch(/^ERR_TALKYARD_TOKEN_(MALFORMED|INVALID)$/);
    expect(error.message).not.toContain(token.slice(30, 60));
  });

  test('bytes that are no UTF-8 are refused', () => {
    const bytes = Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d);
    const token = `paseto:${encryptV2Local(bytes, Buffer.from(key.slice(4), 'hex'), new Uint8Array(24))}`;
    expect(thrown(() => openAuthnToken(token, { key, now })).code).toBe('ERR_TALKYARD_TOKEN_MALFORMED');
  });
});
