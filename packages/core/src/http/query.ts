import { type Refusal, refusal } from '../errors.js';

const repeated = Symbol('repeated');
const malformed = Symbol('malformed');

/** By the two digits of an escape: the ASCII character that it stands for. */
const asciiEscapes: ReadonlyMap<string, string> = new Map(
  Array.from({ length: 0x80 }, (_, code) => code).flatMap((code) => {
    const digits = code.toString(16).padStart(2, '0');
    const character = String.fromCharCode(code);
    return [
      [digits, character],
      [digits.toUpperCase(), character],
    ] as const;
  }),
);

/** A parsed query string. Parameters are judged when they are read: what we do not read may be anything. */
export type Query = ReadonlyMap<string, string | typeof repeated | typeof malformed>;

/** The query of a path with query, without the "?"; empty when there is none. */
export function queryOf(url: string): string {
  const start = url.indexOf('?');
  return start === -1 ? '' : url.slice(start + 1);
}

/**
 * Form-decodes a query string once (`+` is a space, `&` separates). Decoding twice, or with another rule than the
 * signer's, is the classic fault of this protocol, so adapters pass the query on as it was received.
 */
export function parseQuery(text: string): Query {
  const query = new Map<string, string | typeof repeated | typeof malformed>();
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf('&', start);
    if (end === -1) end = text.length;
    if (end > start) {
      const equals = text.indexOf('=', start);
      const nameEnd = equals === -1 || equals > end ? end : equals;
      const name = decode(text.slice(start, nameEnd));
      if (name !== malformed) {
        query.set(name, query.has(name) ? repeated : decode(text.slice(Math.min(nameEnd + 1, end), end)));
      }
    }
    start = end + 1;
  }
  return query;
}

/** One parameter: its text, undefined when absent, or a refusal when it stands twice or is badly encoded. */
export function readParameter(query: Query, name: string): string | undefined | Refusal {
  const value = query.get(name);
  if (value === repeated) {
    return refusal('ERR_PARAMETER_REPEATED', `The parameter "${name}" stands more than once in the query.`);
  }
  if (value === malformed) {
    return refusal('ERR_QUERY_MALFORMED', `The parameter "${name}" is not percent-encoded UTF-8.`);
  }
  return value;
}

function decode(text: string): string | typeof malformed {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  try {
    return decodeAscii(spaced) ?? decodeURIComponent(spaced);
  } catch {
    return malformed;
  }
}

/**
 * A text whose escapes, if any, are all of ASCII characters, as in most parameters: `decodeURIComponent` takes ten times
 * as long.
 * @returns null when it holds another escape, or a broken one
 */
function decodeAscii(text: string): string | null {
  let decoded = '';
  let start = 0;
  for (let at = text.indexOf('%'); at !== -1; at = text.indexOf('%', start)) {
    const character = asciiEscapes.get(text.slice(at + 1, at + 3));
    if (character === undefined) return null;
    decoded += text.slice(start, at) + character;
    start = at + 3;
  }
  return decoded + text.slice(start);
}
