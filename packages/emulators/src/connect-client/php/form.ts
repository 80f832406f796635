/** PHP's `urlencode`: letters, digits, `-`, `_` and `.` stay, a blank becomes `+`. */
function urlEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/** PHP's `rawurldecode`: what is no percent escape stays as it is. */
export function rawUrlDecode(text: string): string {
  if (!text.includes('%')) return text;
  const bytes = Buffer.from(text, 'utf8');
  const decoded: number[] = [];
  for (let i = 0; i < bytes.length; i++) {
    const digits = bytes.subarray(i + 1, i + 3).toString('latin1');
    if (bytes[i] === 0x25 && /^[0-9a-f]{2}$/i.test(digits)) {
      decoded.push(Number.parseInt(digits, 16));
      i += 2;
    } else decoded.push(bytes[i] ?? 0);
  }
  return Buffer.from(decoded).toString('utf8');
}

/** PHP's `urldecode`. */
export function urlDecode(text: string): string {
  return rawUrlDecode(text.replaceAll('+', ' '));
}

/** PHP's `http_build_query`: what is null is left out. */
export function buildQuery(fields: Readonly<Record<string, string | null>>): string {
  return Object.entries(fields)
    .flatMap(([name, value]) => (value === null ? [] : [`${urlEncode(name)}=${urlEncode(value)}`]))
    .join('&');
}

/**
 * PHP's `parse_str`, and what it makes of an address's query: the last of several wins, and dots and blanks in names
 * become `_`. A name with brackets would be a list; it is given as null, which fits nowhere.
 */
export function parseQuery(text: string): ReadonlyMap<string, string | null> {
  const fields = new Map<string, string | null>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const name = urlDecode(at === -1 ? pair : pair.slice(0, at));
    const bracket = name.indexOf('[');
    const plain = (bracket > 0 ? name.slice(0, bracket) : name).replace(/^ +/, '').replace(/[. ]/g, '_');
    if (plain !== '') fields.set(plain, bracket > 0 ? null : at === -1 ? '' : urlDecode(pair.slice(at + 1)));
  }
  return fields;
}

/** The query of a request's target, read as PHP reads it. */
export function queryOf(target: string): ReadonlyMap<string, string | null> {
  const at = target.indexOf('?');
  return parseQuery(at === -1 ? '' : target.slice(at + 1));
}
