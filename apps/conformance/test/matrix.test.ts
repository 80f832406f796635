import { type AdapterHarness, adapterCases, type NormalReply, runCase } from '@forum-sso/testkit';
import { describe, expect, test } from '@jest/globals';

import { harnesses as express } from '../../../packages/express/test/harnesses.js';
import { harnesses as koa } from '../../../packages/koa/test/harnesses.js';
import { harnesses as nest } from '../../../packages/nestjs/test/harnesses.js';
import { webHarness } from '../../../packages/testkit/test/web-harness.js';

const harnesses: readonly AdapterHarness[] = [...express, ...koa, ...nest, webHarness];

test('every adapter is here', () => {
  expect(harnesses.map(({ name }) => name)).toEqual([
    'Express 5',
    'Express 4',
    'Koa 3',
    'Koa 2',
    'Nest on Express',
    'Nest on Fastify',
    'web handler on Hono',
  ]);
});

describe('every adapter passes, and its answers are those of the others', () => {
  test.each(adapterCases.map((one) => [one.name, one] as const))(
    '%s',
    async (name, one) => {
      const answers = new Map<string, readonly NormalReply[]>();
      for (const harness of harnesses) {
        // Left out by the adapter's own tests as well, with the reason.
        if (harness.leftOut?.[name] === undefined) answers.set(harness.name, await runCase(one, harness));
      }
      const [first, ...others] = answers;
      expect(others.length).toBeGreaterThanOrEqual(3);
      for (const [adapter, replies] of others) {
        expect({ adapter, replies }).toEqual({ adapter, replies: first?.[1] });
      }
    },
    60_000,
  );
});
