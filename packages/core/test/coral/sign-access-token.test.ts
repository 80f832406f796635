import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { jwtVerify } from 'jose';

import {
  coralSafeUserName,
  coralUserClaims,
  createAccessTokenSigner,
  signAccessToken,
  verifyAccessToken,
} from '../../src/coral/index.js';
import { isForumSsoError, isRefusal } from '../../src/errors.js';
import type { SiteUser } from '../../src/site-user.js';
import { at, vectors } from './vectors.js';

const secret = `ssosec_${'0123456789abcdef'.repeat(4)}`;
const kid = '9f3c1d2e8a7b6c5d';
const now = at(1_750_000_000);
const mira: SiteUser = { id: 'u-1', email: 'mira@example.com', emailVerified: true, username: 'mira_olsen' };

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'fine';
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    return error.code;
  }
}

function partsOf(token: string): { header: unknown; payload: unknown } {
  const [header = '', payload = ''] = token.split('.');
  const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
  return { header: read(header), payload: read(payload) };
}

describe('the token', () => {
  test('has exactly the claims that Coral wants, times in seconds', async () => {
    const sign = createAccessTokenSigner({ secret, kid, expiresIn: 300 });
    const token = await sign(mira, { now: new Date(now.getTime() + 999), jti: 'token-1' });
    expect(partsOf(token)).toEqual({
      header: { alg: 'HS256', typ: 'JWT', kid },
      payload: {
        jti: 'token-1',
        iat: 1_750_000_000,
        exp: 1_750_000_300,
        user: { id: 'u-1', email: 'mira@example.com', username: 'mira_olsen' },
      },
    });
  });

  test('is verified by another implementation with the whole text as key, and by Coral’s rules', async () => {
    const token = await signAccessToken(mira, { secret, kid, now });
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), { currentDate: now });
    expect(payload.exp).toBe(1_750_000_000 + 900);
    expect(payload).not.toHaveProperty('iss');
    expect(payload).not.toHaveProperty('aud');
    expect(payload).not.toHaveProperty('sub');
    const claims = await verifyAccessToken(token, [{ kid, secret }], { now });
    expect(claims.user).toEqual({ id: 'u-1', email: 'mira@example.com', username: 'mira_olsen' });
  });

  test('has a fresh id each time, and no kid when there is none', async () => {
    const sign = createAccessTokenSigner({ secret });
    const tokens = await Promise.all(Array.from({ length: 50 }, () => sign(mira, { now })));
    expect(new Set(tokens.map((token) => JSON.stringify(partsOf(token).payload))).size).toBe(50);
    expect(partsOf(tokens[0] ?? '').header).toEqual({ alg: 'HS256', typ: 'JWT' });
  });

  test('carries badges, page and picture; an empty list of badges clears them', async () => {
    const token = await signAccessToken(
      {
        ...mira,
        badges: ['subscriber', 'founder'],
        profileUrl: 'https://news.example.com/account?tab=1',
        avatarUrl: 'https://img.example.com/u/mira.PNG?v=2',
        admin: true,
      },
      { secret, kid, now },
    );
    expect((await verifyAccessToken(token, [{ secret }], { now })).user).toEqual({
      id: 'u-1',
      email: 'mira@example.com',
      username: 'mira_olsen',
      badges: ['subscriber', 'founder'],
      url: 'https://news.example.com/account?tab=1',
      avatar: 'https://img.example.com/u/mira.PNG?v=2',
    });
    const cleared = await signAccessToken({ ...mira, badges: [] }, { secret, kid, now });
    expect(partsOf(cleared).payload).toMatchObject({ user: { badges: [] } });
  });

  test('any secret of the recorded cases can sign it', async () => {
    for (const { secret: key } of vectors.sequences) {
      const token = await signAccessToken(mira, { secret: key, now });
      await expect(verifyAccessToken(token, [{ secret: key }], { now })).resolves.toBeDefined();
    }
  });
});

