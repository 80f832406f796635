import { argumentError } from './errors.js';

/** Decoded text; bytes when it is not UTF-8, because Discourse keeps such text as it came. */
export type WireText = string | Uint8Array;

/** One key's value: a list when the key was repeated, null when it stood there without `=`. */
export type FormValue = WireText | null | readonly (WireText | null)[];

/** Rack 2 splits pairs on `;` too; Rack 3 does not. */
export type RackVersion = 2 | 3;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const brokenEscape = /%(?![0-9a-f]{2})/i;

/**
 * Reads an `application/x-www-form-urlencoded` text as Rack does. `bytes` is the text before any decoding.
 * @throws DiscourseError `ArgumentError` on a broken percent escape
 */
export function decodeForm(bytes: Uint8Array, rack: RackVersion): Map<string, FormValue> {
  // One character per byte: splitting and percent-decoding are about bytes, and only the result is text.
  const binary = Buffer.from(bytes).toString('latin1');
  const values = new Map<string, FormValue>();
  for (const pair of binary.split(rack === 2 ? /[&;] */ : /& */)) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const key = asText(unescapeBytes(at < 0 ? pair : pair.slice(0, at)));
    // No field has a name that is not text.
    if (typeof key !== 'string') continue;
    const value = at < 0 ? null : asText(unescapeBytes(pair.slice(at + 1)));
    const before = values.get(key);
    if (before === undefined || before === null) values.set(key, value);
    else if (isList(before)) values.set(key, [...before, value]);
    else values.set(key, [before, value]);
  }
  return values;
}

/** The same for a query string as it stands in a URL. */
export function decodeQuery(query: string, rack: RackVersion): Map<string, FormValue> {
  return decodeForm(Buffer.from(query, 'utf8'), rack);
}

/** Tells a repeated key's list from text. */
export function isList(value: FormValue | undefined): value is readonly (WireText | null)[] {
  return Array.isArray(value);
}

/**
 * The text of a parameter as Rails has it: the last one when it was repeated. Undefined when it is absent, null without
 * `=`; bytes that are no text are shown as Latin-1.
 */
export function lastText(value: FormValue | undefined): string | null | undefined {
  const last = isList(value) ? value.at(-1) : value;
  return last instanceof Uint8Array ? Buffer.from(last).toString('latin1') : last;
}

const bare = new Set(
  Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-._', 'latin1'),
);

/** Form encoding of one name or value: space is `+`, all but `A-Z a-z 0-9 * - . _` is percent-encoded UTF-8. */
function escapeForm(text: WireText): string {
  let escaped = '';
  for (const byte of Buffer.from(text)) {
    if (bare.has(byte)) escaped += String.fromCharCode(byte);
    else if (byte === 0x20) escaped += '+';
    else escaped += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}

/** Writes pairs as Rack does: a list becomes a repeated key. */
export function encodeForm(pairs: Iterable<readonly [key: string, value: FormValue]>): string {
  const written: string[] = [];
  for (const [key, value] of pairs) {
    for (const single of isList(value) ? value : [value]) {
      written.push(single === null ? escapeForm(key) : `${escapeForm(key)}=${escapeForm(single)}`);
    }
  }
  return written.join('&');
}

function unescapeBytes(binary: string): Buffer {
  if (brokenEscape.test(binary)) throw argumentError('A percent escape is broken.');
  const plain = binary.replace(/\+|%[0-9a-f]{2}/gi, (code) =>
    code === '+' ? ' ' : String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  );
  return Buffer.from(plain, 'latin1');
}

function asText(bytes: Uint8Array): WireText {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return bytes;
  }
}
