import { describe, expect, test } from '@jest/globals';

import { passwordGate } from '../src/password-gate.js';

describe('the password of the demo', () => {
  test('is not asked for when there is none', () => {
    expect(passwordGate(undefined)('')).toBe('right');
  });

  test.each(['', 'open', 'open, demo ', 'OPEN, DEMO', 'x'.repeat(10_000)])('"%s" is wrong', (given) => {
    expect(passwordGate('open, demo')(given)).toBe('wrong');
  });

  test('cannot be guessed in a hurry', () => {
    let time = 0;
    const check = passwordGate('open, demo', () => new Date(time));
    for (let i = 0; i < 10; i++) expect(check(`guess ${i}`)).toBe('wrong');
    expect(check('open, demo')).toBe('too-many');
    time = 60_001;
    expect(check('open, demo')).toBe('right');
  });

  test('right ones do not count', () => {
    const check = passwordGate('open, demo', () => new Date(0));
    for (let i = 0; i < 50; i++) expect(check('open, demo')).toBe('right');
  });
});
