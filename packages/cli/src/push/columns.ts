import type { SiteUser } from '@forum-sso/core';

import { UsageError } from '../usage-error.js';

/** What a cell holds: text, yes or no, or names with commas between them. */
export type ColumnKind = 'text' | 'boolean' | 'names';

interface ColumnRow {
  readonly column: string;
  readonly field: Exclude<keyof SiteUser, 'custom'>;
  readonly kind: ColumnKind;
  readonly required?: true;
  /** Only sent with `--allow-staff`. */
  readonly staff?: true;
}

/**
 * The columns of a file, and what they are of a person. In a file their names may be written otherwise: case, blanks,
 * `_` and `-` make no difference. `custom.<name>` is a custom field.
 */
export const columnTable = [
  { column: 'id', field: 'id', kind: 'text', required: true },
  { column: 'email', field: 'email', kind: 'text', required: true },
  { column: 'email_verified', field: 'emailVerified', kind: 'boolean' },
  { column: 'username', field: 'username', kind: 'text' },
  { column: 'name', field: 'name', kind: 'text' },
  { column: 'avatar_url', field: 'avatarUrl', kind: 'text' },
  { column: 'bio', field: 'bio', kind: 'text' },
  { column: 'website', field: 'website', kind: 'text' },
  { column: 'location', field: 'location', kind: 'text' },
  { column: 'title', field: 'title', kind: 'text' },
  { column: 'locale', field: 'locale', kind: 'text' },
  { column: 'admin', field: 'admin', kind: 'boolean', staff: true },
  { column: 'moderator', field: 'moderator', kind: 'boolean', staff: true },
  { column: 'suspended', field: 'suspended', kind: 'boolean' },
  { column: 'groups', field: 'groups', kind: 'names' },
  { column: 'badges', field: 'badges', kind: 'names' },
  { column: 'profile_url', field: 'profileUrl', kind: 'text' },
] as const satisfies readonly ColumnRow[];

const customPrefix = 'custom.';
const byName: ReadonlyMap<string, ColumnRow> = new Map(columnTable.map((row) => [fold(row.column), row]));

/** What a column of the file becomes. */
export type ColumnTarget =
  | { readonly kind: ColumnKind; readonly field: ColumnRow['field'] }
  | { readonly kind: 'custom'; readonly name: string }
  /** Not sent, and why. */
  | { readonly kind: 'ignored'; readonly reason: 'unknown' | 'staff' };

export interface ColumnRules {
  /** From the name of a column in the file to the name of ours: `--map mail=email`. */
  readonly map: ReadonlyMap<string, string>;
  readonly allowStaff: boolean;
}

/**
 * Reads `--map column=field` options.
 * @throws UsageError
 */
export function readColumnMap(options: readonly string[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  const problems: string[] = [];
  for (const option of options) {
    const equals = option.lastIndexOf('=');
    const [column, field] = [option.slice(0, Math.max(equals, 0)), option.slice(equals + 1)];
    if (equals < 1 || field === '') {
      problems.push(`--map ${option}: write it as column=field, such as mail=email.`);
    } else if (targetNamed(field) === undefined) {
      problems.push(`--map ${option}: there is no field "${field}". There are: ${fieldNames()}.`);
    } else if (map.has(column)) {
      problems.push(`--map names the column "${column}" twice.`);
    } else {
      map.set(column, field);
    }
  }
  if (problems.length > 0) throw new UsageError(problems);
  return map;
}

/** What becomes of a column of that name. */
export function targetOf(name: string, { map, allowStaff }: ColumnRules): ColumnTarget {
  const mapped = map.get(name);
  // Another column was named for this field: the one with the field's own name is left out.
  if (mapped === undefined && isTakenOver(name, map)) return { kind: 'ignored', reason: 'unknown' };
  const target = targetNamed(mapped ?? name);
  if (target === undefined) return { kind: 'ignored', reason: 'unknown' };
  if ('name' in target) return { kind: 'custom', name: target.name };
  if (target.staff === true && !allowStaff) return { kind: 'ignored', reason: 'staff' };
  return { kind: target.kind, field: target.field };
}

/** What becomes of each column of a header. */
export interface Header {
  readonly names: readonly string[];
  readonly targets: readonly ColumnTarget[];
}

/**
 * Reads the header of a CSV file.
 * @throws UsageError when a column is missing or two are the same
 */
export function readHeader(names: readonly string[], rules: ColumnRules): Header {
  const trimmed = names.map((name) => name.trim());
  const targets = trimmed.map((name) => targetOf(name, rules));
  const problems: string[] = [];
  for (const column of rules.map.keys()) {
    if (!trimmed.includes(column))
      problems.push(`--map names the column "${column}", which the file does not have.`);
  }
  const seen = new Map<string, string>();
  for (const [index, target] of targets.entries()) {
    if (target.kind === 'ignored') continue;
    const key = target.kind === 'custom' ? customPrefix + target.name : target.field;
    const name = trimmed[index] ?? '';
    const other = seen.get(key);
    if (other !== undefined)
      problems.push(`The columns "${other}" and "${name}" are both for ${key}: map or remove one.`);
    seen.set(key, name);
  }
  for (const { column, field, ...row } of columnTable) {
    if ('required' in row && !seen.has(field)) {
      problems.push(
        `The file has no column "${column}": name the one that holds it by --map <column>=${column}.`,
      );
    }
  }
  if (problems.length > 0) throw new UsageError(problems);
  return { names: trimmed, targets };
}

function isTakenOver(name: string, map: ReadonlyMap<string, string>): boolean {
  for (const field of map.values()) if (fold(field) === fold(name)) return true;
  return false;
}

function targetNamed(name: string): ColumnRow | { readonly name: string } | undefined {
  if (name.startsWith(customPrefix)) {
    const custom = name.slice(customPrefix.length);
    return custom === '' || custom === '__proto__' ? undefined : { name: custom };
  }
  return byName.get(fold(name));
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, '');
}

function fieldNames(): string {
  return [...columnTable.map(({ column }) => column), 'custom.<name>'].join(', ');
}
