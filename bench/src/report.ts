import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

import { isMet, type Row } from './measure.js';

const heads = ['', 'ratio', 'target', '', 'ours', 'floor'] as const;

/** The table for people. */
export function table(rows: readonly Row[]): string {
  const lines = [heads, ...rows.map(cells)];
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      ),
    )
    .map((line) => line.join('  ').trimEnd())
    .join('\n');
}

function cells(row: Row): readonly string[] {
  return [
    row.name,
    row.ratio.toFixed(2),
    targetText(row),
    verdict(row),
    quantity(row.medians.subject, row),
    `${quantity(row.medians.floor, row)} ${row.floor}`,
  ];
}

function targetText({ target }: Row): string {
  if (target === undefined) return '';
  return 'atMost' in target ? `≤ ${target.atMost}` : `≥ ${target.atLeast}`;
}

function verdict(row: Row): string {
  const met = isMet(row);
  return met === undefined ? '' : met ? 'met' : 'MISSED';
}

function quantity(value: number, { unit }: Row): string {
  return unit === 'bytes' ? `${(value / 1e6).toFixed(1)} MB` : duration(value);
}

function duration(nanoseconds: number): string {
  if (nanoseconds < 1e3) return `${nanoseconds.toFixed(0)} ns`;
  if (nanoseconds < 1e6) return `${(nanoseconds / 1e3).toFixed(2)} µs`;
  return nanoseconds < 1e9 ? `${(nanoseconds / 1e6).toFixed(2)} ms` : `${(nanoseconds / 1e9).toFixed(2)} s`;
}

/**
 * The same for programs, in `bench/results/latest.json`.
 * @returns the file's path
 */
export async function writeResults(rows: readonly Row[]): Promise<string> {
  const file = new URL('../results/latest.json', import.meta.url);
  await mkdir(new URL('.', file), { recursive: true });
  const machine = {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpus: cpus().length,
  };
  const results = {
    at: new Date().toISOString(),
    machine,
    rows: rows.map((row) => ({ ...row, met: isMet(row) })),
  };
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
  return fileURLToPath(file);
}
