import { type Refusal, refusal } from '../../errors.js';
import { answerLimit, type OutgoingAnswer, type OutgoingFault, sendRequest } from '../../http/outgoing.js';
import { isRecord, parseJson } from '../../json.js';
import { type CoralFault, coralRefusal, plainWord } from './coral-codes.js';

/** How Coral is reached. */
export interface CoralConnection {
  /** `https://comments.example.com`, without a slash at the end. */
  readonly origin: string;
  readonly fetch: typeof fetch;
  /** Milliseconds for a whole exchange. */
  readonly timeoutMs: number;
}

/** A query or mutation with its variables. */
export interface GraphqlOperation {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** What Coral answered: the `data` of a success, or its error with our reading of it. */
export type GraphqlAnswer =
  | { readonly data: Readonly<Record<string, unknown>> }
  | { readonly fault: CoralFault; readonly refusal: Refusal };

/**
 * One request to Coral's GraphQL. The token travels in its header alone; redirects are errors, since a
 * redirected request would carry the token to another host; so are answers that are too late or too large.
 *
 * @param token undefined: as nobody
 * @returns Coral's answer, or a refusal when there was none
 */
export async function callCoral(
  { origin, fetch: send, timeoutMs }: CoralConnection,
  operation: GraphqlOperation,
  token: string | undefined,
): Promise<GraphqlAnswer | Refusal> {
  const answer = await sendRequest(send, {
    method: 'POST',
    url: `${origin}/api/graphql`,
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(operation),
    timeoutMs,
  });
  return 'fault' in answer ? noAnswer(answer, timeoutMs) : readAnswer(answer);
}

function noAnswer({ fault, cause }: OutgoingFault, timeoutMs: number): Refusal {
  switch (fault) {
    case 'redirect':
      return refusal(
        'ERR_CORAL_REDIRECTED',
        'Coral answered with a redirect, which is not followed, so that the token goes to no other host. Set coralUrl (CORAL_URL) to the final address.',
      );
    case 'tooLarge':
      return refusal('ERR_CORAL_ANSWER_TOO_LARGE', `Coral's answer is larger than ${answerLimit} bytes.`);
    case 'timeout':
      return refusal('ERR_CORAL_TIMEOUT', `Coral did not answer within ${timeoutMs} ms.`);
    case 'unreachable':
      return refusal(
        'ERR_CORAL_UNREACHABLE',
        'Coral could not be reached; check coralUrl (CORAL_URL) and the network.',
        cause,
      );
  }
}

/**
 * Coral has two envelopes for errors: `{error}` when it does not get as far as GraphQL, and `{errors: []}` of
 * GraphQL.
 */
function readAnswer({ text, status }: OutgoingAnswer): GraphqlAnswer | Refusal {
  const content = parseJson(text);
  if (isRecord(content)) {
    const { error, errors, data } = content;
    if (isRecord(error)) return faultAnswer(error, status);
    if (Array.isArray(errors) && errors.length > 0) {
      const first: unknown = errors[0];
      return faultAnswer(isRecord(first) && isRecord(first.extensions) ? first.extensions : {}, status);
    }
    if (isRecord(data)) return { data };
  }
  if (status === 429)
    return refusal('ERR_CORAL_RATE_LIMITED', 'What stands in front of Coral asks to slow down.');
  if (status >= 500)
    return refusal('ERR_CORAL_UNREACHABLE', `What stands in front of Coral answered with HTTP ${status}.`);
  return refusal(
    'ERR_CORAL_ANSWER_MALFORMED',
    `What answered at this address (HTTP ${status}) is not Coral's API. Check coralUrl (CORAL_URL).`,
  );
}

function faultAnswer(error: Readonly<Record<string, unknown>>, status: number): GraphqlAnswer {
  const trace = plainWord(error.traceID);
  const fault = { code: plainWord(error.code), traceId: trace === '' ? undefined : trace, status };
  return { fault, refusal: coralRefusal(fault) };
}
