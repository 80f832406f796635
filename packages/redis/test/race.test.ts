import { randomUUID } from 'node:crypto';

import { findRedis, raceProcesses, startTypeScript, type TypeScriptProcess } from '@forum-sso/testkit';
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
        await raceProcesses(processes);
      } finally {
        await Promise.all(processes.map((each) => each.stop()));
      }
    },
    60_000,
  );
});
