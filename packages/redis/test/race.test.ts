import { randomUUID } from 'node:crypto';

import { assertOneWinnerEach, findRedis, startTypeScript, type TypeScriptProcess } from '@forum-sso/testkit';
import { afterAll, describe, expect, test } from '@jest/globals';

import { sweepKeys } from './clients.js';

const redis = await findRedis();
const url = redis?.url ?? '';
const root = `forum-sso-test:${randomUUID()}:`;

afterAll(async () => {
  if (redis !== null) await sweepKeys(url, root);
  await redis?.stop();
});

(redis === null ? describe.skip : describe)('four processes with two connections each', () => {
  test.each(['redis', 'ioredis'])(
    'claim 1,000 keys through %s: each is taken exactly once',
    async (kind) => {
      const file = new URL('./claiming-process.ts', import.meta.url);
      const processes: TypeScriptProcess[] = [];
      try {
        for (let i = 0; i < 4; i++) processes.push(startTypeScript(file, [url, kind, root + kind, '2']));
        for (const each of processes) expect(await each.next()).toBe('ready');
        for (const each of processes) each.send('1000');
        const taken: string[][] = [];
        for (const each of processes) {
          const lists: unknown = await each.next();
          if (!Array.isArray(lists)) throw new Error('The process gave no lists.');
          taken.push(...lists);
        }
        const keys = Array.from({ length: 1_000 }, (_, i) => `nonce-${i}`);
        expect(taken).toHaveLength(8);
        assertOneWinnerEach(keys, taken);
        // A race that one process has won before the others began is none.
        expect(taken.filter((list) => list.length > 0).length).toBeGreaterThan(1);
      } finally {
        await Promise.all(processes.map((each) => each.stop()));
      }
    },
    60_000,
  );
});
