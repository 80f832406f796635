import { describe, expect, test } from '@jest/globals';

import { providerRoleCases } from './cases.js';
import type { ProviderRoleHarness } from './harness.js';

/**
 * Registers a test for each case. One that the harness lists as a difference has to fail: when it no longer does, the
 * list is wrong.
 */
export function describeProviderRole(harness: ProviderRoleHarness): void {
  describe(`${harness.name} as a provider of DiscourseConnect`, () => {
    for (const { name, run } of providerRoleCases) {
      const reason = harness.differences[name];
      if (reason === undefined) test(name, () => run(harness));
      else test(`differs: ${name} (${reason})`, () => expect(run(harness)).rejects.toThrow());
    }

    test('every difference is one of a case', () => {
      const names = providerRoleCases.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(Object.keys(harness.differences).filter((name) => !names.includes(name))).toEqual([]);
    });
  });
}
