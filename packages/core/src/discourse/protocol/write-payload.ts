import { hasControlCharacter } from '../../control-characters.js';
import { isRefusal, type Refusal, refusal } from '../../errors.js';
import { isRecord } from '../../json.js';
import { customPrefix, type DiscourseFields, type Field, fieldTable } from './fields.js';
import { FormWriter } from './form-encoding.js';

interface Row {
  readonly field: Field;
  /** Its place in the table. */
  readonly index: number;
}

const groupName = /^[^\s@,\p{Cc}](?:[^,\p{Cc}]*[^\s,\p{Cc}])?$/u;
const halfCharacter = 'holds half of a surrogate pair, such as an emoji cut in two';

const rows: readonly Row[] = fieldTable.map((field, index) => ({ field, index }));
const rowsByName: ReadonlyMap<string, Row> = new Map(rows.map((row) => [row.field.name, row]));

/**
 * Writes the payload of a message, byte for byte as Discourse would.
 * @returns standard base64 of the form-encoded fields, or a refusal `ERR_SSO_FIELD_UNUSABLE` that names the field and
 * never its value
 */
export function writePayload(fields: DiscourseFields): string | Refusal {
  if (!isRecord(fields)) return unusable('The fields', 'must be an object');
  // In the order of the table, whatever order they are given in.
  const texts: (string | undefined)[] = new Array(fieldTable.length);
  for (const name in fields) {
    // Nothing that a polluted prototype adds may be signed.
    if (!Object.hasOwn(fields, name)) continue;
    const value: unknown = fields[name];
    if (name === 'custom') continue;
    const row = rowsByName.get(name);
    if (row === undefined) return unknownField(name);
    if (value === undefined) continue;
    const text = textOf(row.field, value);
    if (isRefusal(text)) return text;
    texts[row.index] = text;
  }
  const custom = Object.hasOwn(fields, 'custom') ? customPairs(fields.custom) : [];
  if (isRefusal(custom)) return custom;

  const payload = new FormWriter();
  for (const { field, index } of rows) {
    const text = texts[index];
    if (text !== undefined && !payload.add(field.wire, text)) return unusable(field.name, halfCharacter);
  }
  for (const [name, value] of custom) {
    if (!payload.add(customPrefix + name, value)) return unusable('custom', halfCharacter);
  }
  return payload.toBase64();
}

/**
 * True for a group name that Discourse reads as it was meant: not empty, without comma, control character, `@` at the
 * start or blank at either end.
 */
export function isGroupName(name: string): boolean {
  return groupName.test(name);
}

/** A field's value as it stands on the wire, before the form encoding. */
function textOf(field: Field, value: unknown): string | Refusal {
  switch (field.kind) {
    case 'string':
      return typeof value === 'string' ? value : unusable(field.name, 'must be a text or absent');
    case 'boolean':
      return typeof value === 'boolean'
        ? String(value)
        : unusable(field.name, 'must be true, false or absent');
    case 'list':
      return Array.isArray(value)
        ? joinNames(field.name, value)
        : unusable(field.name, 'must be a list of names or absent');
  }
}

function joinNames(field: string, names: readonly unknown[]): string | Refusal {
  for (const name of names) {
    if (typeof name !== 'string' || !isGroupName(name)) {
      return unusable(
        field,
        'holds a name that Discourse would misread: names are not empty, have no comma, no control character, no "@" at the start and no blank at either end',
      );
    }
  }
  return names.join(',');
}

function customPairs(custom: unknown): readonly (readonly [name: string, value: string])[] | Refusal {
  if (custom === undefined) return [];
  if (typeof custom !== 'object' || custom === null || Array.isArray(custom)) {
    return unusable('custom', 'must be an object of texts or absent');
  }
  const pairs: [string, string][] = [];
  for (const [name, value] of Object.entries(custom)) {
    if (value === undefined) continue;
    if (typeof value !== 'string') return unusable('custom', 'holds a value that is not a text');
    if (name === '' || hasControlCharacter(name)) {
      return unusable('custom', 'holds a name that is empty or has a control character');
    }
    pairs.push([name, value]);
  }
  return pairs;
}

function unknownField(name: string): Refusal {
  const what = /^\w{1,40}$/.test(name) ? `"${name}"` : 'One of the names';
  return unusable(what, 'is not a field of a message: they are written like "externalId"');
}

function unusable(what: string, fault: string): Refusal {
  return refusal('ERR_SSO_FIELD_UNUSABLE', `${what} ${fault}.`);
}
