import { type SiteUser, siteUserSchema } from '@forum-sso/core';

import { type ColumnRules, type ColumnTarget, type Header, targetOf } from './columns.js';
import type { CellsRow, RecordRow } from './rows/row.js';

/** One thing that is wrong with a row. Never holds the value. */
export interface RowFault {
  /** The column as the file calls it; absent when it is about the whole row. */
  readonly column?: string;
  readonly fault: string;
}

/** A row as a person, or everything that is wrong with it. */
export type RowResult = { readonly user: SiteUser } | { readonly faults: readonly RowFault[] };

export interface RowRules extends ColumnRules {
  /** What counts where the file does not say whether an address is verified. */
  readonly emailsVerified: boolean;
}

/** A person in the making: fields by name, and from which column each came. */
interface Draft {
  readonly fields: Record<string, unknown>;
  readonly custom: Record<string, string>;
  readonly columns: Map<string, string>;
  readonly faults: RowFault[];
}

const words: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  '1': true,
  false: false,
  no: false,
  '0': false,
};

/** Most different keys of a JSONL file whose meaning is remembered. */
const rememberedKeys = 200;

/** Makes a reader of the rows of a CSV file. An empty cell says nothing; in a column of names it says "none". */
export function cellsReader(header: Header, rules: RowRules): (row: CellsRow) => RowResult {
  const { names, targets } = header;
  return ({ cells }) => {
    if (cells.length !== targets.length) {
      return { faults: [{ fault: `has ${cells.length} cells, and the header has ${targets.length}` }] };
    }
    const draft = newDraft();
    for (const [index, target] of targets.entries()) {
      const cell = cells[index] ?? '';
      if (target.kind === 'ignored') continue;
      if (cell.trim() === '' && target.kind !== 'names') continue;
      setField(draft, target, names[index] ?? '', cell);
    }
    return finish(draft, rules);
  };
}

/** Makes a reader of the objects of a JSONL file. `null` says nothing. */
export function recordReader(rules: RowRules, onIgnored: (key: string, target: ColumnTarget) => void) {
  const known = new Map<string, ColumnTarget>();
  const target = (key: string): ColumnTarget => {
    const found = known.get(key) ?? targetOf(key, rules);
    if (!known.has(key) && known.size < rememberedKeys) {
      known.set(key, found);
      if (found.kind === 'ignored' && key !== 'custom') onIgnored(key, found);
    }
    return found;
  };
  return ({ record }: RecordRow): RowResult => {
    const draft = newDraft();
    for (const [key, value] of Object.entries(record)) {
      if (value === null || value === undefined) continue;
      if (key === 'custom' && !rules.map.has(key)) setCustom(draft, value);
      else setField(draft, target(key), key, value);
    }
    return finish(draft, rules);
  };
}

function newDraft(): Draft {
  return { fields: {}, custom: Object.create(null), columns: new Map(), faults: [] };
}

function setField(draft: Draft, target: ColumnTarget, column: string, value: unknown): void {
  const fault = faultOf(draft, target, column, value);
  if (fault !== null) draft.faults.push({ column, fault });
}

/** Puts a value into the draft; null when it fits. */
function faultOf(draft: Draft, target: ColumnTarget, column: string, value: unknown): string | null {
  if (target.kind === 'ignored') return null;
  if (typeof value === 'string' && value.includes('\ufffd')) return 'holds bytes that are not UTF-8';
  if (target.kind === 'custom') {
    const text = textOf(value);
    if (text === undefined) return 'must be a text';
    draft.custom[target.name] = text;
    return null;
  }
  const other = draft.columns.get(target.field);
  if (other !== undefined) return `is for the same as "${other}"`;
  draft.columns.set(target.field, column);
  switch (target.kind) {
    case 'text':
      draft.fields[target.field] = textOf(value) ?? value;
      return null;
    case 'boolean': {
      const truth = typeof value === 'boolean' ? value : words[String(value).trim().toLowerCase()];
      if (truth === undefined) return 'must be true or false';
      draft.fields[target.field] = truth;
      return null;
    }
    case 'names':
      draft.fields[target.field] = typeof value === 'string' ? namesOf(value) : value;
      return null;
  }
}

function setCustom(draft: Draft, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    draft.faults.push({ column: 'custom', fault: 'must be an object of texts' });
    return;
  }
  for (const [name, entry] of Object.entries(value)) {
    if (entry === null || name === '__proto__') continue;
    setField(draft, { kind: 'custom', name }, `custom.${name}`, entry);
  }
}

/** Holds the draft against the schema of a site user. */
function finish({ fields, custom, columns, faults }: Draft, { emailsVerified }: RowRules): RowResult {
  fields.emailVerified ??= emailsVerified;
  const { id } = fields;
  if (typeof id === 'string' && id !== id.trim()) {
    faults.push({ column: columns.get('id') ?? 'id', fault: 'begins or ends with a blank' });
  }
  const customNames = Object.keys(custom).sort();
  if (customNames.length > 0) {
    fields.custom = Object.fromEntries(customNames.map((name) => [name, custom[name]]));
  }
  const result = siteUserSchema.safeParse(fields);
  if (result.success && faults.length === 0) return { user: result.data };
  const issues = result.success ? [] : result.error.issues;
  return {
    faults: [
      ...faults,
      ...issues.map(({ path, message }): RowFault => {
        const field = String(path[0] ?? '');
        const column = columns.get(field) ?? path.map(String).join('.');
        // A missing field has no column of its own.
        const fault = fields[field] === undefined ? 'is missing' : message;
        return column === '' ? { fault } : { column, fault };
      }),
    ],
  };
}

/** Ids are often numbers in JSON. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : undefined;
}

function namesOf(text: string): readonly string[] {
  return text.trim() === '' ? [] : text.split(',').map((name) => name.trim());
}
