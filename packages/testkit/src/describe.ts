import { describe, expect, test } from '@jest/globals';

import { answersOf, type ConformanceCase, transcribe } from './case.js';
import type { AdapterHarness } from './harness.js';
import { errorCases } from './suites/errors.js';
import { loginCases } from './suites/login.js';
import { logoutCases } from './suites/logout.js';
import { providerCases } from './suites/provider.js';
import { visitCases } from './suites/visits.js';
import { webhookCases } from './suites/webhook.js';

/** Registers the cases of every suite for adapters. */
export function describeAdapter(harness: AdapterHarness): void {
  describeProvider(harness);
  describeErrors(harness);
  describeVisits(harness);
  describeLogin(harness);
  describeLogout(harness);
  describeWebhook(harness);
}

/** Registers the cases of the login of a forum's users with their account at the site. */
export function describeProvider(harness: AdapterHarness): void {
  describeCases('provider flow', providerCases, harness);
}

/** Registers the cases of requests, replies, bodies and faults. */
export function describeErrors(harness: AdapterHarness): void {
  describeCases('requests, replies and errors', errorCases, harness);
}

/** Registers the cases of the site's own pages: who is here, sign-in and sign-out, guards, silent login. */
export function describeVisits(harness: AdapterHarness): void {
  describeCases('page visits', visitCases, harness);
}

/** Registers the cases of signing in to the site with a forum account: start, callback, silent login, linking. */
export function describeLogin(harness: AdapterHarness): void {
  describeCases('login with a forum account', loginCases, harness);
}

/** Registers the cases of log-out in every direction. */
export function describeLogout(harness: AdapterHarness): void {
  describeCases('log-out', logoutCases, harness);
}

/** Registers the cases of a forum's webhooks. */
export function describeWebhook(harness: AdapterHarness): void {
  describeCases('webhooks', webhookCases, harness);
}

/** Every case of every suite for adapters. */
export const adapterCases: readonly ConformanceCase[] = [
  ...providerCases,
  ...errorCases,
  ...visitCases,
  ...loginCases,
  ...logoutCases,
  ...webhookCases,
];

/**
 * Registers one test: the answers of all adapters are equal to those of the first, header by header.
 * @param harnesses at least two
 */
export function describeAlike(
  harnesses: readonly AdapterHarness[],
  cases: readonly ConformanceCase[] = adapterCases,
): void {
  const [first, ...others] = harnesses;
  if (first === undefined || others.length === 0)
    throw new Error('Only two or more adapters can be compared.');
  describe(`answers are those of ${first.name}`, () => {
    test.each(others.map((harness) => [harness.name, harness] as const))(
      '%s',
      async (_, harness) => {
        const leftOut = [...Object.keys(first.leftOut ?? {}), ...Object.keys(harness.leftOut ?? {})];
        const transcript = await transcribe(cases, harness, leftOut);
        expect(transcript).toEqual(await transcribe(cases, first, leftOut));
      },
      120_000,
    );
  });
}

function describeCases(suite: string, cases: readonly ConformanceCase[], harness: AdapterHarness): void {
  const leftOut = new Map(Object.entries(harness.leftOut ?? {}));
  const unknown = [...leftOut.keys()].filter((name) => !adapterCases.some((one) => one.name === name));
  if (unknown.length > 0)
    throw new Error(`${harness.name} leaves out what is no case: ${unknown.join('; ')}.`);
  describe(`${harness.name}: ${suite}`, () => {
    for (const one of cases) {
      const reason = leftOut.get(one.name);
      if (reason === undefined) {
        test(one.name, async () => {
          await answersOf(one, harness);
        });
      } else {
        test.skip(`${one.name} (left out: ${reason})`, () => {});
      }
    }
  });
}
