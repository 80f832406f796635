import { appendFileSync, chmodSync, existsSync, readFileSync } from 'node:fs';

import { type ExitCode, exitCodes } from '../exit-codes.js';
import { UsageError } from '../usage-error.js';
import { type KeyRow, keyTable } from './makers.js';

const table: readonly KeyRow[] = keyTable;

/** What is made when nothing is named: enough for a site that logs people in to a Discourse forum. */
const usual = ['FORUM_SSO_KEYS', 'DISCOURSE_CONNECT_SECRET'];

/**
 * `forum-sso keys`: new random secrets, as lines of an environment file.
 * @param names variables to make secrets for; none: the usual ones
 * @param write a file to add them to; what stands there already stays
 */
export function keys(
  names: readonly string[],
  { write, list = false }: { readonly write?: string; readonly list?: boolean },
): ExitCode {
  if (list) {
    for (const row of table) process.stdout.write(`${row.name}  ${'make' in row ? row.note : row.madeBy}\n`);
    return exitCodes.ok;
  }
  const rows = chosen(names.length === 0 ? usual : names);
  if (write === undefined) {
    for (const { name, make, note } of rows) process.stdout.write(`# ${note}\n${name}=${make()}\n`);
    return exitCodes.ok;
  }
  const before = existsSync(write) ? readFileSync(write, 'utf8') : '';
  const missing = rows.filter(({ name }) => !new RegExp(`^(?:export )?${name}(?:_FILE)?=`, 'm').test(before));
  const text = missing.map(({ name, make, note }) => `# ${note}\n${name}=${make()}\n`).join('');
  const separator = before === '' || before.endsWith('\n') ? '' : '\n';
  appendFileSync(write, separator + text, { mode: 0o600 });
  chmodSync(write, 0o600);
  for (const { name, note } of missing) process.stdout.write(`${name} is in ${write} now: ${note}.\n`);
  for (const { name } of rows) {
    if (!missing.some((row) => row.name === name))
      process.stdout.write(`${name} stands in ${write} already.\n`);
  }
  return exitCodes.ok;
}

function chosen(names: readonly string[]): readonly Extract<KeyRow, { make: unknown }>[] {
  const rows: Extract<KeyRow, { make: unknown }>[] = [];
  const problems: string[] = [];
  for (const name of names) {
    const row = table.find((entry) => entry.name === name.toUpperCase());
    if (row === undefined) {
      problems.push(
        `There is no secret "${name}". There are: ${table.map((entry) => entry.name).join(', ')}.`,
      );
    } else if ('make' in row) {
      rows.push(row);
    } else {
      problems.push(`${row.name}: ${row.madeBy}.`);
    }
  }
  if (problems.length > 0) throw new UsageError(problems);
  return rows;
}
