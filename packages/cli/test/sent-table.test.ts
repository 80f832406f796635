import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { SentTable } from '../src/push/sent-table.js';

const hex = (digits: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits });
/** Few people, many of them in the same list. */
const user = fc.oneof(
  hex(15),
  hex(1).map((digit) => `abc00000000000${digit}`),
  fc.constantFrom('000000000000000', 'fffffffffffffff', 'fff80000000ffff', '00080000000ffff'),
);
const content = hex(12).map(
  (digest) => (Number.parseInt(digest[0] ?? '0', 16) & 7).toString(16) + digest.slice(1),
);

describe('the table of who was sent with what', () => {
  test('behaves as a plain map does', () => {
    const step = fc.record({ action: fc.constantFrom('set', 'visit'), user, content });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const table = new SentTable();
        const known = new Map<string, string | null>();
        const seen = new Set<string>();
        for (const { action, user: who, content: what } of steps) {
          if (action === 'set') {
            table.set(who, what);
            known.set(who, what);
            continue;
          }
          const before = known.get(who);
          const expected = seen.has(who)
            ? 'repeated'
            : before === undefined
              ? 'new'
              : before === what
                ? 'unchanged'
                : 'changed';
          expect(table.visit(who, what)).toBe(expected);
          seen.add(who);
          if (before === undefined) known.set(who, null);
        }
        expect(table.size).toBe(known.size);
        const all = new Map(table.entries());
        expect(all.size).toBe(known.size);
        for (const [who, what] of known) if (what !== null) expect(all.get(who)).toBe(what);
      }),
      { numRuns: 300 },
    );
  });

  test('who was met and not sent is nobody that was sent', () => {
    const table = new SentTable();
    expect(table.visit('0123456789abcde', '7fffffffffff')).toBe('new');
    const later = new SentTable();
    for (const [who, what] of table.entries()) later.set(who, what);
    expect(later.visit('0123456789abcde', '7fffffffffff')).toBe('changed');
  });

  test('takes twelve bytes for a person, and little more', () => {
    const table = new SentTable();
    const before = process.memoryUsage().arrayBuffers;
    const people = 200_000;
    for (let i = 0; i < people; i++) {
      const digest = ((i * 2_654_435_761) >>> 0).toString(16).padStart(8, '0');
      table.set(`${digest}${digest}`.slice(0, 15), '7abcdef01234');
    }
    expect(table.size).toBe(people);
    global.gc?.();
    const bytes = [...table.entries()].length * 12;
    expect(bytes).toBe(people * 12);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(people * 12 * 4);
  });
});
