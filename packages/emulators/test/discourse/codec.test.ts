import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { decodeBase64Leniently } from '../../src/discourse/protocol/base64.js';
import {
  parseMessage,
  signPayload,
  writePayload,
  writeQuery,
} from '../../src/discourse/protocol/connect-message.js';
import { DiscourseError } from '../../src/discourse/protocol/errors.js';
import { fieldNames, flagNames } from '../../src/discourse/protocol/fields.js';
import { decodeQuery } from '../../src/discourse/protocol/form.js';
import { parseUri } from '../../src/discourse/protocol/ruby-uri.js';
import { asVector } from './vectors.js';

const text = fc.string({ unit: 'binary', maxLength: 40 }).filter((value) => !/\p{Surrogate}/u.test(value));
const flags: ReadonlySet<string> = new Set(flagNames);
const fields = fc
  .record(Object.fromEntries(fieldNames.map((name) => [name, flags.has(name) ? fc.boolean() : text])), {
    requiredKeys: [],
  })
  .map((record): Record<string, string | boolean | undefined> => ({ ...record }));
const custom = fc.uniqueArray(
  fc.tuple(
    text.filter((name) => /^[^\n]+$/.test(name)),
    text,
  ),
  { selector: ([name]) => name },
);

describe('messages', () => {
  test('come back as they were written, and their base64 never holds + or /', () => {
    fc.assert(
      fc.property(fields, custom, text, (given, extra, secret) => {
        const query = writeQuery(writePayload(given, extra), secret);
        expect(query).toMatch(/^sso=[A-Za-z0-9]*(%3D){0,2}&sig=[0-9a-f]{64}$/);
        const message = asVector(parseMessage(query, secret));
        expect(message.fields).toEqual(given);
        expect(new Map(Object.entries(message.custom))).toEqual(new Map(extra));
      }),
    );
  });

  test('with another secret, or changed in any place, are refused', () => {
    fc.assert(
      fc.property(fields, fc.nat(), fc.constantFrom(...'Aa0z9'), (given, place, letter) => {
        const query = writeQuery(writePayload(given), 'a secret of some length');
        expect(() => parseMessage(query, 'another secret')).toThrow(DiscourseError);
        const at = place % query.length;
        const changed = query.slice(0, at) + letter + query.slice(at + 1);
        fc.pre(changed !== query);
        expect(() => parseMessage(changed, 'a secret of some length')).toThrow(DiscourseError);
      }),
    );
  });

  test('whatever else comes in is refused with one of Discourse’s own errors', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(2 as const, 3 as const), (query, rack) => {
        expect(() => parseMessage(query, 'secret', { rack })).toThrow(DiscourseError);
        expect(() => parseMessage(`sso=${query}&sig=x`, 'secret', { rack })).toThrow(DiscourseError);
      }),
    );
  });

  test('an empty secret: taken by old forums, refused by new ones', () => {
    const query = writeQuery('nonce=1', '');
    expect(asVector(parseMessage(query, '')).fields).toEqual({ nonce: '1' });
    expect(() => parseMessage(query, '', { refuseBlankSecret: true })).toThrow('blank');
  });

  test('Rack 3 does not split at a semicolon', () => {
    const sso = Buffer.from('name=a;title=b').toString('base64');
    const query = `sso=${encodeURIComponent(sso)}&sig=${signPayload(sso, 's')}`;
    expect(asVector(parseMessage(query, 's', { rack: 2 })).fields).toEqual({ name: 'a', title: 'b' });
    expect(asVector(parseMessage(query, 's', { rack: 3 })).fields).toEqual({ name: 'a;title=b' });
  });

  test('names of objects’ own parts are ordinary names', () => {
    const query = writeQuery('__proto__=1&constructor=2&custom.__proto__=3&custom.constructor=4', 's');
    const message = parseMessage(query, 's');
    expect(message.fields).toEqual({});
    expect([...message.custom]).toEqual([
      ['__proto__', '3'],
      ['constructor', '4'],
    ]);
  });
});

describe('base64 as Ruby reads it', () => {
  test('is the usual base64 for what is well formed', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const encoded = Buffer.from(bytes).toString('base64');
        expect(Buffer.from(decodeBase64Leniently(encoded))).toEqual(Buffer.from(bytes));
        expect(Buffer.from(decodeBase64Leniently(encoded.replaceAll('=', '')))).toEqual(Buffer.from(bytes));
        expect(Buffer.from(decodeBase64Leniently(encoded.replace(/.{4}/g, '$&\r\n')))).toEqual(
          Buffer.from(bytes),
        );
      }),
    );
  });

  test.each([
    ['YQ==YQ==', 'a'],
    ['YWI=YWI=', 'ab'],
    ['YWJj=YWJj', 'abcabc'],
    ['=YWJj', 'abc'],
    ['Y=WJj', 'abc'],
    ['YWJjZ', 'abc'],
    ['', ''],
  ])('%s', (encoded, decoded) => {
    expect(Buffer.from(decodeBase64Leniently(encoded)).toString()).toBe(decoded);
  });
});

test('queries: order, repeats, missing values, escapes', () => {
  expect([...decodeQuery('b=2&a=1&a=2&a&c&=x&d=&  e=1&&f=%41+%c3%A9', 3)]).toEqual([
    ['b', '2'],
    ['a', ['1', '2', null]],
    ['c', null],
    ['', 'x'],
    ['d', ''],
    ['e', '1'],
    ['f', 'A é'],
  ]);
  expect(() => decodeQuery('a=%', 3)).toThrow(DiscourseError);
  expect(() => decodeQuery('%4=a', 3)).toThrow(DiscourseError);
});

test.each([
  [
    'https://user:pw@a.example:8443/x?y=1#z',
    { scheme: 'https', host: 'a.example', path: '/x', query: '?y=1' },
  ],
  ['HTTPS://A.example', { scheme: 'https', host: 'A.example', path: '', query: '' }],
  ['//a.example/x', { scheme: null, host: 'a.example', path: '/x', query: '' }],
  ['/x?y', { scheme: null, host: null, path: '/x', query: '?y' }],
  ['mailto:a@b.example', { scheme: 'mailto', host: null, path: 'a@b.example', query: '' }],
  ['http://[::1]:3000/', { scheme: 'http', host: '::1', path: '/', query: '' }],
  ['', { scheme: null, host: null, path: '', query: '' }],
  ['https://a.example/a b', null],
  ['https://a.example/ü', null],
  ['https://a.example/%', null],
  ['https://a.example\\b', null],
  ['https://a.example/[x]', null],
])('the URI %s', (uri, parts) => {
  expect(parseUri(uri)).toEqual(parts);
});
