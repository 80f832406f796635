import { isRefusal, type Refusal, refusal } from '../../errors.js';
import { customPrefix, type DiscourseFields, type Field, fieldTable } from './fields.js';
import { type FormPair, readForm } from './form-encoding.js';

/** What a message may be at most when it is read. Writing has no limits: a push by POST may be longer. */
export const messageLimits = {
  /** Characters of `sso`. */
  sso: 8_192,
  /** Fields, unknown ones included. */
  fields: 64,
  customFields: 20,
  /** Bytes of UTF-8 of a custom field's name, and of its value. */
  customField: 1_024,
} as const;

const base64Text = /^[A-Za-z0-9+/=\r\n]*$/;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A field by its name on the wire, with one bit of its own, to see when it comes a second time. */
const fieldsByWireName: ReadonlyMap<string, { readonly field: Field; readonly bit: number }> = new Map(
  fieldTable.map((field, index) => [field.wire, { field, bit: 1 << index }]),
);

/**
 * Reads the payload of a message whose signature was right, as leniently as Discourse does: line breaks in the
 * base64, missing padding, unknown fields (dropped), names without a value and booleans other than the words `true`
 * and `false` (absent).
 * @param sso at most {@link messageLimits}`.sso` characters
 * @returns a refusal `ERR_SSO_PAYLOAD_MALFORMED`, `ERR_SSO_FIELD_REPEATED` or `ERR_SSO_MESSAGE_TOO_LARGE`
 */
export function readPayload(sso: string): DiscourseFields | Refusal {
  if (!base64Text.test(sso)) return malformed('"sso" holds characters that are not base64.');
  const padding = sso.indexOf('=');
  // What follows the first padding is lost, a last character on its own too: Discourse decodes so, and not every
  // runtime's Buffer.
  const payload = Buffer.from(padding === -1 ? sso : sso.slice(0, padding), 'base64');
  const pairs = readForm(payload, messageLimits.fields);
  if (pairs === 'too many pairs') return tooLarge(`more than ${messageLimits.fields} fields`);
  if (typeof pairs === 'string') return malformed(`The payload is not form-encoded: ${pairs}.`);

  const fields: Writable<DiscourseFields> = {};
  const customPairs: FormPair[] = [];
  let seen = 0;
  for (const pair of pairs) {
    const known = fieldsByWireName.get(pair.name);
    if (known !== undefined) {
      if ((seen & known.bit) !== 0) return repeated(known.field.wire);
      seen |= known.bit;
      if (pair.value !== null) readValue(fields, known.field, pair.value);
    } else if (isCustomName(pair.name)) {
      customPairs.push(pair);
    }
  }
  if (customPairs.length === 0) return fields;
  const custom = readCustom(customPairs);
  if (isRefusal(custom)) return custom;
  fields.custom = custom;
  return fields;
}

function readCustom(pairs: readonly FormPair[]): Record<string, string> | Refusal {
  const { customFields, customField } = messageLimits;
  if (pairs.length > customFields) return tooLarge(`more than ${customFields} custom fields`);
  const names = new Set<string>();
  // Without a prototype: `custom.__proto__` is a name like any other.
  const custom: Record<string, string> = Object.create(null);
  for (const { name: wireName, value } of pairs) {
    const name = wireName.slice(customPrefix.length);
    if (names.has(name)) return repeated('custom');
    names.add(name);
    if (value === null) continue;
    if (Buffer.byteLength(name) > customField || Buffer.byteLength(value) > customField) {
      return tooLarge(`a custom field of more than ${customField} bytes`);
    }
    custom[name] = value;
  }
  return custom;
}

function readValue(fields: Writable<DiscourseFields>, field: Field, value: string): void {
  switch (field.kind) {
    case 'string':
      fields[field.name] = value;
      break;
    case 'boolean':
      // Any other word is absent, not false.
      if (value === 'true') fields[field.name] = true;
      else if (value === 'false') fields[field.name] = false;
      break;
    case 'list':
      fields[field.name] = value === '' ? [] : value.split(',');
      break;
  }
}

function isCustomName(name: string): boolean {
  return name.startsWith(customPrefix) && name.length > customPrefix.length && !name.includes('\n');
}

function malformed(detail: string): Refusal {
  return refusal('ERR_SSO_PAYLOAD_MALFORMED', detail);
}

function repeated(name: string): Refusal {
  return refusal('ERR_SSO_FIELD_REPEATED', `The payload holds "${name}" more than once.`);
}

function tooLarge(what: string): Refusal {
  return refusal('ERR_SSO_MESSAGE_TOO_LARGE', `The payload holds ${what}.`);
}
