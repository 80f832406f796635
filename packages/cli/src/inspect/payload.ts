import { customPrefix, fieldTable } from '@forum-sso/core/discourse/message';

import { type Finding, type InspectedField, odd, wrong } from './finding.js';

/** What a message is for, as far as its fields and address say. */
export type MessageKind = 'loginRequest' | 'loginAnswer' | 'push' | 'providerRequest' | 'providerAnswer';

/** A payload as it stands, with remarks on what a forum or client would make of it. */
export interface ReadPayload {
  readonly fields: readonly InspectedField[];
  readonly findings: readonly Finding[];
  readonly values: ReadonlyMap<string, string>;
}

type Field = (typeof fieldTable)[number];

const byName: ReadonlyMap<string, Field> = new Map(fieldTable.map((field) => [field.wire, field]));

/** Names that people take for fields. */
const meant: Readonly<Record<string, string>> = {
  about_me: 'bio',
  user_id: 'external_id',
  id: 'external_id',
  user_name: 'username',
  full_name: 'name',
  avatar: 'avatar_url',
  return_url: 'return_sso_url',
  'groups[]': 'groups, one text with commas',
  'add_groups[]': 'add_groups, one text with commas',
  'remove_groups[]': 'remove_groups, one text with commas',
};

/** Ids that Discourse refuses, and such as only a fault in the site's code makes. */
const impossibleIds = new Set(['', 'none', 'nil', 'blank', 'null', 'undefined', 'nan', '[object object]']);

/**
 * Reads a payload (the text inside the base64) pair by pair.
 * @param kindOf what the message is for, once its values are known
 */
export function readPayload(
  bytes: Uint8Array,
  kindOf: (values: ReadonlyMap<string, string>) => MessageKind | null,
): ReadPayload & { readonly kind: MessageKind | null } {
  const findings: Finding[] = [];
  const text = Buffer.from(bytes).toString('utf8');
  if (text.includes('\ufffd')) findings.push(odd('The payload holds bytes that are not UTF-8.'));
  const pairs = text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => pair.trimStart())
    .map((pair) => readPair(pair, findings));
  const values = new Map<string, string>();
  for (const { name, value } of pairs) if (value !== null && !values.has(name)) values.set(name, value);
  const kind = kindOf(values);
  const seen = new Set<string>();
  const fields = pairs.map(({ name, value, raw }): InspectedField => {
    const remark = remarkOn(name, value, raw, kind, seen.has(name));
    seen.add(name);
    return remark === null ? [name, value ?? ''] : [name, value ?? '', remark];
  });
  findings.push(...overall(values, kind));
  return { fields, findings, values, kind };
}

interface Pair {
  readonly name: string;
  /** Null: there was no "=". */
  readonly value: string | null;
  readonly raw: string;
}

function readPair(pair: string, findings: Finding[]): Pair {
  const equals = pair.indexOf('=');
  const [name, value] = equals === -1 ? [pair, null] : [pair.slice(0, equals), pair.slice(equals + 1)];
  return {
    name: undo(name, findings),
    value: value === null ? null : undo(value, findings),
    raw: value ?? '',
  };
}

function undo(text: string, findings: Finding[]): string {
  const plain = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(plain);
  } catch {
    const fault =
      'The payload holds a "%" without two hex digits after it, or bytes that are not UTF-8: a forum answers with an error page. Write values percent-encoded.';
    if (!findings.some((finding) => finding.text === fault)) findings.push(wrong(fault));
    return plain;
  }
}

function remarkOn(
  name: string,
  value: string | null,
  raw: string,
  kind: MessageKind | null,
  repeated: boolean,
): string | null {
  if (value === null) {
    return 'has no "=": it is taken as absent; if it is the rest of a value with "&" in it, that value was not percent-encoded';
  }
  if (repeated) return 'stands more than once: a forum answers with an error page';
  if (name.startsWith(customPrefix))
    return name === customPrefix ? 'has no name behind the dot: it is dropped' : null;
  const field = byName.get(name);
  if (field === undefined) {
    const better = meant[name];
    return `is no field: it is dropped${better === undefined ? '' : `; meant is ${better}`}`;
  }
  if (field.kind === 'boolean' && value !== 'true' && value !== 'false') {
    return 'is neither the word true nor false: it is taken as absent';
  }
  if (kind !== null && !field.directions.some((direction) => direction === kind)) {
    return 'means nothing in this kind of message';
  }
  if (field.kind === 'list') return remarkOnNames(value);
  if (/%[\da-f]{2}/i.test(value)) return 'still holds percent escapes: it was encoded twice';
  if (name === 'email') return remarkOnEmail(value, raw);
  if (name === 'external_id' && impossibleIds.has(value.trim().toLowerCase())) return 'is refused as an id';
  return null;
}

function remarkOnNames(value: string): string | null {
  const names = value === '' ? [] : value.split(',');
  if (names.some((name) => name !== name.trim())) {
    return 'has blanks around its commas: they are taken as parts of the names, and such groups are not found';
  }
  return names.includes('') ? 'has an empty name between its commas' : null;
}

function remarkOnEmail(value: string, raw: string): string | null {
  if (value.includes(' ') && raw.includes('+')) {
    return 'a "+" that is not encoded as %2B is read as a blank';
  }
  return /^[^\s@]+@[^\s@]+$/.test(value) ? null : 'is no e-mail address';
}

function overall(values: ReadonlyMap<string, string>, kind: MessageKind | null): readonly Finding[] {
  const findings: Finding[] = [];
  const missing = (name: string, what: string): void => {
    if ((values.get(name) ?? '') === '') findings.push(wrong(`It has no ${name}: ${what}`));
  };
  if (kind === 'loginAnswer') {
    missing('nonce', "it must be the one of the forum's request.");
    missing('external_id', 'the forum answers with an error page.');
    missing('email', 'the forum cannot make an account.');
  }
  if (kind === 'push') missing('external_id', 'the forum refuses it.');
  if (kind === 'loginRequest' || kind === 'providerRequest') {
    missing('nonce', 'the answer could not be told from others.');
    missing('return_sso_url', 'nobody knows where to answer to.');
  }
  if ((kind === 'loginAnswer' || kind === 'push') && !values.has('require_activation')) {
    findings.push(
      odd(
        'require_activation is absent: the forum takes the address for verified, and gives an account with this address to this person.',
      ),
    );
  }
  return findings;
}
