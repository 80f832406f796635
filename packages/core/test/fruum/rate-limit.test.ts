import { expect, test } from '@jest/globals';

import { createRateLimit } from '../../src/fruum/rate-limit.js';

function limiter(requests: number, seconds: number) {
  let time = 1_000_000;
  const admit = createRateLimit({ requests, seconds }, () => new Date(time));
  return {
    admit,
    wait(s: number) {
      time += s * 1_000;
    },
  };
}

test('counts each person alone, in windows', () => {
  const { admit, wait } = limiter(2, 60);
  expect([admit('a'), admit('a'), admit('a'), admit('b')]).toEqual([true, true, false, true]);
  wait(59.9);
  expect([admit('a'), admit('b'), admit('b')]).toEqual([false, true, false]);
  wait(0.2);
  expect([admit('a'), admit('a'), admit('a')]).toEqual([true, true, false]);
});

test('a clock that is set back does not lock anybody out for long', () => {
  const { admit, wait } = limiter(1, 60);
  expect([admit('a'), admit('a')]).toEqual([true, false]);
  wait(-3_600);
  expect(admit('a')).toBe(true);
});

test('is bounded: beyond 50 000 people the oldest window is forgotten, the newest is not', () => {
  const { admit } = limiter(1, 60);
  expect(admit('first')).toBe(true);
  for (let i = 0; i < 50_000; i++) admit(`person ${i}`);
  expect(admit('person 49999')).toBe(false);
  expect(admit('first')).toBe(true);
});
