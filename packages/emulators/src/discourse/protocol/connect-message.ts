import { createHmac } from 'node:crypto';

import { decodeBase64Leniently, encodeBase64 } from './base64.js';
import {
  argumentError,
  BlankSecretError,
  noMethodError,
  PayloadParseError,
  runtimeError,
  SignatureError,
} from './errors.js';
import { type ConnectFields, type ConnectMessage, fieldNames, isFlagName } from './fields.js';
import {
  decodeForm,
  decodeQuery,
  encodeForm,
  type FormValue,
  isList,
  type RackVersion,
  type WireText,
} from './form.js';

/** What may be given for a field when writing. Null and undefined are left out; all else is written as text. */
export type FieldInput = FormValue | string | number | boolean | undefined;

/** How Discourse changed over time, where it matters to a message. */
export interface ReadingRules {
  /** Default 2. */
  readonly rack?: RackVersion;
  /** Discourse since June 2026 refuses to sign or verify with an empty secret. Default false. */
  readonly refuseBlankSecret?: boolean;
}

/** Lower-case hex HMAC-SHA256 of the base64 text as it is sent. */
export function signPayload(sso: string, secret: string): string {
  return createHmac('sha256', secret).update(sso).digest('hex');
}

/** The payload before base64: fixed fields in Discourse's order, then custom ones in theirs. */
export function writePayload(
  fields: Readonly<Record<string, FieldInput>>,
  custom: Iterable<readonly [string, FieldInput]> = [],
): string {
  const pairs: [string, FormValue][] = [];
  for (const name of fieldNames) {
    const value = written(fields[name]);
    if (value !== null) pairs.push([name, value]);
  }
  for (const [name, value] of custom) pairs.push([`custom.${name}`, asRubyString(value)]);
  return encodeForm(pairs);
}

/** A signed message as query string: `sso=…&sig=…`. */
export function writeQuery(payload: string, secret: string): string {
  const sso = encodeBase64(payload);
  return `${encodeForm([['sso', sso]])}&sig=${signPayload(sso, secret)}`;
}

/** The message at the end of a URL. A fragment in `base` is not looked at, so that the query lands behind it. */
export function appendQuery(base: string, query: string): string {
  return `${base}${base.includes('?') ? '&' : '?'}${query}`;
}

/**
 * Reads and verifies the query string of a signed message, in Discourse's order: characters, base64, form encoding,
 * and only then the signature.
 * @param secret null when none is set
 * @throws PayloadParseError, SignatureError, BlankSecretError; DiscourseError with `className` `ArgumentError`
 * (broken percent escape), `NoMethodError` (`sso` missing or repeated), `RuntimeError` (no secret)
 */
export function parseMessage(query: string, secret: string | null, rules: ReadingRules = {}): ConnectMessage {
  const outer = decodeQuery(query, rules.rack ?? 2);
  return readSigned(outer.get('sso') ?? null, outer.get('sig') ?? null, secret, rules);
}

/** The same for `sso` and `sig` that the framework has decoded already. */
export function readSigned(
  sso: FormValue,
  sig: FormValue,
  secret: string | null,
  { rack = 2, refuseBlankSecret = false }: ReadingRules = {},
): ConnectMessage {
  const message = readUnverified(sso, rack);
  if (secret === null) throw runtimeError('No secret is set.');
  if (secret === '' && refuseBlankSecret) throw new BlankSecretError();
  // A plain comparison, as Discourse makes it: this server holds nobody's real account.
  if (typeof sso !== 'string' || sig !== signPayload(sso, secret)) throw new SignatureError();
  return message;
}

/** Reads `sso` without any signature: for the provider, which has to know the host before the secret, and for logs. */
export function readUnverified(sso: FormValue, rack: RackVersion = 2): ConnectMessage {
  if (sso === null || isList(sso))
    throw noMethodError('The sso value is missing or was sent more than once.');
  if (typeof sso !== 'string') throw argumentError('The sso value is not UTF-8.');
  if (/[^a-zA-Z0-9=\r\n/+]/.test(sso)) throw new PayloadParseError();
  return readFields(decodeForm(decodeBase64Leniently(sso), rack));
}

function readFields(values: ReadonlyMap<string, FormValue>): ConnectMessage {
  const fields: ConnectFields = {};
  for (const name of fieldNames) {
    const value = values.get(name) ?? null;
    if (value === null) continue;
    if (!isFlagName(name)) fields[name] = value;
    else if (value === 'true') fields[name] = true;
    else if (value === 'false') fields[name] = false;
  }
  const custom = new Map<string, FormValue>();
  for (const [key, value] of values) {
    const name = /^custom\.([^\n]+)$/.exec(key)?.[1];
    if (name !== undefined) custom.set(name, value);
  }
  return { fields, custom };
}

function written(value: FieldInput): FormValue {
  if (value === undefined) return null;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

/** A custom value becomes text whatever it was; a list gets the look that Ruby gives it. */
function asRubyString(value: FieldInput): WireText {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return `[${value.map((item) => (item === null ? 'nil' : JSON.stringify(String(item)))).join(', ')}]`;
}
