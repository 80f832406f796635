import { type ErrorCode, refusal } from '../errors.js';
import { answerLimit, type OutgoingFault, sendRequest } from '../http/outgoing.js';
import { readErrorAnswer, type TalkyardRefusal } from './error-body.js';

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
  { origin, apiSecret, fetch: send, timeoutMs }: TalkyardConnection,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<TalkyardAnswer> {
  const answer = await sendRequest(send, {
    method,
    url: origin + path,
    headers: {
      Accept: 'application/json, text/plain',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...authorization(apiSecret),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    timeoutMs,
  });
  if ('fault' in answer) return noAnswer(answer, timeoutMs);
  const { status, headers, text } = answer;
  return status >= 200 && status < 300
    ? { text }
    : readErrorAnswer(status, text, headers.get('x-error-code'));
}

function noAnswer({ fault, cause }: OutgoingFault, timeoutMs: number): TalkyardRefusal {
  switch (fault) {
    case 'redirect':
      return failure(
        'ERR_TALKYARD_ADDRESS_WRONG',
        'Talkyard answered with a redirect, which is not followed, so that the API secret goes to no other host. Set serverUrl to the final address.',
      );
    case 'tooLarge':
      return failure(
        'ERR_TALKYARD_REPLY_UNEXPECTED',
        `Talkyard's answer is larger than ${answerLimit} bytes.`,
      );
    case 'timeout':
      return failure('ERR_TALKYARD_UNAVAILABLE', `Talkyard did not answer within ${timeoutMs} ms.`, {
        cause,
        retryAfter: 0,
      });
    case 'unreachable':
      return failure(
        'ERR_TALKYARD_UNAVAILABLE',
        'Talkyard could not be reached; check serverUrl and the network.',
        { cause, retryAfter: 0 },
      );
  }
}

/** A failure that Talkyard did not put into words itself. */
export function failure(
  code: ErrorCode,
  detail: string,
  { retryAfter, cause }: { readonly retryAfter?: number; readonly cause?: unknown } = {},
): TalkyardRefusal {
  return { ...refusal(code, detail, cause), httpStatus: undefined, talkyardCodes: [], retryAfter };
}

// User 2 is Sysbot, the API user.
function authorization(apiSecret: string | undefined): Record<string, string> {
  if (apiSecret === undefined) return {};
  return { Authorization: `Basic ${Buffer.from(`tyid=2:${apiSecret}`, 'latin1').toString('base64')}` };
}
