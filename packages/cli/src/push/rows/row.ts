/** One row of the file, before anything is known about what it says. */
export type SourceRow = CellsRow | RecordRow | BrokenRow;

/** A row of a CSV file. */
export interface CellsRow {
  /** Line of the file on which it begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** An object of a JSONL file. */
export interface RecordRow {
  readonly line: number;
  readonly record: Readonly<Record<string, unknown>>;
}

/** A row that cannot be read at all. */
export interface BrokenRow {
  readonly line: number;
  /** What is wrong, without the content. */
  readonly fault: string;
}

/** Longest row, in characters. A longer one is left out, and the next line is the next row. */
export const rowLimit = 1_000_000;

/** How the text in front of us came: pieces, and how many bytes of the file each was. */
export interface TextPiece {
  readonly text: string;
  readonly bytes: number;
}

/** Rows that arrived together. */
export interface RowBatch<Row extends SourceRow = SourceRow> {
  readonly rows: readonly Row[];
  /** Bytes of the file up to here. */
  readonly bytes: number;
}
