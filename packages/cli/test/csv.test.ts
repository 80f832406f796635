import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { readCsv } from '../src/push/rows/csv.js';
import { rowLimit, type TextPiece } from '../src/push/rows/row.js';

async function* pieces(texts: readonly string[]): AsyncGenerator<TextPiece> {
  for (const text of texts) yield { text, bytes: Buffer.byteLength(text) };
}

/** All rows of a text, read in pieces of a size. */
async function rowsOf(text: string, { size = 7, delimiter }: { size?: number; delimiter?: string } = {}) {
  const parts = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  );
  const rows = [];
  for await (const batch of readCsv(pieces(parts), delimiter)) for (const row of batch.rows) rows.push(row);
  return rows;
}

describe('CSV', () => {
  test('cells, quotes, empty lines; the line on which a row begins', async () => {
    expect(await rowsOf('id,name\r\n1,"a ""b"" c"\r\n\r\n2,"two\r\nlines"\n3,\n4,5" screen\n"","x"')).toEqual(
      [
        { line: 1, cells: ['id', 'name'] },
        { line: 2, cells: ['1', 'a "b" c'] },
        { line: 4, cells: ['2', 'two\r\nlines'] },
        { line: 6, cells: ['3', ''] },
        { line: 7, cells: ['4', '5" screen'] },
        { line: 8, cells: ['', 'x'] },
      ],
    );
  });

  test.each([
    ['id;mail\n1;a,b', ['1', 'a,b']],
    ['id\tmail\n1\ta,b', ['1', 'a,b']],
    ['"i,i,i";mail\n1;2', ['1', '2']],
    ['id\n1', ['1']],
  ])('finds the delimiter of %j', async (text, cells) => {
    expect((await rowsOf(text))[1]).toEqual({ line: 2, cells });
  });

  test('takes the delimiter that it is told', async () => {
    expect(await rowsOf('a,b|c\n', { delimiter: '|' })).toEqual([{ line: 1, cells: ['a,b', 'c'] }]);
  });

  test('a wrong quote costs its row, and no other', async () => {
    expect(await rowsOf('id,name\n1,"a"b\n2,c\n3,"open\n4,d\n5,"e"\n')).toEqual([
      { line: 1, cells: ['id', 'name'] },
      { line: 2, fault: 'something stands between a closing quote and the next cell' },
      { line: 3, cells: ['2', 'c'] },
      { line: 4, fault: 'something stands between a closing quote and the next cell' },
      { line: 5, cells: ['4', 'd'] },
      { line: 6, cells: ['5', 'e'] },
    ]);
  });

  test('a quote that is never closed costs its row, and no other', async () => {
    expect(await rowsOf('id,name\n1,"open\n2,b\n3,c\n')).toEqual([
      { line: 1, cells: ['id', 'name'] },
      { line: 2, fault: 'a quote is opened and never closed' },
      { line: 3, cells: ['2', 'b'] },
      { line: 4, cells: ['3', 'c'] },
    ]);
  });

  test.each([
    ['without quotes', `1,${'x'.repeat(rowLimit + 10)}\n`, `is longer than ${rowLimit} characters`, 3],
    [
      'in a quote that is never closed',
      `1,"${'x\n'.repeat(rowLimit / 2 + 10)}`,
      `is longer than ${rowLimit} characters, or a quote is opened and never closed`,
      3,
    ],
  ])('a row that is too long, %s, is left out and does not fill the memory', async (_, text, fault, next) => {
    const rows = await rowsOf(`id,name\n${text}2,b\n`, { size: 65_536 });
    const [, broken, after] = rows;
    expect(broken !== undefined && 'fault' in broken ? broken : 'a row').toEqual({ line: 2, fault });
    expect(after?.line).toBe(next);
    expect(rows.at(-1)).toMatchObject({ cells: ['2', 'b'] });
  });

  test('whatever is written is read again, however it is cut into pieces', async () => {
    const cell = fc.string({
      unit: fc.constantFrom('a', 'é', '😀', '"', ',', '\n', '\r\n', ' ', ';'),
      maxLength: 6,
    });
    const table = fc
      .integer({ min: 2, max: 4 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
      );
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 30 }), async (cells, size) => {
        const text = cells
          .map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(','))
          .join('\r\n');
        const rows = await rowsOf(text, { size, delimiter: ',' });
        expect(rows.map((row) => ('cells' in row ? row.cells : row.fault))).toEqual(cells);
        // A row begins after all line ends of the rows before it.
        let line = 1;
        for (const [index, row] of cells.entries()) {
          expect(rows[index]?.line).toBe(line);
          line += 1 + row.join('').split('\n').length - 1;
        }
      }),
      { numRuns: 300 },
    );
  });

  test('no text whatever makes it fail, or lose a row that stands on a line of its own', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r'), maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 12 }), async (content, size) => {
        const rows = await rowsOf(`h,h\n${content}\nlast,row\n`, { size, delimiter: ',' });
        const whole = await rowsOf(`h,h\n${content}\nlast,row\n`, { size: 1_000, delimiter: ',' });
        expect(rows).toEqual(whole);
        // Only an odd number of quotes can take the last row along.
        if ((content.match(/"/g) ?? []).length === 0) {
          expect(rows.at(-1)).toMatchObject({ cells: ['last', 'row'] });
        }
      }),
      { numRuns: 500 },
    );
  });
});
