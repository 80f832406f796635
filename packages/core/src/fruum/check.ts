import type { Delivery } from '../connector.js';
import { refusal } from '../errors.js';
import { sendRequest } from '../http/outgoing.js';

/**
 * Makes the check of a forum: whether Fruum answers and knows it. Nothing more can be asked: Fruum does not tell
 * which auth URL it has.
 */
export function checkFruum(fruumUrl: string, forumId: string, send: typeof fetch): () => Promise<Delivery> {
  const url = `${fruumUrl.replace(/\/+$/, '')}/go/${encodeURIComponent(forumId)}`;
  return async () => {
    const answer = await sendRequest(send, { method: 'GET', url, headers: {}, timeoutMs: 10_000 });
    if ('fault' in answer) {
      return {
        done: false,
        refusal: refusal(
          'ERR_FRUUM_UNREACHABLE',
          `Fruum's loader cannot be read (${answer.fault}): check fruumUrl.`,
          answer.cause,
        ),
        retryAfter: 0,
      };
    }
    if (answer.status !== 200) {
      return {
        done: false,
        refusal: refusal(
          'ERR_FRUUM_UNREACHABLE',
          `Fruum answered ${answer.status} where the forum's loader should be: check fruumUrl and forumId.`,
        ),
      };
    }
    return { done: true, notes: ['Fruum knows the forum; which auth URL it has set cannot be asked.'] };
  };
}
