const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses JSON from outside.
 * @param json text, or bytes in UTF-8
 * @returns the value; undefined, which no JSON stands for, when it is no JSON or the bytes are no UTF-8
 */
export function parseJson(json: string | Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(typeof json === 'string' ? json : utf8.decode(json));
    return value;
  } catch {
    return undefined;
  }
}

/** True for an object with names: not null, not a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
