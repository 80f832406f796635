import { isRefusal, type Refusal, refusal } from '../../errors.js';
import { isRecord } from '../claims.js';
import { type CoralFault, coralRefusal, plainWord } from './coral-codes.js';

/** Largest answer that is read, in bytes. */
const answerLimit = 1_048_576;

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
 * One request to Coral's GraphQL. The token travels in its header alone; redirects are errors, since a redirected request
 * would carry the token to another host; so are answers that are too late or too large.
 *
 * @param token undefined: as nobody
 * @returns Coral's answer, or a refusal when there was none
 */
export async function callCoral(
  { origin, fetch: send, timeoutMs }: CoralConnection,
  operation: GraphqlOperation,
  token: string | undefined,
): Promise<GraphqlAnswer | Refusal> {
  try {
    const response = await send(`${origin}/api/graphql`, {
      method: 'POST',
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/json',
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(operation),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status === 0 || (response.status >= 300 && response.status < 400)) {
      await response.body?.cancel();
      return refusal(
        'ERR_CORAL_REDIRECTED',
        'Coral answered with a redirect, which is not followed, so that the token goes to no other host. Set coralUrl (CORAL_URL) to the final address.',
      );
    }
    const text = await readLimited(response);
    return isRefusal(text) ? text : readAnswer(text, response.status);
  } catch (cause) {
    return cause instanceof Error && cause.name === 'TimeoutError'
      ? refusal('ERR_CORAL_TIMEOUT', `Coral did not answer within ${timeoutMs} ms.`)
      : refusal(
          'ERR_CORAL_UNREACHABLE',
          'Coral could not be reached; check coralUrl (CORAL_URL) and the network.',
          cause,
        );
  }
}

async function readLimited(response: Response): Promise<string | Refusal> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    if (!(chunk instanceof Uint8Array)) break;
    length += chunk.length;
    if (length > answerLimit) {
      return refusal('ERR_CORAL_ANSWER_TOO_LARGE', `Coral's answer is larger than ${answerLimit} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Coral has two envelopes for errors: `{error}` when it does not get as far as GraphQL, and `{errors: []}` of GraphQL. */
function readAnswer(text: string, status: number): GraphqlAnswer | Refusal {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    content = undefined;
  }
  if (isRecord(content)) {
    const { error, errors, data } = content;
    if (isRecord(error)) return faultAnswer(error, status);
    if (Array.isArray(errors) && errors.length > 0) {
      const first: unknown = errors[0];
      return faultAnswer(isRecord(first) && isRecord(first.extensions) ? first.extensions : {}, status);
    }
    if (isRecord(data)) return { data };
  }
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
