/** The parts of a URI reference that Discourse looks at. */
export interface UriParts {
  readonly scheme: string | null;
  /** Null when there is no authority, as in a path or in `mailto:`. */
  readonly host: string | null;
  readonly path: string;
  /** With its question mark; empty when there is none. */
  readonly query: string;
}

const uri =
  /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/(?:[^/?#@[\]]*@)?(\[[0-9a-f:.]+\]|[^/?#@:[\]]*)(?::\d*)?)?(\/[^?#]*|[^/?#][^?#]*)?(\?[^#]*)?(#.*)?$/i;

/**
 * Splits a URI reference as Ruby's `URI()` does (RFC 3986, ASCII only). Null where Ruby raises
 * `URI::InvalidURIError`: spaces, other letters than ASCII, broken percent escapes, `"<>\^` and the like.
 */
export function parseUri(text: string): UriParts | null {
  if (!/^[\w.~:/?#[\]@!$&'()*+,;=%-]*$/.test(text) || /%(?![0-9a-f]{2})/i.test(text)) return null;
  const parts = uri.exec(text);
  if (parts === null || /[[\]]/.test(`${parts[3] ?? ''}${parts[4] ?? ''}${parts[5] ?? ''}`)) return null;
  return {
    scheme: parts[1]?.toLowerCase() ?? null,
    host: parts[2]?.replace(/^\[|\]$/g, '') ?? null,
    path: parts[3] ?? '',
    query: parts[4] ?? '',
  };
}
