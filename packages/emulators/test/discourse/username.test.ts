import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { defaultSettings } from '../../src/discourse/forum/settings.js';
import {
  fixUsername,
  isReservedUsername,
  suggestName,
  suggestUsername,
} from '../../src/discourse/forum/username.js';

const settings = { ...defaultSettings, reserved_usernames: '', max_username_length: 15 };
const unicode = { ...settings, unicode_usernames: true };
const withEmail = { ...settings, use_email_for_username_and_name_suggestions: true };

const suggest = (
  input: string | undefined,
  taken: readonly string[] = [],
  rules = settings,
  current?: string,
) =>
  suggestUsername(
    [input],
    rules,
    (name) => taken.some((other) => other.toLowerCase() === name.toLowerCase()),
    current,
  );

describe('user names', () => {
  test.each([
    ['Darth%^Vader', 'Darth_Vader'],
    ['Darth__Vader', 'Darth_Vader'],
    ['Darth_-_Vader', 'Darth_Vader'],
    ['a', 'a11'],
    ['=myname', '_myname'],
    ['_myname', '_myname'],
    ['myname!^$=', 'myname'],
    ['..myname', 'myname'],
    ['myname..', 'myname'],
    ['my.name', 'my.name'],
    ['my..name', 'my_name'],
    ['sam.png', 'sam'],
    ['myreallylongnameisthis', 'myreallylongnam'],
    ['roger.nelson.3344913', 'roger.nelson.33'],
    ['uuuuuuuuuuuuuu_u', 'uuuuuuuuuuuuuu'],
    ['Jørn', 'Jorn'],
    ['Zoë Straße', 'Zoe_Strasse'],
    ['testuserგამარჯობა', 'testuser'],
    ['طائر', 'user1'],
    ['---', 'user1'],
    ['bob@example.com', 'user1'],
    [undefined, 'user1'],
  ])('%s becomes %s', (input, expected) => {
    expect(suggest(input)).toBe(expected);
  });

  test('a taken one gets the lowest free number, and room is made for it', () => {
    expect(suggest('saM', ['sam', 'sAm1', 'sam2', 'sam4'])).toBe('saM3');
    expect(suggest('myreallylongnam', ['myreallylongnam'])).toBe('myreallylongna1');
    expect(suggest(undefined, ['user1', 'user2'])).toBe('user3');
  });

  test('the present one may stay', () => {
    expect(suggest('bill', ['bill', 'bill1', 'bill2', 'bill3', 'bill4'], settings, 'bill3')).toBe('bill3');
    expect(suggest('bob', ['bob1'], settings, 'bob1')).toBe('bob');
  });

  test('e-mail addresses count when the setting says so; general mailboxes give the domain', () => {
    expect(suggest('bob@example.com', [], withEmail)).toBe('bob');
    expect(suggest('me@eviltrout.com', [], withEmail)).toBe('eviltrout');
    expect(suggest('info@apple.org', [], withEmail)).toBe('apple');
  });

  test('reserved ones are passed over, also by pattern', () => {
    expect(suggest('steve', [], { ...settings, reserved_usernames: 'myadmin|steve|steve1' })).toBe('steve2');
    expect(isReservedUsername('Admin2', 'admin*')).toBe(true);
    expect(isReservedUsername('xadmin', 'admin*')).toBe(false);
    expect(isReservedUsername('a.b', 'a.b')).toBe(true);
    expect(isReservedUsername('axb', 'a.b')).toBe(false);
  });

  test('the first input that leaves something counts', () => {
    expect(suggestUsername(['Πλάτων', 'علي', 'William'], settings, () => false)).toBe('William');
    expect(suggestUsername([undefined, '', 'John Smith'], settings, () => false)).toBe('John_Smith');
  });

  test('other letters stay when they are allowed', () => {
    expect(suggest('Jørn', [], unicode)).toBe('Jørn');
    expect(suggest('طائر', [], unicode)).toBe('طائر');
    expect(suggest('鳥', [], unicode)).toBe('鳥11');
    expect(suggest('Lo\u0308we', [], unicode)).toBe('L\u00f6we');
    expect(suggest('a🚀b', [], unicode)).toBe('a_b');
  });

  test('whatever comes in, a valid name comes out', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.boolean(), (input, allowUnicode) => {
        const rules = { ...settings, unicode_usernames: allowUnicode };
        const name = suggestUsername([input], rules, () => false);
        expect(name).toMatch(/^[\p{L}\p{N}\p{M}_]([\p{L}\p{N}\p{M}._-]*[\p{L}\p{N}\p{M}])?$/u);
        expect(name.length).toBeGreaterThanOrEqual(3);
        expect(name).not.toMatch(/[-_.]{2}/);
        if (!allowUnicode) expect(name).toMatch(/^[\w.-]{3,15}$/);
        expect(fixUsername(name, rules)).toBe(name);
      }),
      { numRuns: 500 },
    );
  });
});

test('names made from user names and addresses', () => {
  expect(suggestName('user_john')).toBe('User John');
  expect(suggestName('mail@mail.com')).toBe('Mail');
  expect(suggestName('@mail')).toBe('Mail');
  expect(suggestName('john.q.public')).toBe('John Q Public');
  expect(suggestName('')).toBe('');
  expect(suggestName(undefined)).toBe('');
});
