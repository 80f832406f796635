import { count, duration } from '../terminal/numbers.js';
import { plain } from '../terminal/plain.js';
import type { Fault } from './fault-log.js';
import type { PushReport } from './report.js';

/** A report for people, line by line, in the manner of a diff. Whatever comes from the file is made harmless. */
export function summaryLines(report: PushReport, errorsFile: string | undefined): readonly string[] {
  const { dryRun, sent, outcome, stopped, notes, ignoredColumns, faults } = report;
  const lines: string[] = [
    `${dryRun ? 'Dry run, nothing was sent. To' : 'To'} ${report.connector}${report.community === '' ? '' : ` at ${report.community}`}, from ${plain(report.source)}:`,
  ];
  const add = (sign: string, value: number, text: string, always = false): void => {
    if (value > 0 || always) lines.push(`  ${sign} ${count(value).padStart(9)}  ${text}`);
  };
  add('+', sent.new, dryRun ? 'new, would be sent' : 'new, sent', true);
  add('~', sent.changed, dryRun ? 'changed, would be sent' : 'changed, sent', true);
  add('=', report.unchanged, 'unchanged since they were sent', true);
  add('-', report.suspended, 'suspended in the file, not sent');
  add('-', report.keptBack, 'removed or suspended at the site, not sent');
  add('-', report.nothingToSend, 'with nothing to send');
  add('!', report.invalid, 'rows that cannot be used');
  add('!', report.failed, dryRun ? 'would be refused before they are sent' : 'not taken by the community');
  add('…', report.cutOff, 'begun and not finished');
  if (!dryRun) {
    lines.push(
      `  ${count(report.calls)} calls in ${duration(report.seconds)}; ${count(report.retries)} of them again after a fault, ${count(report.slowDowns)} times asked to slow down.`,
    );
  }
  if (ignoredColumns.staff.length > 0) {
    lines.push(`Left out without --allow-staff: ${names(ignoredColumns.staff)}.`);
  }
  if (ignoredColumns.unknown.length > 0) {
    lines.push(`Columns that are not ours, left out: ${names(ignoredColumns.unknown)}. (--map column=field)`);
  }
  for (const [note, times] of Object.entries(notes)) lines.push(`${count(times)} × ${plain(note)}`);
  lines.push(...faults.first.map(faultLine));
  if (faults.total > faults.first.length) {
    const rest = count(faults.total - faults.first.length);
    lines.push(
      `… and ${rest} more${errorsFile === undefined ? ': --errors <file> writes all of them' : ''}.`,
    );
  }
  if (errorsFile !== undefined && faults.total > 0) lines.push(`All of them: ${plain(errorsFile)}`);
  if (stopped !== null) lines.push(`Stopped: ${stopped.code}: ${plain(stopped.detail, 1_000)}`);
  if (outcome !== 'complete' && !dryRun) lines.push('The same command with --resume continues.');
  return lines;
}

function faultLine({ line, id, column, code, fault }: Fault): string {
  const who = id === undefined ? '' : `, id ${plain(id, 80)}`;
  const where = column === undefined ? '' : `, ${plain(column, 80)}`;
  return `line ${line}${who}${where}: ${code === undefined ? '' : `${code}: `}${plain(fault, 500)}`;
}

function names(list: readonly string[]): string {
  return list.map((name) => plain(name, 40)).join(', ');
}
