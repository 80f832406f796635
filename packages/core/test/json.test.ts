import { describe, expect, test } from '@jest/globals';

import { isRecord, parseJson } from '../src/json.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('parseJson', () => {
  test.each<[string, unknown]>([
    ['{"a":[1,"é"]}', { a: [1, 'é'] }],
    ['null', null],
    ['false', false],
    ['"text"', 'text'],
  ])('%s, as text and as bytes', (json, value) => {
    expect(parseJson(json)).toEqual(value);
    expect(parseJson(bytes(json))).toEqual(value);
  });

  test.each(['', ' ', '{', 'undefined', 'NaN', "{'a':1}", '[1,]', '\uFEFF{}'])(
    '%j is no JSON, and no error',
    (text) => {
      expect(parseJson(text)).toBeUndefined();
    },
  );

  test('bytes may begin with the mark of UTF-8', () => {
    expect(parseJson(bytes('\uFEFF{"a":1}'))).toEqual({ a: 1 });
  });

  test('bytes that are no UTF-8 are no JSON, and nothing of them is left for the next', () => {
    expect(parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toBeUndefined();
    // Ends in the middle of a letter.
    expect(parseJson(Uint8Array.of(0x22, 0xc3))).toBeUndefined();
    expect(parseJson(bytes('"é"'))).toBe('é');
  });

  test('a name of every object is a name like others', () => {
    const value = parseJson('{"__proto__":{"admin":true}}');
    expect(isRecord(value) && value.admin).toBeUndefined();
    expect(isRecord(value) && Object.keys(value)).toEqual(['__proto__']);
  });
});

test.each<[string, unknown, boolean]>([
  ['an object', { a: 1 }, true],
  ['an object without a prototype', Object.create(null), true],
  ['null', null, false],
  ['a list', [], false],
  ['a text', 'text', false],
  ['nothing', undefined, false],
])('%s: a record or not', (_, value, expected) => {
  expect(isRecord(value)).toBe(expected);
});
