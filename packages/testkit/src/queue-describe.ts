import { describe, test } from '@jest/globals';

import type { OpenQueue } from './queue-case.js';
import { queueCases } from './queue-cases.js';

/** Puts a push queue through its contract, a test for each case. */
export function describeQueue(name: string, open: OpenQueue): void {
  describe(name, () => {
    for (const { name, run } of queueCases) test(name, () => run(open), 60_000);
  });
}
