import { describe, expect, test } from '@jest/globals';

import { type ConformanceCase, runCase } from '../../src/case.js';
import type { AdapterHarness } from '../../src/harness.js';
import { errorCases } from '../../src/suites/errors.js';
import { loginCases } from '../../src/suites/login.js';
import { logoutCases } from '../../src/suites/logout.js';
import { providerCases } from '../../src/suites/provider.js';
import { visitCases } from '../../src/suites/visits.js';
import { webhookCases } from '../../src/suites/webhook.js';
import { bareHarness, soundSteps } from './bare-harness.js';
import { brokenAdapters, type SuiteName } from './broken-adapters.js';

const suites: Readonly<Record<SuiteName, readonly ConformanceCase[]>> = {
  provider: providerCases,
  errors: errorCases,
  visits: visitCases,
  login: loginCases,
  logout: logoutCases,
  webhook: webhookCases,
};

/** The first case that an adapter fails, with what the case says; null when it passes all. */
async function firstFailure(
  cases: readonly ConformanceCase[],
  harness: AdapterHarness,
): Promise<string | null> {
  for (const one of cases) {
    try {
      await runCase(one, harness);
    } catch (error) {
      return `${one.name}: ${error instanceof Error ? error.message : error}`;
    }
  }
  return null;
}

const rows = brokenAdapters.flatMap(({ fault, noticedBy, steps }) =>
  noticedBy.map((suite) => [suite, fault, steps] as const),
);

describe('a broken adapter is noticed', () => {
  test.each(rows)('by the suite "%s": one that %s', async (suite, fault, steps) => {
    const harness = bareHarness(`an adapter that ${fault}`, { ...soundSteps, ...steps });
    expect(await firstFailure(suites[suite], harness)).not.toBeNull();
  });

  test('in every suite in at least ten ways', () => {
    for (const suite of Object.keys(suites)) {
      expect(rows.filter(([name]) => name === suite).length).toBeGreaterThanOrEqual(10);
    }
  });
});
