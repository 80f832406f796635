import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { isRefusal } from '../../src/errors.js';
import { safeReturnPath } from '../../src/http/return-path.js';

const origin = 'https://site.example.com';

describe('safeReturnPath', () => {
  test.each([
    ['/', '/'],
    ['/account', '/account'],
    ['/t/1?page=2#post_3', '/t/1?page=2#post_3'],
    ['/a/../b', '/b'],
    ['/zo%C3%AB', '/zo%C3%AB'],
    ['/zoë', '/zo%C3%AB'],
    ['/sso/discourse?sso=a%2Bb%3D&sig=00', '/sso/discourse?sso=a%2Bb%3D&sig=00'],
    ['/redirect?to=https://evil.example', '/redirect?to=https://evil.example'],
  ])('%s is taken as %s', (path, expected) => {
    expect(safeReturnPath(path, origin)).toBe(expected);
  });

  test.each([
    [''],
    ['account'],
    ['https://evil.example/'],
    ['https://site.example.com/account'],
    ['//evil.example'],
    ['/\\evil.example'],
    ['\\/evil.example'],
    ['/.//evil.example'],
    ['/..//evil.example'],
    ['/x/..//evil.example'],
    ['/%2e//evil.example'],
    ['/./\t/evil.example'],
    ['/\t/evil.example'],
    ['/\n/evil.example'],
    ['/a b'],
    ['/a\u0000'],
    ['/a\\b'],
    ['javascript:alert(1)'],
    [' /account'],
    [`/${'a'.repeat(2_048)}`],
    [`/${'é'.repeat(1_000)}`],
  ])('%j is refused', (path) => {
    expect(safeReturnPath(path, origin)).toMatchObject({ refused: 'ERR_RETURN_PATH_UNSAFE' });
  });

  test.each([[['/account']], [['//evil.example']], [undefined], [null], [7], [{ length: 1 }]])(
    '%j, which some frameworks give for a parameter, is refused',
    (path) => {
      expect(Reflect.apply(safeReturnPath, undefined, [path, origin])).toMatchObject({
        refused: 'ERR_RETURN_PATH_UNSAFE',
      });
    },
  );

  test('whatever is given, a browser that follows the result stays on the site', () => {
    const pieces = fc.constantFrom(
      '/',
      '//',
      '\\',
      '.',
      '..',
      '%2e',
      '%2f',
      '@',
      ':',
      '?',
      '#',
      'evil.example',
      '\t',
      'a',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join('')),
          fc.webUrl(),
        ),
        (path) => {
          const result = safeReturnPath(path, origin);
          if (isRefusal(result)) return;
          expect(result).toMatch(/^\/(?![/\\])/);
          expect(new URL(result, origin).origin).toBe(origin);
          // Taking the result for a path once more changes nothing.
          expect(safeReturnPath(result, origin)).toBe(result);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
