/** Largest answer that is read, in bytes. */
export const answerLimit = 1_000_000;

/** One request of ours to another system. */
export interface OutgoingRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  /** Keys go here and nowhere else. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds for the whole exchange. */
  readonly timeoutMs: number;
}

/** An answer, whatever its status (redirects excepted). */
export interface OutgoingAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Why there is no answer that can be used. */
export interface OutgoingFault {
  /**
   * - `redirect`: not followed, since our key would go along to another host;
   * - `tooLarge`: more than {@link answerLimit} bytes;
   * - `timeout`, `unreachable`: nobody answered.
   */
  readonly fault: 'redirect' | 'tooLarge' | 'timeout' | 'unreachable';
  readonly cause?: unknown;
}

/** Sends a request and reads the whole answer. Never throws. */
export async function sendRequest(
  send: typeof fetch,
  { method, url, headers, body, timeoutMs }: OutgoingRequest,
): Promise<OutgoingAnswer | OutgoingFault> {
  // Not `AbortSignal.timeout`: nobody can end it, so each call would leave it behind until the next full collection.
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort(new DOMException('The call took too long.', 'TimeoutError'));
  }, timeoutMs);
  try {
    const response = await send(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
      signal: limit.signal,
    });
    if (response.status === 0 || (response.status >= 300 && response.status < 400)) {
      await response.body?.cancel();
      return { fault: 'redirect' };
    }
    const text = await readLimited(response);
    return text === undefined
      ? { fault: 'tooLarge' }
      : { status: response.status, headers: response.headers, text };
  } catch (cause) {
    return { fault: isTimeout(cause) ? 'timeout' : 'unreachable', cause };
  } finally {
    clearTimeout(timer);
  }
}

// Read by name: it is a DOMException, and may be one of another realm.
function isTimeout(cause: unknown): boolean {
  if (typeof cause !== 'object' || cause === null || !('name' in cause)) return false;
  return cause.name === 'TimeoutError' || cause.name === 'AbortError';
}

async function readLimited(response: Response): Promise<string | undefined> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    if (!(chunk instanceof Uint8Array)) return undefined;
    length += chunk.length;
    if (length > answerLimit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString('utf8');
}
