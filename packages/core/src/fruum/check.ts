import type { Delivery } from '../connector.js';
import { refusal } from '../errors.js';

/** How long Fruum may take, in milliseconds. */
const timeLimit = 10_000;

/**
 * Makes the check of a forum: whether Fruum answers and knows it. Nothing more can be asked: Fruum does not tell
 * which auth URL it has.
 */
export function checkFruum(
  fruumUrl: string,
  forumId: string,
  fetchPage: typeof fetch,
): () => Promise<Delivery> {
  const loader = `${fruumUrl.replace(/\/+$/, '')}/go/${encodeURIComponent(forumId)}`;
  return async () => {
    try {
      const response = await fetchPage(loader, {
        redirect: 'manual',
        signal: AbortSignal.timeout(timeLimit),
      });
      await response.body?.cancel();
      if (response.status === 200) {
        return { done: true, notes: ['Fruum knows the forum; which auth URL it has set cannot be asked.'] };
      }
      return {
        done: false,
        refusal: refusal(
          'ERR_FRUUM_UNREACHABLE',
          `Fruum answered ${response.status} where the forum's loader should be: check fruumUrl and forumId.`,
        ),
      };
    } catch (cause) {
      return {
        done: false,
        refusal: refusal('ERR_FRUUM_UNREACHABLE', 'Fruum does not answer: check fruumUrl.', cause),
        retryAfter: 30,
      };
    }
  };
}
