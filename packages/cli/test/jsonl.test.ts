import { expect, test } from '@jest/globals';

import { readJsonl } from '../src/push/rows/jsonl.js';
import { rowLimit, type TextPiece } from '../src/push/rows/row.js';

async function rowsOf(text: string, size: number) {
  async function* pieces(): AsyncGenerator<TextPiece> {
    for (let i = 0; i < text.length; i += size) {
      const part = text.slice(i, i + size);
      yield { text: part, bytes: Buffer.byteLength(part) };
    }
  }
  const rows = [];
  for await (const batch of readJsonl(pieces())) rows.push(...batch.rows);
  return rows;
}

test.each([1, 5, 1_000])('objects by line, in pieces of %d', async (size) => {
  expect(await rowsOf('{"id":"1"}\r\n\n[1]\n{"id":\n"x"\n{"id":"2"}', size)).toEqual([
    { line: 1, record: { id: '1' } },
    { line: 3, fault: 'is JSON, but not an object' },
    { line: 4, fault: 'is not JSON' },
    { line: 5, fault: 'is JSON, but not an object' },
    { line: 6, record: { id: '2' } },
  ]);
});

test('a line that is too long is left out, and told once', async () => {
  const rows = await rowsOf(`{"id":"1"}\n{"bio":"${'x'.repeat(3 * rowLimit)}"}\n{"id":"2"}\n`, 65_536);
  expect(rows).toEqual([
    { line: 1, record: { id: '1' } },
    { line: 2, fault: `is longer than ${rowLimit} characters` },
    { line: 3, record: { id: '2' } },
  ]);
});
