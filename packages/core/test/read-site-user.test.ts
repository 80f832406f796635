import { describe, expect, test } from '@jest/globals';

import { isRefusal } from '../src/errors.js';
import { readSiteUser } from '../src/read-site-user.js';

const sam = { id: '7', email: 'sam@example.com', emailVerified: true };

describe('readSiteUser', () => {
  test('takes a whole database row and keeps what is known', () => {
    expect(readSiteUser({ ...sam, passwordHash: 'x', groups: ['makers'], custom: { a: 'b' } })).toEqual({
      ...sam,
      groups: ['makers'],
      custom: { a: 'b' },
    });
  });

  test('nothing comes from a prototype, and none is made', () => {
    const user = readSiteUser(
      JSON.parse(
        '{"id":"7","email":"a@b.c","emailVerified":true,"__proto__":{"admin":true},"custom":{"__proto__":"x"}}',
      ),
    );
    expect(user).toEqual({ id: '7', email: 'a@b.c', emailVerified: true, custom: {} });
    expect(Reflect.get(user, 'admin')).toBeUndefined();
    expect(Reflect.getPrototypeOf(Object(Reflect.get(user, 'custom')))).toBe(Object.prototype);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['a number for an id', { id: 7 }, 'id'],
    ['an empty id', { id: '' }, 'id'],
    ['an id with a line break', { id: '7\n' }, 'id'],
    ['no address', { email: undefined }, 'email'],
    ['an address with a blank', { email: 'a b@example.com' }, 'email'],
    ['a truthy word for a proof', { emailVerified: 'yes' }, 'emailVerified'],
    ['a number for a proof', { emailVerified: 1 }, 'emailVerified'],
    ['a word for a right', { admin: 'true' }, 'admin'],
    ['a name with an escape', { name: 'a\u001b[2J' }, 'name'],
    ['one text for groups', { groups: 'admins' }, 'groups'],
    ['a group with a line break', { groups: ['ok', 'a\nb'] }, 'groups.1'],
    ['a picture by a script', { avatarUrl: 'javascript:alert(1)' }, 'avatarUrl'],
    ['a picture with a password', { avatarUrl: 'https://a:b@example.com/' }, 'avatarUrl'],
    ['a list for custom fields', { custom: ['a'] }, 'custom'],
    ['too many groups', { groups: Array.from({ length: 1_001 }, () => 'g') }, 'groups'],
  ])('%s is refused, by the name of the field', (_, wrong, field) => {
    const refused = readSiteUser({ ...sam, ...wrong });
    if (!isRefusal(refused)) throw new Error('it was taken');
    expect(refused.refused).toBe('ERR_SITE_USER_INVALID');
    expect(refused.detail).toContain(` ${field}: `);
  });

  test('the refusal tells neither values nor the names of custom fields, which are data as well', () => {
    const refused = readSiteUser({
      ...sam,
      email: 'secret value',
      custom: { 'forged\nline secret@example.com': 'x', a: 'secret'.repeat(500) },
    });
    if (!isRefusal(refused)) throw new Error('it was taken');
    expect(refused.detail).not.toMatch(/secret|\n|forged/);
    expect(refused.detail).toMatch(/email: .*custom: /);
  });

  test.each([undefined, null, 'sam', 7, [], [sam]])('%j is no user', (value) => {
    expect(isRefusal(readSiteUser(value))).toBe(true);
  });
});
