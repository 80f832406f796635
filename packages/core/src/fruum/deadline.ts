import type { Refusal } from '../errors.js';

/**
 * Waits for a piece of work, but no longer than the deadline: Fruum itself has none, and a visitor waits as long as we
 * do. The work is not stopped; what it yields later is dropped.
 *
 * @param seconds from now
 * @param late the result when the time is over
 */
export async function withinDeadline<T>(
  seconds: number,
  work: () => Promise<T>,
  late: Refusal,
): Promise<T | Refusal> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<Refusal>((resolve) => {
    timer = setTimeout(() => resolve(late), seconds * 1_000);
  });
  try {
    return await Promise.race([work(), end]);
  } finally {
    clearTimeout(timer);
  }
}
