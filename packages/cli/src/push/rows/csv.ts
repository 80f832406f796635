import { type BrokenRow, type CellsRow, type RowBatch, rowLimit, type TextPiece } from './row.js';

/** What one look at the text found. */
type Found =
  | { readonly kind: 'row'; readonly row: CellsRow | BrokenRow | null; readonly end: number }
  /** The text ends within a row. `open`: within quotes. */
  | { readonly kind: 'partial'; readonly open: boolean };

/**
 * Reads CSV (RFC 4180) piece by piece: cells in double quotes may hold delimiters, line ends and doubled quotes; lines end
 * with LF or CRLF; empty lines are no rows. What is not well-formed is a {@link BrokenRow}, and the row after it begins
 * on the next line of the file: one wrong quote costs one row, not the rest of the file.
 *
 * @param delimiter undefined: whichever of `,` `;` and tab the first line has most of
 */
export async function* readCsv(
  pieces: AsyncIterable<TextPiece>,
  delimiter?: string,
): AsyncGenerator<RowBatch<CellsRow | BrokenRow>> {
  let text = '';
  let bytes = 0;
  let line = 1;
  let separator = delimiter;
  /** In the middle of a row that was given up: everything up to the next line end is part of it. */
  let skipping = false;

  const take = (atEnd: boolean): (CellsRow | BrokenRow)[] => {
    const rows: (CellsRow | BrokenRow)[] = [];
    let position = 0;
    while (position < text.length) {
      if (skipping) {
        const end = text.indexOf('\n', position);
        position = end === -1 ? text.length : end + 1;
        if (end === -1) break;
        skipping = false;
        line++;
        continue;
      }
      separator ??= guessDelimiter(text, atEnd);
      if (separator === undefined) break;
      const found = readRow(text, position, separator, line, atEnd);
      if (found.kind === 'row') {
        if (found.end - position > rowLimit) rows.push(tooLong(line));
        else if (found.row !== null) rows.push(found.row);
        line += countLines(text, position, found.end);
        position = found.end;
        continue;
      }
      if (!atEnd && text.length - position <= rowLimit) break;
      const openFault = atEnd
        ? 'a quote is opened and never closed'
        : `is longer than ${rowLimit} characters, or a quote is opened and never closed`;
      rows.push(found.open ? { line, fault: openFault } : tooLong(line));
      skipping = true;
    }
    text = text.slice(position);
    return rows;
  };

  for await (const piece of pieces) {
    text += piece.text;
    bytes += piece.bytes;
    const rows = take(false);
    if (rows.length > 0) yield { rows, bytes };
  }
  const rows = take(true);
  if (rows.length > 0) yield { rows, bytes };
}

/** Undefined while the first line is not there in full. */
function guessDelimiter(text: string, atEnd: boolean): string | undefined {
  const end = text.indexOf('\n');
  if (end === -1 && !atEnd && text.length <= rowLimit) return undefined;
  const header = (end === -1 ? text : text.slice(0, end)).replace(/"(?:[^"]|"")*"/g, '');
  const candidates = [',', ';', '\t'].map((character) => ({
    character,
    times: header.split(character).length - 1,
  }));
  return candidates.reduce((best, other) => (other.times > best.times ? other : best)).character;
}

function readRow(text: string, start: number, delimiter: string, line: number, atEnd: boolean): Found {
  const lineEnd = text.indexOf('\n', start);
  if (lineEnd === -1 && !atEnd) return { kind: 'partial', open: text.indexOf('"', start) !== -1 };
  const stop = lineEnd === -1 ? text.length : lineEnd;
  const content = withoutReturn(text.slice(start, stop));
  const end = lineEnd === -1 ? text.length : lineEnd + 1;
  if (content === '') return { kind: 'row', row: null, end };
  // Most rows have no quotes.
  if (!content.includes('"')) return { kind: 'row', row: { line, cells: content.split(delimiter) }, end };
  return readQuotedRow(text, start, delimiter, line, atEnd);
}

function readQuotedRow(text: string, start: number, delimiter: string, line: number, atEnd: boolean): Found {
  const cells: string[] = [];
  let position = start;
  for (;;) {
    if (text[position] !== '"') {
      // A quote inside a cell that does not begin with one is a character like any other.
      const end = endOfBareCell(text, position, delimiter);
      if (end === -1 && !atEnd) return { kind: 'partial', open: false };
      const stop = end === -1 ? text.length : end;
      const isLast = end === -1 || text[end] === '\n';
      cells.push(isLast ? withoutReturn(text.slice(position, stop)) : text.slice(position, stop));
      if (isLast) return { kind: 'row', row: { line, cells }, end: end === -1 ? stop : stop + 1 };
      position = stop + 1;
      continue;
    }
    const closing = closingQuote(text, position + 1);
    // A quote at the very end of the text may be the first of two.
    if (closing === -1 || (closing === text.length - 1 && !atEnd)) return { kind: 'partial', open: true };
    cells.push(text.slice(position + 1, closing).replaceAll('""', '"'));
    const after = text.startsWith('\r\n', closing + 1) ? closing + 2 : closing + 1;
    if (after >= text.length) {
      if (!atEnd) return { kind: 'partial', open: false };
      return { kind: 'row', row: { line, cells }, end: text.length };
    }
    if (text[after] === '\n') return { kind: 'row', row: { line, cells }, end: after + 1 };
    if (text[after] === '\r' && after === text.length - 1 && !atEnd) return { kind: 'partial', open: false };
    if (text[after] !== delimiter) {
      // The quote may have been opened by mistake, and have taken the next rows along.
      const end = text.indexOf('\n', start);
      if (end === -1 && !atEnd) return { kind: 'partial', open: false };
      const fault = 'something stands between a closing quote and the next cell';
      return { kind: 'row', row: { line, fault }, end: end === -1 ? text.length : end + 1 };
    }
    position = after + 1;
  }
}

function endOfBareCell(text: string, start: number, delimiter: string): number {
  for (let i = start; i < text.length; i++) {
    const character = text[i];
    if (character === delimiter || character === '\n') return i;
  }
  return -1;
}

/** Where the quote stands that is not doubled; -1 when there is none yet. */
function closingQuote(text: string, start: number): number {
  let position = text.indexOf('"', start);
  while (position !== -1 && text[position + 1] === '"') position = text.indexOf('"', position + 2);
  return position;
}

function tooLong(line: number): BrokenRow {
  return { line, fault: `is longer than ${rowLimit} characters` };
}

function withoutReturn(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}

function countLines(text: string, start: number, end: number): number {
  let lines = 0;
  for (let at = text.indexOf('\n', start); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
