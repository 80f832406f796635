/** One header of a reply. Names may repeat (`Set-Cookie`): an adapter appends, never overwrites. */
export type ReplyHeader = readonly [name: string, value: string];

/** What an adapter writes to the browser or caller, whole and unchanged. */
export interface SsoReply {
  readonly status: number;
  readonly headers: readonly ReplyHeader[];
  readonly body?: string | Uint8Array;
}

const noStore: ReplyHeader = ['Cache-Control', 'no-store'];
const noSniff: ReplyHeader = ['X-Content-Type-Options', 'nosniff'];
const noReferrer: ReplyHeader = ['Referrer-Policy', 'no-referrer'];

/** Every answer of ours: never kept by a cache, never guessed at. */
export const answerHeaders: readonly ReplyHeader[] = [noStore, noSniff];

/** A `302` to an address that was checked before; `no-referrer` keeps our query from the next server's log. */
export function redirectReply(location: string, headers: readonly ReplyHeader[] = []): SsoReply {
  return {
    status: 302,
    headers: [['Location', location], noStore, noSniff, noReferrer, ...headers],
  };
}

/** A JSON answer. */
export function jsonReply(status: number, value: unknown, headers: readonly ReplyHeader[] = []): SsoReply {
  return {
    status,
    headers: [['Content-Type', 'application/json; charset=utf-8'], ...answerHeaders, ...headers],
    body: JSON.stringify(value),
  };
}

/** The same reply with more headers at the end. */
export function withHeaders(reply: SsoReply, headers: readonly ReplyHeader[]): SsoReply {
  return headers.length === 0 ? reply : { ...reply, headers: [...reply.headers, ...headers] };
}
