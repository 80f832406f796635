import { describe, expect, test } from '@jest/globals';

import { decodeBase64, encodeBase64 } from '../../src/connect-client/php/base64.js';
import { buildQuery, parseQuery, rawUrlDecode, urlDecode } from '../../src/connect-client/php/form.js';
import { toInteger } from '../../src/connect-client/php/integer.js';
import { sanitizeKey, sanitizeTextField } from '../../src/connect-client/php/sanitize.js';

describe('PHP', () => {
  test('writes a query: blanks as +, a tilde and a star escaped, nothing for null', () => {
    expect(buildQuery({ a: 'b c~*-_.', d: null, 'e&': "ü'()!" })).toBe(
      'a=b+c%7E%2A-_.&e%26=%C3%BC%27%28%29%21',
    );
  });

  test('reads a query: the last wins, dots become _, brackets make a list', () => {
    const fields = parseQuery('a=1&a=2&custom.x=y&b+c=d%2&e&groups[]=x&groups[]=y&=z&&f=%zz+');
    expect([...fields]).toEqual([
      ['a', '2'],
      ['custom_x', 'y'],
      ['b_c', 'd%2'],
      ['e', ''],
      ['groups', null],
      ['f', '%zz '],
    ]);
  });

  test('decodes percent escapes and leaves what is none', () => {
    expect([urlDecode('a+b%2Bc%'), rawUrlDecode('a+b%2bc%C3%BC%G1')]).toEqual(['a b+c%', 'a+b+cü%G1']);
  });

  test.each([
    ['YWI=', 'ab'],
    ['YWI', 'ab'],
    ['YW\nI=', 'ab'],
    ['YW I=', 'ab'],
    ['', ''],
    ['YWI-', null],
    ['Y', null],
    ['YWI==', null],
    ['YWI=YWI=', null],
  ])('decodes %j strictly', (text, expected) => {
    expect(decodeBase64(text)).toBe(expected);
    if (expected === 'ab') expect(encodeBase64('ab')).toBe('YWI=');
  });

  test.each([
    ['7', 7n],
    ['7abc', 7n],
    ['007', 7n],
    [' 55', 55n],
    ['1e3', 1000n],
    ['1.9', 1n],
    ['-3', -3n],
    ['u-7', 0n],
    ['', 0n],
    ['0x10', 0n],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['9223372036854775808', 2n ** 63n - 1n],
    ['99999999999999999999999', 2n ** 63n - 1n],
  ])('makes a number of %j', (text, number) => {
    expect(toInteger(text)).toBe(number);
  });

  test('and WordPress cleans texts', () => {
    expect(sanitizeTextField(' a <b>bold</b>\n c%41d %4%411 ')).toBe('a bold cd');
    expect(sanitizeKey('Ab-C_1+/=')).toBe('ab-c_1');
  });
});
