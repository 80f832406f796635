import { type ErrorCode, refusal } from '../errors.js';
import { readErrorAnswer, type TalkyardRefusal } from './error-body.js';

/** Largest answer that is read, in bytes. */
const answerLimit = 1_000_000;

/** How Talkyard is reached. */
export interface TalkyardConnection {
  /** `https://forum.example.com`, without a slash at the end. */
  readonly origin: string;
  /** Undefined for requests without a key. */
  readonly apiSecret: string | undefined;
  readonly fetch: typeof fetch;
  /** Milliseconds for the whole exchange. */
  readonly timeoutMs: number;
}

/** The successful answer's text, or what went wrong. */
export type TalkyardAnswer = { readonly text: string } | TalkyardRefusal;

/**
 * One request to Talkyard. Redirects are errors, since a redirected request would carry the key to another host; so are
 * answers that are too late or too large. The other side's text never gets into an error, only its codes.
 */
export async function callTalkyard(
  connection: TalkyardConnection,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<TalkyardAnswer> {
  try {
    const response = await connection.fetch(connection.origin + path, {
      method,
      headers: {
        Accept: 'application/json, text/plain',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...authorization(connection.apiSecret),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(connection.timeoutMs),
    });
    if (response.status === 0 || (response.status >= 300 && response.status < 400)) {
      await response.body?.cancel();
      return failure(
        'ERR_TALKYARD_ADDRESS_WRONG',
        'Talkyard answered with a redirect, which is not followed, so that the API secret goes to no other host. Set serverUrl to the final address.',
        { httpStatus: response.status },
      );
    }
    const text = await readLimited(response);
    if (text === undefined) {
      return failure(
        'ERR_TALKYARD_REPLY_UNEXPECTED',
        `Talkyard's answer is larger than ${answerLimit} bytes.`,
        {
          httpStatus: response.status,
        },
      );
    }
    return response.ok
      ? { text }
      : readErrorAnswer(response.status, text, response.headers.get('x-error-code'));
  } catch (cause) {
    const late = isTimeout(cause);
    return failure(
      'ERR_TALKYARD_UNAVAILABLE',
      late
        ? `Talkyard did not answer within ${connection.timeoutMs} ms.`
        : 'Talkyard could not be reached; check serverUrl and the network.',
      { cause, retryAfter: 30 },
    );
  }
}

/** A failure that Talkyard did not put into words itself. */
export function failure(
  code: ErrorCode,
  detail: string,
  { httpStatus, retryAfter, cause }: { httpStatus?: number; retryAfter?: number; cause?: unknown } = {},
): TalkyardRefusal {
  return { ...refusal(code, detail, cause), httpStatus, talkyardCodes: [], retryAfter };
}

function isTimeout(cause: unknown): boolean {
  return typeof cause === 'object' && cause !== null && 'name' in cause && cause.name === 'TimeoutError';
}

// User 2 is Sysbot, the API user.
function authorization(apiSecret: string | undefined): Record<string, string> {
  if (apiSecret === undefined) return {};
  return { Authorization: `Basic ${Buffer.from(`tyid=2:${apiSecret}`, 'latin1').toString('base64')}` };
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