describe('options', () => {
  test.each([
    ['a key without its beginning', { secret: 'ab'.repeat(32) }, /ssosec_/],
    ['a webhook secret', { secret: `whsec_${'ab'.repeat(32)}` }, /webhook/],
    ['a short key', { secret: 'ssosec_abcdef' }, /64 to 72/],
    ['a key with a line break', { secret: `${secret}\n` }, /64 to 72/],
    ['an empty kid', { secret, kid: '' }, /kid/],
    ['a kid with a blank', { secret, kid: 'a b' }, /kid/],
    ['a life in milliseconds', { secret, expiresIn: 900_000 }, /seconds/],
    ['a broken life', { secret, expiresIn: 0.5 }, /seconds/],
    ['a life of nothing', { secret, expiresIn: 0 }, /seconds/],
  ])('%s is refused at once', (_name, options, words) => {
    let thrown: unknown;
    try {
      createAccessTokenSigner(options);
    } catch (error) {
      thrown = error;
    }
    expect(isForumSsoError(thrown) ? thrown.detail : '').toMatch(words);
    expect(isForumSsoError(thrown) ? thrown.message : secret).not.toContain(options.secret);
  });

  test('a date that is none and an empty id are refused', async () => {
    const sign = createAccessTokenSigner({ secret });
    expect(await codeOf(sign(mira, { now: new Date(Number.NaN) }))).toBe('ERR_OPTIONS_INVALID');
    expect(await codeOf(sign(mira, { jti: '' }))).toBe('ERR_OPTIONS_INVALID');
  });
});

describe('who gets a token', () => {
  const sign = createAccessTokenSigner({ secret, kid });

  test.each([
    ['an address that is not verified', { emailVerified: false }, 'ERR_EMAIL_NOT_VERIFIED'],
    ['a suspended person', { suspended: true }, 'ERR_USER_SUSPENDED'],
    ['an e-mail address as id', { id: 'mira@example.com' }, 'ERR_CORAL_USER_UNUSABLE'],
    ['an id with @', { id: 'acme@42' }, 'ERR_CORAL_USER_UNUSABLE'],
    ['an empty id', { id: '' }, 'ERR_CORAL_USER_UNUSABLE'],
    ['an id with a line break', { id: 'a\nb' }, 'ERR_CORAL_USER_UNUSABLE'],
    [
      'an address over 100 characters',
      { email: `${'e'.repeat(89)}@example.com` },
      'ERR_CORAL_EMAIL_UNUSABLE',
    ],
    ['an address that is none', { email: 'mira' }, 'ERR_CORAL_EMAIL_UNUSABLE'],
    ['an address with a blank', { email: 'mira olsen@example.com' }, 'ERR_CORAL_EMAIL_UNUSABLE'],
    ['the Kelvin sign in an address', { email: 'min\u212A@example.com' }, 'ERR_CORAL_EMAIL_UNUSABLE'],
    ['a script as page', { profileUrl: 'javascript:alert(1)' }, 'ERR_CORAL_USER_UNUSABLE'],
    ['a page of another scheme', { profileUrl: 'ftp://example.com/mira' }, 'ERR_CORAL_USER_UNUSABLE'],
    ['data as picture', { avatarUrl: 'data:image/png;base64,AA==' }, 'ERR_CORAL_USER_UNUSABLE'],
    ['a page with a password', { profileUrl: 'https://u:p@example.com/' }, 'ERR_CORAL_USER_UNUSABLE'],
    ['an empty badge', { badges: ['a', ''] }, 'ERR_CORAL_USER_UNUSABLE'],
    ['no name at all', { username: undefined }, 'ERR_CORAL_USER_UNUSABLE'],
    ['a blank name', { username: '  ' }, 'ERR_CORAL_USER_UNUSABLE'],
    ['half a character', { username: 'mira\ud83d' }, 'ERR_CORAL_USER_UNUSABLE'],
  ])('%s: none', async (_name, change, code) => {
    const user: SiteUser = { ...mira, ...change };
    expect(await codeOf(sign(user, { now }))).toBe(code);
  });

  test('the values that were refused do not stand in the error', async () => {
    const secretive: SiteUser = { ...mira, email: 'very-private' };
    await expect(sign(secretive, { now })).rejects.not.toMatchObject({
      message: expect.stringContaining('very-private'),
    });
  });

  test('a record that says nothing about the address gets none', async () => {
    const row: SiteUser = JSON.parse(JSON.stringify({ ...mira, emailVerified: undefined }));
    expect(await codeOf(sign(row, { now }))).toBe('ERR_EMAIL_NOT_VERIFIED');
  });

  test('a picture that Coral would not show is left out', () => {
    for (const avatarUrl of ['https://img.example.com/u/1', 'https://img.example.com/u?file=a.png']) {
      expect(coralUserClaims({ ...mira, avatarUrl })).not.toHaveProperty('avatar');
    }
  });

  test('the full name stands in for a missing user name', () => {
    expect(coralUserClaims({ ...mira, username: undefined, name: 'Mira Olsen' })).toMatchObject({
      username: 'Mira Olsen',
    });
  });
});

