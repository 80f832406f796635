import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { openNumbers } from '../src/open-numbers.js';

let parent: string;
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'numbers-'));
});
afterAll(() => rmSync(parent, { recursive: true }));

test('people keep their numbers when the demo starts again; only the owner may read them', async () => {
  const folder = join(parent, 'data');
  const first = await openNumbers({}, folder);
  const numbers = [await first.numbers.numberOf('demo-alice'), await first.numbers.numberOf('demo-bob')];
  await first.close();
  expect(new Set(numbers).size).toBe(2);
  expect([statSync(folder).mode & 0o777, statSync(join(folder, 'numbers.db')).mode & 0o777]).toEqual([
    0o700, 0o600,
  ]);

  const second = await openNumbers({}, folder);
  expect([await second.numbers.numberOf('demo-bob'), await second.numbers.numberOf('demo-alice')]).toEqual(
    numbers.toReversed(),
  );
  expect(await second.numbers.siteUserOf(numbers[0] ?? 0)).toBe('demo-alice');
  await second.close();
});

test('DATABASE_URL is used instead, or the demo does not start', async () => {
  const DATABASE_URL = 'postgres://nobody@127.0.0.1:1/none';
  await expect(openNumbers({ DATABASE_URL }, join(parent, 'unused'))).rejects.toMatchObject({
    code: 'ERR_STORE_UNAVAILABLE',
  });
  expect(statSync(join(parent, 'unused'), { throwIfNoEntry: false })).toBeUndefined();
});
