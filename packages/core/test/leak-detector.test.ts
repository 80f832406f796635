import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';

import { LeakDetector, printed } from './leak-detector.js';

const value = `Zoë+${randomBytes(9).toString('base64')}&"~@example.com`;
const detector = new LeakDetector({ value });
const bytes = Buffer.from(value);
const inJson = (text: string): string => JSON.stringify({ a: [text] });

test.each<[string, string]>([
  ['as it is', `a${value}b`],
  ['in JSON', inJson(value)],
  ['in hex', `x${bytes.toString('hex')}`],
  ['in upper-case hex', bytes.toString('hex').toUpperCase()],
  ['percent-encoded', `?a=${encodeURIComponent(value)}&b`],
  ['as a form', new URLSearchParams({ a: value }).toString()],
  ['percent-encoded twice', encodeURIComponent(encodeURIComponent(value))],
  ['percent-encoded to the last byte', [...bytes].map((byte) => `%${byte.toString(16)}`).join('')],
  ...[0, 1, 2, 3].map((shift): [string, string] => [
    `in base64 behind ${shift} bytes`,
    Buffer.concat([Buffer.alloc(shift, '?'), bytes, Buffer.from('tail')]).toString('base64'),
  ]),
  ['in base64url', Buffer.from(`?${value}`).toString('base64url')],
  ['in base64, percent-encoded', encodeURIComponent(Buffer.from(`>>${value}`).toString('base64'))],
  ['in a form in base64', Buffer.from(new URLSearchParams({ a: value }).toString()).toString('base64')],
  ['in JSON in base64url', Buffer.from(inJson(value)).toString('base64url')],
  ['in the HTML of a page', value.replace('&', '&#38;').replace('"', '&#34;')],
  ['in an error', printed(new Error(value))],
  ['in the cause of an error', printed(new Error('no', { cause: new Error(value) }))],
  ['in a Map', printed(new Map([['a', { b: value }]]))],
])('a value is found %s', (_, text) => {
  expect(detector.find(text)).toEqual(['value']);
});

test('what is not there is not found', () => {
  expect(detector.find(`Zoë+ &"~@example.com ${randomBytes(500).toString('base64')}`)).toEqual([]);
  expect(() => new LeakDetector({ short: 'abc' })).toThrow('short');
});
