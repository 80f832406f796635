import { expect, test } from '@jest/globals';

import { readRetryAfter } from '../../src/http/retry-after.js';

const date = 'Tue, 01 Jan 2030 10:00:00 GMT';

test.each<[string, string | undefined, number | undefined]>([
  ['12', undefined, 12],
  [' 12 ', undefined, 12],
  ['0', undefined, 0],
  ['0.2', undefined, 1],
  ['999999999', undefined, 86_400],
  ['Tue, 01 Jan 2030 10:01:30 GMT', date, 90],
  ['Tuesday, 01-Jan-30 10:01:30 GMT', date, 90],
  ['Tue, 01 Jan 2030 09:00:00 GMT', date, 0],
  ['Tue, 01 Jan 2040 10:00:00 GMT', date, 86_400],
  ['-5', date, undefined],
  ['2030', date, 2_030],
  ['2030-01-01', date, undefined],
  ['1e3', date, undefined],
  ['soon', date, undefined],
  ['', date, undefined],
])('Retry-After: %j, sent at %s, is %s seconds', (text, sentAt, seconds) => {
  const headers = new Headers({ 'Retry-After': text, ...(sentAt === undefined ? {} : { Date: sentAt }) });
  expect(readRetryAfter(headers)).toBe(seconds);
});

test('without a date of the answer, the own clock counts', () => {
  const inAMinute = new Date(Date.now() + 60_000).toUTCString();
  const seconds = readRetryAfter(new Headers({ 'Retry-After': inAMinute }));
  expect(seconds).toBeGreaterThan(50);
  expect(seconds).toBeLessThanOrEqual(61);
  expect(readRetryAfter(new Headers())).toBeUndefined();
});