describe('roles', () => {
  const roleOf = (user: SiteUser, roles: Parameters<typeof coralUserClaims>[1]) => {
    const claims = coralUserClaims(user, roles);
    return isRefusal(claims) ? claims.refused : claims.role;
  };

  test('are left to Coral unless the site is the authority', () => {
    expect(coralUserClaims({ ...mira, admin: true, moderator: true })).not.toHaveProperty('role');
    expect(roleOf({ ...mira, admin: true }, { roles: 'site' })).toBe('ADMIN');
    expect(roleOf({ ...mira, moderator: true }, { roles: 'site' })).toBe('MODERATOR');
    expect(roleOf(mira, { roles: 'site' })).toBe('COMMENTER');
  });

  test('a function decides for each person; undefined sends none', () => {
    const roles = ({ groups }: SiteUser) => (groups?.includes('editors') === true ? 'STAFF' : undefined);
    expect(roleOf({ ...mira, groups: ['editors'] }, { roles })).toBe('STAFF');
    expect(coralUserClaims(mira, { roles })).not.toHaveProperty('role');
  });
});

describe('Coral-safe user names', () => {
  test.each([
    ['mira_olsen', 'mira_olsen'],
    ['Mira Olsen', 'Mira_Olsen'],
    ['  Åsa  Ødegård ', 'Åsa_Ødegård'],
    ['Jiří Žižka', 'Jirí_Zizka'],
    ['<b>bold</b>', 'b_bold_b'],
    ['e\u0301mile', 'émile'],
    ['3×4÷2', '3_4_2'],
    ['x'.repeat(40), 'x'.repeat(30)],
  ])('%s becomes %s', (name, safe) => {
    expect(coralSafeUserName(name, 'u-1')).toBe(safe);
  });

  test('a name of which nothing is left is made from the id, always the same', () => {
    expect(coralSafeUserName('東京', 'u-1')).toMatch(/^user_[\da-f]{8}$/);
    expect(coralSafeUserName('東京', 'u-1')).toBe(coralSafeUserName('大阪', 'u-1'));
    expect(coralSafeUserName('東京', 'u-1')).not.toBe(coralSafeUserName('東京', 'u-2'));
    expect(coralSafeUserName('Bo', 'u-1')).toMatch(/^Bo_[\da-f]{8}$/);
  });

  test('always keep Coral’s rule, and keep names that do already', () => {
    const rule = /^[A-Za-zÀ-ÖØ-öø-ÿ\d_.]{3,30}$/;
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.string(), (name, id) => {
        const safe = coralSafeUserName(name, id);
        expect(safe).toMatch(rule);
        expect(coralSafeUserName(safe, id)).toBe(safe);
      }),
    );
  });
});

describe('properties', () => {
  const text = (limit: number) =>
    fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: limit })
      .filter((value) => !/[\p{Cc}\p{Cs}]/u.test(value));
  const users: fc.Arbitrary<SiteUser> = fc.record(
    {
      id: text(40).filter((id) => !id.includes('@')),
      email: fc.emailAddress().filter((email) => email.length <= 100),
      emailVerified: fc.constant(true),
      username: text(60).filter((name) => name.trim() !== ''),
      badges: fc.array(text(20), { maxLength: 4 }),
      profileUrl: fc.webUrl({ withQueryParameters: true, withFragments: true }),
      avatarUrl: fc.webUrl().map((url) => `${url}/a.webp`),
    },
    { requiredKeys: ['id', 'email', 'emailVerified', 'username'] },
  );

  test('whatever is signed, Coral’s rules accept and give back', async () => {
    const sign = createAccessTokenSigner({ secret, kid });
    await fc.assert(
      fc.asyncProperty(users, async (user) => {
        const token = await sign(user, { now });
        const claims = await verifyAccessToken(token, [{ kid, secret }], { now });
        expect(claims.user.id).toBe(user.id);
        expect(claims.user.email).toBe(user.email.toLowerCase());
        expect(claims.user.username).toBe(user.username);
        expect(claims.user.badges).toEqual(user.badges);
        if (user.profileUrl !== undefined) {
          expect(new URL(claims.user.url ?? '').hostname).toBe(new URL(user.profileUrl).hostname);
        }
      }),
    );
  });

  test('a changed character is never accepted', async () => {
    const token = await signAccessToken(mira, { secret, kid, now });
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...'ABab01-_'), async (index, character) => {
        const changed = token.slice(0, index) + character + token.slice(index + 1);
        fc.pre(changed !== token);
        expect(await codeOf(verifyAccessToken(changed, [{ kid, secret }], { now }))).not.toBe('fine');
      }),
    );
  });
});
