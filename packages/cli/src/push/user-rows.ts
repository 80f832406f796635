import type { SiteUser } from '@forum-sso/core';

import { UsageError } from '../usage-error.js';
import { type Header, readHeader } from './columns.js';
import { cellsReader, type RowFault, type RowResult, type RowRules, recordReader } from './row-user.js';
import { readCsv } from './rows/csv.js';
import { readJsonl } from './rows/jsonl.js';
import type { Source } from './rows/open-source.js';
import type { RowBatch, SourceRow } from './rows/row.js';

/** A row of the file: a person, or everything that is wrong with it. */
export type UserRow =
  | { readonly line: number; readonly user: SiteUser }
  | { readonly line: number; readonly faults: readonly RowFault[] };

/** Columns that are not sent. */
export interface IgnoredColumns {
  /** Not known to us. */
  readonly unknown: readonly string[];
  /** `admin` and `moderator`, without `--allow-staff`. */
  readonly staff: readonly string[];
}

/** Most names of ignored columns that are told. */
const ignoredLimit = 50;

/**
 * The people in a file, one row after the other, for any number of takers at the same time. Never holds more than the
 * piece of the file that was read last.
 */
export class UserRows {
  readonly #batches: AsyncGenerator<RowBatch>;
  readonly #rules: RowRules;
  readonly #unknown = new Set<string>();
  readonly #staff = new Set<string>();
  #read: ((row: SourceRow) => RowResult) | undefined;
  #rows: readonly SourceRow[] = [];
  #position = 0;
  #batchStart = 0;
  #batchEnd = 0;
  #refill: Promise<void> | null = null;
  #over = false;
  /** Ends the waiting for the batch that is being read. */
  #wake = (): void => {};

  private constructor(batches: AsyncGenerator<RowBatch>, rules: RowRules) {
    this.#batches = batches;
    this.#rules = rules;
  }

  /**
   * Begins to read: a CSV file's header is read and checked.
   * @throws UsageError
   */
  static async open(source: Source, rules: RowRules, delimiter?: string): Promise<UserRows> {
    const batches = source.format === 'csv' ? readCsv(source.pieces, delimiter) : readJsonl(source.pieces);
    const rows = new UserRows(batches, rules);
    if (source.format === 'csv') await rows.#readHeader();
    else rows.#useRecords();
    return rows;
  }

  /** Bytes of the file that the rows so far took up. */
  get bytes(): number {
    const share = this.#rows.length === 0 ? 1 : this.#position / this.#rows.length;
    return this.#batchStart + (this.#batchEnd - this.#batchStart) * share;
  }

  get ignored(): IgnoredColumns {
    return { unknown: [...this.#unknown], staff: [...this.#staff] };
  }

  /** There are no more rows from now on. Whoever waits for one gets null, however long the file makes them wait. */
  stop(): void {
    this.#over = true;
    this.#rows = [];
    this.#wake();
  }

  /** The next row; null at the end. */
  async next(): Promise<UserRow | null> {
    while (this.#position >= this.#rows.length) {
      if (this.#over) return null;
      this.#refill ??= this.#readOrStop().finally(() => {
        this.#refill = null;
      });
      await this.#refill;
    }
    const row = this.#rows[this.#position++];
    if (row === undefined || this.#read === undefined) return null;
    if ('fault' in row) return { line: row.line, faults: [{ fault: row.fault }] };
    return { line: row.line, ...this.#read(row) };
  }

  async #readHeader(): Promise<void> {
    await this.#readBatch();
    const [first] = this.#rows;
    if (first === undefined) throw new UsageError('The file is empty.');
    if (!('cells' in first)) throw new UsageError('The first line is no header: it cannot be read as CSV.');
    const header = readHeader(first.cells, this.#rules);
    this.#position = 1;
    this.#noteIgnored(header);
    const read = cellsReader(header, this.#rules);
    this.#read = (row) => ('cells' in row ? read(row) : { faults: [] });
  }

  #useRecords(): void {
    const read = recordReader(this.#rules, (key, target) => {
      if (target.kind === 'ignored') this.#note(key, target.reason);
    });
    this.#read = (row) => ('record' in row ? read(row) : { faults: [] });
  }

  #noteIgnored({ names, targets }: Header): void {
    for (const [index, target] of targets.entries()) {
      if (target.kind === 'ignored') this.#note(names[index] ?? '', target.reason);
    }
  }

  #note(name: string, reason: 'unknown' | 'staff'): void {
    const set = reason === 'staff' ? this.#staff : this.#unknown;
    if (set.size < ignoredLimit) set.add(name);
  }

  /** Not by `Promise.race` with a promise for the whole file, which would keep something of every batch. */
  #readOrStop(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#wake = resolve;
      this.#readBatch().then(resolve, reject);
    });
  }

  async #readBatch(): Promise<void> {
    const next = await this.#batches.next();
    if (this.#over) return;
    this.#batchStart = this.#batchEnd;
    this.#position = 0;
    if (next.done === true) {
      this.#over = true;
      this.#rows = [];
      return;
    }
    this.#rows = next.value.rows;
    this.#batchEnd = next.value.bytes;
  }
}
