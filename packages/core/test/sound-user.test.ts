import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { isRefusal } from '../src/errors.js';
import { readSiteUser, siteUserSchema } from '../src/read-site-user.js';
import type { SiteUser } from '../src/site-user.js';
import { soundUser, textLimits } from '../src/sound-user.js';

const sam = { id: '7', email: 'sam@example.com', emailVerified: true };

/** Texts at the edges of what a field may hold, and what no field may hold. */
const text = fc.oneof(
  fc.constantFrom(
    '',
    'sam',
    ' ',
    'a b',
    'sam@example.com',
    'a@b@c',
    '@',
    'zoë',
    '\u{1f600}',
    '\ud800',
    '\0',
    'a\nb',
  ),
  fc.constantFrom(
    'a\u007f',
    'a\u0085',
    '\u2028',
    'https://sam.example.com/a.png',
    'http://10.0.0.1',
    'ftp://example.com',
  ),
  fc.constantFrom(
    'https://a:b@example.com',
    'https://xn--a.example.com',
    'https://example.com:99999',
    '//example.com',
  ),
  fc
    .constantFrom(32, 33, 100, 101, 254, 255, 256, 1_000, 2_000, 2_001, 3_000, 3_001, 10_001)
    .map((n) => 'x'.repeat(n)),
  fc.constantFrom(254, 255).map((n) => `sam@${'x'.repeat(n - 4)}`),
  fc.constantFrom(2_000, 2_001).map((n) => `https://example.com/`.padEnd(n, 'x')),
  fc.webUrl(),
  fc.string({ unit: 'binary' }),
);
const names = fc.oneof(
  fc.array(text, { maxLength: 3 }),
  fc.constantFrom(100, 101, 1_000, 1_001).map((n) => new Array(n).fill('group')),
  fc.constant(new Array(2)),
);
const custom = fc.oneof(
  fc.dictionary(text, text, { maxKeys: 3 }),
  fc.constantFrom(
    JSON.parse('{"__proto__":"x"}'),
    new Map([['a', 'b']]),
    Object.create({ a: 'b' }),
    new Date(0),
  ),
);
const anything = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true });
const value = fc.oneof(
  text,
  fc.boolean(),
  names,
  custom,
  fc.constantFrom(undefined, null, 7, Number.NaN),
  anything,
);

const fields = Object.fromEntries(
  [
    ...['username', 'name', 'avatarUrl', 'bio', 'website', 'location', 'title', 'locale', 'profileUrl'],
    ...['admin', 'moderator', 'suspended', 'groups', 'badges', 'custom', 'constructor', 'passwordHash'],
  ].map((name) => [name, fc.option(value, { nil: undefined })]),
);
const almostUser = fc
  .tuple(
    fc.constantFrom<object>(sam, { ...sam, emailVerified: false }),
    fc.record({ id: value, email: value, emailVerified: value, ...fields }, { requiredKeys: [] }),
    // At most a few fields, so that many users are sound.
    fc.array(fc.constantFrom('id', 'email', 'emailVerified', ...Object.keys(fields)), { maxLength: 4 }),
  )
  .map(([base, record, chosen]) => ({
    ...base,
    ...Object.fromEntries(Object.entries(record).filter(([name]) => chosen.includes(name))),
  }));

/** The schema's word on custom fields. */
function readCustom(value: unknown): SiteUser['custom'] {
  return siteUserSchema.safeParse({ ...sam, custom: value }).data?.custom;
}

describe('soundUser', () => {
  test('takes what the schema takes, with the same outcome, and nothing else', () => {
    let sound = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: almostUser }, anything), (user) => {
        const expected = siteUserSchema.safeParse(user);
        const found = soundUser(user, readCustom);
        if (!expected.success) return expect(found).toBeNull();
        sound++;
        expect(found).toEqual(expected.data);
        expect(found).not.toBe(user);
      }),
      { numRuns: 1_000 },
    );
    expect(sound).toBeGreaterThan(100);
  });

  test.each(Object.entries(textLimits))('%s may have %i characters and not one more', (name, limit) => {
    const start = /Url$/.test(name) ? 'https://example.com/' : 'sam@example.com';
    for (const length of [limit, limit + 1]) {
      const user = { ...sam, [name]: start.padEnd(length, 'x') };
      expect(siteUserSchema.safeParse(user).success).toBe(length === limit);
      expect(soundUser(user, readCustom)).toEqual(length === limit ? user : null);
    }
  });

  test('the values of a person go through as they are, those of accessors and classes as well', () => {
    class Account {
      readonly id = '7';
      readonly emailVerified = true;
      readonly password = 'x';
      get email(): string {
        return 'sam@example.com';
      }
    }
    expect(soundUser(new Account(), readCustom)).toEqual(sam);
    expect(readSiteUser(new Account())).toEqual(sam);
  });

  test('lists are copied: what the site does with its own later changes nothing', () => {
    const groups = ['makers'];
    const user = soundUser({ ...sam, groups }, readCustom);
    groups.push('staff');
    expect(user?.groups).toEqual(['makers']);
  });

  test('what is not sound is refused by the schema, which tells why', () => {
    expect(soundUser({ ...sam, name: 'a\nb' }, readCustom)).toBeNull();
    expect(isRefusal(readSiteUser({ ...sam, name: 'a\nb' }))).toBe(true);
  });
});
