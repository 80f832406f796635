import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { parseQuery, queryOf, readParameter } from '../../src/http/query.js';

describe('parseQuery', () => {
  test('decodes once: a plus is a blank, an escaped plus is a plus', () => {
    const query = parseQuery('sso=a%2Bb+c%253D&sig=00&empty=&bare');
    expect(readParameter(query, 'sso')).toBe('a+b c%3D');
    expect(readParameter(query, 'empty')).toBe('');
    expect(readParameter(query, 'bare')).toBe('');
    expect(readParameter(query, 'missing')).toBeUndefined();
  });

  test('a parameter that stands twice is refused, even with the same value or an escaped name', () => {
    expect(readParameter(parseQuery('sso=1&sso=1'), 'sso')).toMatchObject({
      refused: 'ERR_PARAMETER_REPEATED',
    });
    expect(readParameter(parseQuery('sso=1&s%73o=2'), 'sso')).toMatchObject({
      refused: 'ERR_PARAMETER_REPEATED',
    });
    expect(readParameter(parseQuery('sso&sso=2'), 'sso')).toMatchObject({
      refused: 'ERR_PARAMETER_REPEATED',
    });
  });

  test('other parameters may be anything', () => {
    const query = parseQuery('utm=1&utm=2&bad=%zz&%zz=1&=x&&sso=ok');
    expect(readParameter(query, 'sso')).toBe('ok');
    expect(readParameter(query, 'bad')).toMatchObject({ refused: 'ERR_QUERY_MALFORMED' });
  });

  test('bytes that are not UTF-8 are refused', () => {
    expect(readParameter(parseQuery('sso=caf%E9'), 'sso')).toMatchObject({ refused: 'ERR_QUERY_MALFORMED' });
  });

  test('reads what URLSearchParams writes', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string({ unit: 'grapheme' })),
        (values) => {
          const query = parseQuery(new URLSearchParams(values).toString());
          for (const [name, value] of Object.entries(values)) expect(readParameter(query, name)).toBe(value);
        },
      ),
    );
  });

  test('decodes as decodeURIComponent does, and refuses what it refuses', () => {
    const piece = fc.oneof(
      fc.constantFrom('%', '%4', '%41', '%4g', '%g4', '%3D', '%3d', '%7F', '%80', '%c3%bc', '%C3', '%25'),
      fc.string({ unit: fc.constantFrom('%', '0', '7', '8', 'a', 'F', 'g', '-', 'ü') }),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join('');
        let expected: unknown;
        try {
          expected = decodeURIComponent(text);
        } catch {
          expected = expect.objectContaining({ refused: 'ERR_QUERY_MALFORMED' });
        }
        expect(readParameter(parseQuery(`a=${text}`), 'a')).toEqual(expected);
      }),
    );
  });

  test('queryOf takes what follows the first question mark', () => {
    expect(queryOf('/a?b=c?d')).toBe('b=c?d');
    expect(queryOf('/a')).toBe('');
  });
});
