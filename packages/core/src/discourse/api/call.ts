import { type ErrorCode, type Refusal, refusal } from '../../errors.js';
import { type OutgoingAnswer, type OutgoingRequest, sendRequest } from '../../http/outgoing.js';
import { readRetryAfter } from '../../http/retry-after.js';
import { isRecord, parseJson } from '../../json.js';

/** How the forum's API is reached. */
export interface DiscourseConnection {
  /** The forum's base URL without a slash at the end. */
  readonly forumUrl: string;
  readonly apiKey: string;
  /** The user name that the key acts as. */
  readonly apiUser: string;
  readonly fetch: typeof fetch;
  /** Milliseconds for one whole call. */
  readonly timeoutMs: number;
}

/** A refusal by the forum. */
export interface DiscourseRefusal extends Refusal {
  /** Seconds to wait before another try; absent when another try is of no use. */
  readonly retryAfter?: number;
}

const hints: Readonly<Record<'redirect' | 'tooLarge' | 'timeout' | 'unreachable', string>> = {
  redirect:
    'The forum answered with a redirect, which is not followed, so that the API key goes to no other host: set forumUrl to the final address.',
  tooLarge: "The forum's answer is larger than 1 MB.",
  timeout: 'The forum did not answer in time.',
  unreachable: 'The forum could not be reached: check forumUrl and the network.',
};

/**
 * One call of the forum's API. The key goes in headers alone. Statuses that mean the same for every call (key, rate
 * limit, maintenance) are told apart here; all others are the caller's to read.
 */
export async function callDiscourse(
  { forumUrl, apiKey, apiUser, fetch, timeoutMs }: DiscourseConnection,
  method: OutgoingRequest['method'],
  path: string,
  body?: { readonly type: string; readonly text: string },
): Promise<OutgoingAnswer | DiscourseRefusal> {
  const answer = await sendRequest(fetch, {
    method,
    url: forumUrl + path,
    headers: {
      Accept: 'application/json',
      'Api-Key': apiKey,
      'Api-Username': apiUser,
      'User-Agent': 'forum-sso',
      ...(body === undefined ? {} : { 'Content-Type': body.type }),
    },
    ...(body === undefined ? {} : { body: body.text }),
    timeoutMs,
  });
  if ('fault' in answer) {
    const transient = answer.fault === 'timeout' || answer.fault === 'unreachable';
    return {
      ...refusal(
        transient ? 'ERR_DISCOURSE_UNAVAILABLE' : 'ERR_DISCOURSE_ADDRESS_WRONG',
        hints[answer.fault],
        answer.cause,
      ),
      ...(transient ? { retryAfter: 0 } : {}),
    };
  }
  return generalRefusal(answer) ?? answer;
}

function generalRefusal(answer: OutgoingAnswer): DiscourseRefusal | null {
  const { status } = answer;
  if (status === 429) {
    return {
      ...refusal('ERR_DISCOURSE_RATE_LIMITED', 'The forum asks to slow down.'),
      retryAfter: waitSeconds(answer),
    };
  }
  if (status === 403 && errorType(answer) === 'invalid_access') {
    return refusal(
      'ERR_DISCOURSE_KEY_REFUSED',
      'The forum refused the API key: it is wrong or revoked, belongs to another user, lacks the scope for this call, or may not be used from this address.',
    );
  }
  if (status >= 500) {
    const detail =
      status === 503
        ? 'The forum is read-only or under maintenance.'
        : `The forum answered with status ${status}.`;
    return {
      ...refusal('ERR_DISCOURSE_UNAVAILABLE', detail),
      retryAfter: readRetryAfter(answer.headers) ?? 0,
    };
  }
  return null;
}

/** Seconds to wait when the forum asks to slow down and does not say how long. */
const usualWait = 60;
const longestWait = 86_400;

/** Seconds to wait: the body's own number first, then the header; both may be missing, and the body need not be JSON. */
function waitSeconds({ text, headers }: OutgoingAnswer): number {
  const body = parseJson(text);
  const { wait_seconds: seconds } = isRecord(body) && isRecord(body.extras) ? body.extras : {};
  return typeof seconds === 'number' && seconds >= 0
    ? Math.min(Math.ceil(seconds), longestWait)
    : (readRetryAfter(headers) ?? usualWait);
}

function errorType({ text }: OutgoingAnswer): string | undefined {
  const body = parseJson(text);
  return isRecord(body) && typeof body.error_type === 'string' ? body.error_type : undefined;
}

/** An answer that fits none of the documented ones. */
export function unexpected(
  answer: OutgoingAnswer,
  code: ErrorCode = 'ERR_DISCOURSE_REPLY_UNEXPECTED',
): DiscourseRefusal {
  return refusal(
    code,
    `The forum answered with status ${answer.status}, in a way that this call does not know.`,
  );
}
