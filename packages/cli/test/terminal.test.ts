import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { count, duration } from '../src/terminal/numbers.js';
import { plain, plainJson } from '../src/terminal/plain.js';
import { Progress, type ProgressState } from '../src/terminal/progress.js';

describe('what comes from outside', () => {
  test.each([
    ['\u001b[31mred\u001b[0m', '\\u{1b}[31mred\\u{1b}[0m'],
    ['\u009b31m', '\\u{9b}31m'],
    ['a\r\nb\tc', 'a\\u{d}\\u{a}b\\u{9}c'],
    ['\u202eevil\u2066\u200f', '\\u{202e}evil\\u{2066}\\u{200f}'],
    ['\u2028\ufeff\u00ad', '\\u{2028}\\u{feff}\\u{ad}'],
    ['\ud83d', '\\u{d83d}'],
    ['\u{e0041}', '\\u{e0041}'],
    ['Zoë 😀 日本', 'Zoë 😀 日本'],
  ])('%j becomes %j', (text, shown) => {
    expect(plain(text)).toBe(shown);
  });

  test('is cut, and never holds anything that a terminal could obey', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.integer({ min: 1, max: 50 }),
        (text, limit) => {
          expect(plain(text, limit)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        },
      ),
    );
    expect(plain('x'.repeat(300))).toBe(`${'x'.repeat(200)}…`);
  });
});

test('JSON for a terminal is the same value, with nothing in it that a terminal could obey', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), fc.boolean(), (text, indented) => {
      const json = plainJson({ [text]: [text] }, indented ? 2 : undefined);
      expect(JSON.parse(json)).toEqual({ [text]: [text] });
      expect(json).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
  expect(plainJson('\u202eevil \u{e0041}')).toBe('"\\u202eevil \\udb40\\udc41"');
});

test('numbers and times are written for people', () => {
  expect([0, 12, 999, 1_000, 1_234_567].map(count)).toEqual(['0', '12', '999', '1,000', '1,234,567']);
  expect([0, 0.4, 59, 60, 3_661, 86_400, 90_061, -5].map(duration)).toEqual([
    ...['0 s', '0 s', '59 s', '1 min', '1 h 1 min', '1 d', '1 d 1 h', '0 s'],
  ]);
});

describe('progress', () => {
  function progressOf(terminal: boolean) {
    let now = 0;
    let state: ProgressState = { done: 0, sent: 0, failed: 0, share: 0, heldFor: 0 };
    let written = '';
    const progress = new Progress({
      ...{ terminal, columns: 60, now: () => now, read: () => state },
      write: (text) => {
        written += text;
      },
    });
    return {
      progress,
      at: (milliseconds: number, next: Partial<ProgressState>) => {
        now = milliseconds;
        state = { ...state, ...next };
        written = '';
        progress.show();
        return written;
      },
    };
  }

  test('is one line on a terminal, written anew, no wider than it, with bar, rate and time left', () => {
    const { progress, at } = progressOf(true);
    at(30_000, { done: 30, sent: 30, share: 0.05 });
    const line = at(60_000, { done: 1_060, sent: 60, share: 0.1 });
    expect(line).toMatch(/^\r\[== {18}\] 10 % · 1,060 rows · 60 sent · 60\/min/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: this one is ours
    expect(line).toMatch(/\u001b\[K$/);
    expect(line.length).toBeLessThanOrEqual(60 + 4);
    expect(progress.line({ done: 1_060, sent: 60, failed: 0, share: 0.1, heldFor: 0 })).toContain(
      '9 min left',
    );
    progress.stop();
  });

  test('is plain lines in a log: failures, and how long the community wants to be left alone', () => {
    const { progress, at } = progressOf(false);
    at(30_000, { done: 30, sent: 30, share: 0.25 });
    const line = at(60_000, { done: 60, sent: 58, failed: 2, share: 0.5, heldFor: 17_000 });
    expect(line).toBe(
      '50 % · 60 rows · 58 sent · 58/min · 2 not taken or unusable · waits 17 s as asked · 1 min left\n',
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none belongs into a log
    expect(line).not.toMatch(/[\r\u001b]/);
    progress.stop();
  });

  test('tells the time so far where nobody knows how much there is', () => {
    const { progress, at } = progressOf(false);
    expect(at(65_000, { done: 65, sent: 65, share: null })).toBe(
      '65 rows · 65 sent · 60/min · 1 min 5 s so far\n',
    );
    progress.stop();
  });
});
