/** Request headers as frameworks have them. Node's own are lower-case; others may not be. */
export type HeadersLike = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/** One request, as an adapter gives it to `forumSso.handle` and `forumSso.visit`. */
export interface SsoRequest {
  /** Upper-case method, as received. */
  readonly method: string;
  /** Original path and query, not rewritten by a mount point: `/sso/discourse?sso=…&sig=…`. */
  readonly url: string;
  readonly headers: HeadersLike;
  /** The address of the socket's other end; undefined when it is not known. */
  readonly ip: string | undefined;
  /**
   * The raw bytes of the body, untouched by any parser.
   * @throws ForumSsoError `ERR_BODY_TOO_LARGE` over `limitBytes`; `ERR_BODY_UNREADABLE` when it breaks off;
   * `ERR_RAW_BODY_CONSUMED` when the application's parser was there first.
   */
  body(limitBytes: number): Promise<Uint8Array>;
}

/**
 * One header's value; repeated headers are joined with ", " as HTTP defines. `name` must be lower-case.
 * Undefined when absent.
 */
export function readHeader(headers: HeadersLike, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  let value = headers[name];
  if (value === undefined) {
    // Hand-made records keep the spelling of the wire ("X-Discourse-Event").
    for (const key in headers) {
      if (key.length === name.length && key.toLowerCase() === name) {
        value = headers[key];
        break;
      }
    }
  }
  return typeof value === 'string' || value === undefined ? value : value.join(', ');
}
