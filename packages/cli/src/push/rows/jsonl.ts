import { isRecord, parseJson } from '../../json.js';
import { type BrokenRow, type RecordRow, type RowBatch, rowLimit, type TextPiece } from './row.js';

/** Reads JSONL piece by piece: one JSON object on each line. Empty lines are no rows. */
export async function* readJsonl(
  pieces: AsyncIterable<TextPiece>,
): AsyncGenerator<RowBatch<RecordRow | BrokenRow>> {
  let text = '';
  let bytes = 0;
  let line = 0;
  /** The line was too long and is told; the rest of it is still to come. */
  let skipping = false;

  const readLine = (content: string): RecordRow | BrokenRow | null => {
    line++;
    if (skipping) {
      skipping = false;
      return null;
    }
    if (content.length > rowLimit) return tooLong(line);
    return content.trim() === '' ? null : parseLine(content, line);
  };

  for await (const piece of pieces) {
    bytes += piece.bytes;
    const lines = (text + piece.text).split('\n');
    text = lines.pop() ?? '';
    const rows = lines.map(readLine).filter((row) => row !== null);
    if (text.length > rowLimit) {
      if (!skipping) rows.push(tooLong(line + 1));
      skipping = true;
      text = '';
    }
    if (rows.length > 0) yield { rows, bytes };
  }
  const last = readLine(text);
  if (last !== null) yield { rows: [last], bytes };
}

function parseLine(content: string, line: number): RecordRow | BrokenRow {
  const value = parseJson(content);
  if (isRecord(value)) return { line, record: value };
  return { line, fault: value === undefined ? 'is not JSON' : 'is JSON, but not an object' };
}

function tooLong(line: number): BrokenRow {
  return { line, fault: `is longer than ${rowLimit} characters` };
}
