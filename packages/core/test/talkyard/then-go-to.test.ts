import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { isForumSsoError } from '../../src/errors.js';
import { safeThenGoTo } from '../../src/talkyard/index.js';
import { embeddingOrigins } from '../../src/talkyard/then-go-to.js';
import { type ThenGoToVector, vectors } from './vectors.js';

const serverOrigin = 'https://forum.example.com';
const allowEmbeddingFrom = ['https://blog.example.com', 'docs.example.com'];
const check = (target: string) => safeThenGoTo(target, { serverOrigin, allowEmbeddingFrom });

function isRefused(target: string): boolean {
  try {
    check(target);
    return false;
  } catch (error) {
    if (isForumSsoError(error) && error.code === 'ERR_TALKYARD_RETURN_UNSAFE') return true;
    throw error;
  }
}

describe('vectors', () => {
  test('there are 15', () => expect(vectors.thenGoTo).toHaveLength(15));

  // The vectors leave open whether to refuse or to encode what Talkyard cannot read: it is encoded.
  const encodedInstead: Readonly<Record<string, string>> = {
    '/-/search?q=mono mode': '/-/search?q=mono%20mode',
  };

  test.each(vectors.thenGoTo)('$thenGoTo', (vector: ThenGoToVector) => {
    const { thenGoTo, toolkitShouldSend } = vector;
    const go = () => safeThenGoTo(thenGoTo, vector);
    const encoded = encodedInstead[thenGoTo];
    if (encoded !== undefined) {
      expect(toolkitShouldSend).toBe(false);
      expect(go()).toBe(encoded);
    } else if (toolkitShouldSend) {
      expect(new URL(go(), vector.serverOrigin).href).toBe(new URL(thenGoTo, vector.serverOrigin).href);
    } else {
      expect(go).toThrow(/ERR_TALKYARD_RETURN_UNSAFE/);
    }
  });
});

describe('safeThenGoTo', () => {
  test.each([
    '//evil.test',
    '///evil.test',
    '////evil.test/x',
    '/\\evil.test',
    '\\/evil.test',
    '/.//evil.test',
    '/..//evil.test',
    '/a/..//evil.test',
    '/%2e//evil.test',
    '/%2E%2e//evil.test',
    '/./\\evil.test',
    '/\t/evil.test',
    '/\n/evil.test',
    '/a\r\nSet-Cookie: x=1',
    '\u0000/',
    ' //evil.test',
    ' /latest',
    'latest',
    '?q=1',
    '#post-1',
    'https:/forum.example.com/',
    'https:forum.example.com/',
    'https:///evil.test/',
    'http:\\\\evil.test',
    'https://forum.example.com@evil.test/',
    'https://forum.example.com:8443/',
    'http://forum.example.com/',
    'https://user:pass@forum.example.com/',
    'https://forum.example.com.evil.test',
    'https://forum.example.com__dwHash__.evil.test/',
    'https://blog.example.com.evil.test/',
    'https://evilblog.example.com/',
    'https://blog.example.com//evil.test',
    'https://blog.example.com/.//evil.test',
    'https://forum.example.com/a/..//evil.test',
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://forum.example.com/',
    `/${'a'.repeat(2_048)}`,
    `/${'ü'.repeat(500)}`,
  ])('%j is refused', (target) => expect(isRefused(target)).toBe(true));

  test.each([
    ['', '/'],
    ['/', '/'],
    ['/latest', '/latest'],
    ['/a//b', '/a//b'],
    ['/a/../b', '/b'],
    ['/-12/some-page__dwHash__post-7', '/-12/some-page__dwHash__post-7'],
    ['/-12/some-page#post-7', '/-12/some-page#post-7'],
    ['/-/search?q=a&sort=b', '/-/search?q=a&sort=b'],
    ['/-/search?q=a|b^c{d}`[e]', '/-/search?q=a%7Cb%5Ec%7Bd%7D%60%5Be%5D'],
    ['/a"<b>|', '/a%22%3Cb%3E%7C'],
    ['/100%', '/100%25'],
    ['/%zz?%', '/%25zz?%25'],
    ['/a#b#c d', '/a#b%23c%20d'],
    ['/über/漢', '/%C3%BCber/%E6%BC%A2'],
    ['/%2F/evil.test', '/%2F/evil.test'],
    ['https://FORUM.example.com:443/x', 'https://forum.example.com/x'],
    ['https://blog.example.com', 'https://blog.example.com/'],
    ['https://docs.example.com/p?x=1#y', 'https://docs.example.com/p?x=1#y'],
  ])('%j becomes %j', (target, result) => expect(check(target)).toBe(result));

  test('a serverOrigin that is no origin is a fault of the caller', () => {
    for (const bad of ['forum.example.com', 'https://forum.example.com/path', 'javascript:alert(1)', '']) {
      expect(() => safeThenGoTo('/', { serverOrigin: bad })).toThrow(/ERR_OPTIONS_INVALID/);
    }
  });

  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(
        '/',
        '\\',
        '.',
        '..',
        '//',
        '%2e',
        '%2F',
        '%5c',
        ':',
        '@',
        '?',
        '#',
        '|',
        '%',
        ' ',
        '\t',
      ),
      fc.constantFrom(
        'https://',
        'forum.example.com',
        'blog.example.com',
        'evil.test',
        '__dwHash__',
        'a',
        'ü',
        '[',
      ),
    ),
    { maxLength: 12 },
  );

  test('whatever comes out is on an allowed origin, and Talkyard can read it', () => {
    const allowed = [serverOrigin, 'https://blog.example.com', 'https://docs.example.com'];
    fc.assert(
      fc.property(pieces, (parts) => {
        const target = parts.join('');
        if (isRefused(target)) return;
        const result = check(target);
        // As a browser reads it in a Location header of Talkyard's, with the marker replaced and as it is.
        for (const location of [result, result.replaceAll('__dwHash__', '#')]) {
          expect(allowed).toContain(new URL(location, serverOrigin).origin);
        }
        expect(result).toMatch(
          /^(?:https:\/\/[a-z.]+)?\/(?:[\w\-./?:@&=+$,!~*'();]|%[0-9A-Fa-f]{2})*(?:#(?:[\w\-./?:@&=+$,!~*'();]|%[0-9A-Fa-f]{2})*)?$/,
        );
        expect(check(result)).toBe(result);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('embeddingOrigins', () => {
  test.each<[string, string, readonly string[] | undefined]>([
    ['https://blog.example.com', serverOrigin, ['https://blog.example.com']],
    ['https://blog.example.com/some/path', serverOrigin, ['https://blog.example.com']],
    ['blog.example.com', serverOrigin, ['https://blog.example.com']],
    ['blog.example.com:8080', serverOrigin, ['https://blog.example.com:8080']],
    ['blog.example.com', 'http://localhost:4002', ['https://blog.example.com', 'http://blog.example.com']],
    ['http://blog.example.com', serverOrigin, ['http://blog.example.com', 'https://blog.example.com']],
    ['*.example.com', serverOrigin, undefined],
    ['https://*.example.com', serverOrigin, undefined],
    ['# comment', serverOrigin, undefined],
    ['user@blog.example.com', serverOrigin, undefined],
    ['', serverOrigin, undefined],
    ['ftp://blog.example.com', serverOrigin, undefined],
  ])('%j at %s stands for %j', (entry, server, origins) =>
    expect(embeddingOrigins(entry, server)).toEqual(origins),
  );
});
