import { type Refusal, refusal } from '../errors.js';

const repeated = Symbol('repeated');
const malformed = Symbol('malformed');

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
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return malformed;
  }
}
