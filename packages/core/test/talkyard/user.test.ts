import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { isRefusal } from '../../src/errors.js';
import type { SiteUser } from '../../src/site-user.js';
import { talkyardEmail } from '../../src/talkyard/email.js';
import { mendedUsername, talkyardUserFields } from '../../src/talkyard/index.js';
import { talkyardUser } from '../../src/talkyard/user.js';
import { vectors } from './vectors.js';

const ada: SiteUser = { id: 'u-1', email: 'Ada@Example.com', emailVerified: true };

describe('talkyardUser', () => {
  test('a whole person', () => {
    const person: SiteUser = {
      ...ada,
      username: ' ada ',
      name: '  Ada Lovelace ',
      avatarUrl: 'https://example.com/a.png',
      bio: 'x',
      admin: true,
      moderator: true,
      groups: ['staff'],
    };
    const plain = {
      ssoId: 'u-1',
      primaryEmailAddress: 'ada@example.com',
      isEmailAddressVerified: true,
      username: 'ada',
      fullName: 'Ada Lovelace',
    };
    expect(talkyardUser(person)).toEqual(plain);
    expect(talkyardUser(person, { extId: 'e-1', staffFlags: true })).toEqual({
      ...plain,
      extId: 'e-1',
      isAdmin: true,
      isModerator: true,
    });
    expect(talkyardUser({ ...ada, admin: false }, { staffFlags: true })).not.toHaveProperty('isAdmin');
  });

  test('blank names are left out, long ones cut between characters', () => {
    expect(talkyardUser({ ...ada, username: ' ', name: '' })).toEqual({
      ssoId: 'u-1',
      primaryEmailAddress: 'ada@example.com',
      isEmailAddressVerified: true,
    });
    expect(talkyardUser({ ...ada, name: `${'x'.repeat(99)}😀y` })).toHaveProperty('fullName', 'x'.repeat(99));
    expect(talkyardUser({ ...ada, name: `${'x'.repeat(99)} y` })).toHaveProperty('fullName', 'x'.repeat(99));
  });

  test('ids from databases that are numbers are refused with advice', () => {
    const row: SiteUser = JSON.parse('{"id":7,"email":"a@b.cd","emailVerified":true}');
    const result = talkyardUser(row);
    expect(isRefusal(result) && result.detail).toMatch(/turn numbers into texts/);
  });

  test('only the boolean true vouches for an address', () => {
    const row: SiteUser = JSON.parse('{"id":"7","email":"a@b.cd","emailVerified":"true"}');
    expect(talkyardUser(row)).toHaveProperty('refused', 'ERR_EMAIL_NOT_VERIFIED');
  });

  test.each(['', ' e', 'x'.repeat(129), 'a\tb'])('extId %j is refused', (extId) => {
    expect(talkyardUser(ada, { extId })).toHaveProperty('refused', 'ERR_TALKYARD_USER_UNUSABLE');
  });

  test('whatever the person is like, it fits into the table and into one request', () => {
    const names = fc.option(fc.string({ unit: 'grapheme', maxLength: 255 }), { nil: undefined });
    fc.assert(
      fc.property(fc.string({ maxLength: 255 }), names, names, fc.boolean(), (id, username, name, admin) => {
        const result = talkyardUser({ ...ada, id, username, name, admin }, { staffFlags: true });
        if (isRefusal(result)) return;
        expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThan(5_000);
        const order = Object.keys(talkyardUserFields);
        const places = Object.keys(result).map((field) => order.indexOf(field));
        expect(places).not.toContain(-1);
        expect(places).toEqual([...places].sort((a, b) => a - b));
        for (const [field, rule] of Object.entries(talkyardUserFields)) {
          const value = Object.entries(result).find(([key]) => key === field)?.[1];
          if (value === undefined) continue;
          expect(typeof value).toBe(rule.kind === 'text' ? 'string' : 'boolean');
          if ('limit' in rule) expect(String(value).length).toBeLessThanOrEqual(rule.limit);
        }
      }),
    );
  });
});

describe('talkyardEmail', () => {
  test.each([
    ['ADA@EXAMPLE.COM', 'ada@example.com'],
    ['a.b+c@x-y.example', 'a.b+c@x-y.example'],
    ['ü@exämple.com', 'ü@exämple.com'],
    [`${'a'.repeat(88)}@example.com`, `${'a'.repeat(88)}@example.com`],
  ])('%s becomes %s', (email, result) => expect(talkyardEmail(email)).toBe(result));

  test.each([
    ['no dot', 'root@localhost'],
    ['dot in front only', 'a.b@localhost'],
    ['dot right behind the @', 'a@.com'],
    ['dot at the end', 'a@b.'],
    ['no @', 'a.example.com'],
    ['two @', 'a@b@c.com'],
    ['nothing in front', '@example.com'],
    ['a blank', 'a b@example.com'],
    ['a line break', 'a@example.com\n'],
    ['a control character', 'a\u0001@example.com'],
    ['over 100 characters', `${'a'.repeat(89)}@example.com`],
    ['the Kelvin sign, which folds to k', '\u212Aate@example.com'],
    ['upper case beyond A to Z', 'Ü@example.com'],
    ...[...`,;!?&|'"<>`].map((character) => [`the character ${character}`, `a${character}b@example.com`]),
  ])('%s: refused without naming the address', (_, email) => {
    const result = talkyardEmail(email ?? '');
    expect(isRefusal(result) && result.refused).toBe('ERR_TALKYARD_EMAIL_UNUSABLE');
    expect(JSON.stringify(result)).not.toContain('example');
  });

  test('what comes out is taken by Talkyard, and comes out the same again', () => {
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.string({ maxLength: 120 })), (email) => {
        const result = talkyardEmail(email);
        if (isRefusal(result)) return;
        expect(result).toMatch(/^[^\s@,;!?&|'"<>]+@[^\s@,;!?&|'"<>]+\.[^\s@,;!?&|'"<>]+$/);
        expect(result).toBe(result.toLowerCase());
        expect(talkyardEmail(result)).toBe(result);
      }),
      { numRuns: 1_000 },
    );
  });

  test('a hostile length costs nothing', () => {
    const start = performance.now();
    talkyardEmail(`a@${'.'.repeat(1_000_000)}@`);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe('mendedUsername', () => {
  test.each(vectors.usernames)('$wanted is stored as $stored', ({ wanted, stored }) => {
    expect(mendedUsername(wanted)).toBe(stored);
  });
  test('there are 8 vectors', () => expect(vectors.usernames).toHaveLength(8));

  test.each([
    ['漢字', 'zz2'],
    ['!!!', 'n23'],
    ['7', 'n72'],
    ['12345678901234567890', 'n1234567890123456789'],
    ['a😀b', 'azb'],
    ['name_exactly_19_long_x', 'name_exactly_19_long'],
  ])('%s becomes %s', (wish, name) => expect(mendedUsername(wish)).toBe(name));

  test('an empty wish has no name', () => {
    expect(mendedUsername('  ')).toBeUndefined();
  });

  test('every name is one that Talkyard takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (wish) => {
        const name = mendedUsername(wish);
        if (name !== undefined)
          expect(name).toMatch(/^(?=.{3,20}$)(?!.*__)[A-Za-z0-9][A-Za-z0-9_]*[A-Za-z0-9]$/);
      }),
      { numRuns: 1_000 },
    );
  });
});
