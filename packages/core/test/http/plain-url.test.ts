import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { isHttpUrl, plainHttpUrl } from '../../src/http/plain-url.js';

/** Pieces of addresses that parse, that do not, and that parse to something else than they look like. */
const pieces = fc.constantFrom(
  ...[
    'https://',
    'http://',
    'HTTPS://',
    'ftp://',
    'https:',
    '//',
    'javascript:',
    'https:///',
    ' ',
    '\t',
    '\n',
  ],
  ...[
    'example',
    'sam',
    'xn--',
    'xn--zo-jma',
    'zoë',
    'a',
    '-',
    '--',
    '0x7f',
    '1',
    '256',
    '999',
    'example.com',
    '[::1]',
  ],
  ...[
    '.',
    '..',
    ':',
    ':80',
    ':99999',
    '@',
    'a:b@',
    '/',
    '\\',
    '?',
    '#',
    '%',
    '%41',
    '%00',
    '\0',
    '_',
    '|',
    '"',
    '\ud800',
  ],
);
const address = fc.oneof(
  fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
  fc.webUrl(),
  fc.string(),
);

describe('plainHttpUrl', () => {
  test('whatever matches is parsed to the host that stands there, and to no user name, password or port', () => {
    let matched = 0;
    fc.assert(
      fc.property(address, (text) => {
        if (!plainHttpUrl.test(text)) return;
        matched++;
        const { protocol, host, username, password } = new URL(text);
        expect([username, password]).toEqual(['', '']);
        expect(text.startsWith(`${protocol}//${host}`)).toBe(true);
        expect(host).toContain('.');
      }),
      { numRuns: 2_000 },
    );
    expect(matched).toBeGreaterThan(50);
  });

  test.each([
    'https://sam.example.com',
    'http://example.com/a b',
    'https://a-b.example.co.uk?x',
    'https://example.com#x',
  ])('%s matches', (text) => {
    expect(plainHttpUrl.test(text)).toBe(true);
  });

  test.each([
    ...[
      'https://localhost',
      'https://example.com:443',
      'https://a:b@example.com',
      'https://example.com\\@evil.example',
    ],
    ...[
      'https://xn--a.example.com',
      'https://127.0.0.1',
      'https://example.com@evil.example',
      ' https://example.com',
    ],
  ])('%j is left to URL', (text) => {
    expect(plainHttpUrl.test(text)).toBe(false);
  });
});

describe('isHttpUrl', () => {
  test('says of every text what URL says', () => {
    fc.assert(
      fc.property(address, (text) => {
        expect(isHttpUrl(text)).toBe(parsesAsHttp(text));
      }),
      { numRuns: 2_000 },
    );
  });
});

function parsesAsHttp(text: string): boolean {
  try {
    const { protocol, username, password } = new URL(text);
    return /^https?:$/.test(protocol) && username === '' && password === '';
  } catch {
    return false;
  }
}
