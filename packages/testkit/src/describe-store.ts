import { strict as assert } from 'node:assert';

import { describe, test } from '@jest/globals';

import type { OpenStore, StoreCase } from './store-case.js';
import { claimCases } from './store-claims.js';
import { jobCases } from './store-jobs.js';
import { linkCases } from './store-links.js';
import { lockCases } from './store-locks.js';
import { numberCases } from './store-numbers.js';
import { peopleCases } from './store-people.js';
import { profileCases } from './store-profiles.js';
import { revocationCases } from './store-revocations.js';

/** The whole store contract, by part. */
export const storeCases = {
  oneTime: claimCases,
  revocations: revocationCases,
  links: linkCases,
  profiles: profileCases,
  locks: lockCases,
  numbers: numberCases,
  jobs: jobCases,
  people: peopleCases,
} as const satisfies Record<string, readonly StoreCase[]>;

/** The parts of the contract that a store may lack. */
export type OptionalPart = 'links' | 'profiles' | 'locks' | 'numbers' | 'jobs' | 'people';

/**
 * Puts a store through the contract, a test for each case.
 *
 * @param without parts that the store does not have; a test makes sure that it really has not
 */
export function describeStore(
  name: string,
  open: OpenStore,
  { without = [] }: { readonly without?: readonly OptionalPart[] } = {},
): void {
  describe(name, () => {
    const left: readonly string[] = without;
    for (const [part, cases] of Object.entries(storeCases)) {
      if (left.includes(part)) continue;
      for (const { name, run } of cases) test(name, () => run(open));
    }
    for (const part of without) {
      test(`${part}: not kept in this store`, async () => {
        assert.equal((await open())[part], undefined);
      });
    }
  });
}
