import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { writePeople } from './bulk/people.js';
import type { RowGroup } from './measure.js';

const few = 100_000;
const many = 1_000_000;
const rounds = 3;
const megabyte = 1_000_000;

/** What a push holds in its memory when the file has a million rows, beside a tenth of them. */
export const bulkMemory: RowGroup = {
  name: 'bulk memory',
  long: true,
  async rows() {
    const folder = mkdtempSync(join(tmpdir(), 'forum-sso-bench-'));
    try {
      const [small, large]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        small.push(await peakOf(folder, few));
        large.push(await peakOf(folder, many));
      }
      const medians = { subject: middle(large), floor: middle(small) };
      return [
        {
          name: 'push: megabytes more for 1,000,000 rows than for 100,000',
          subject: '1,000,000 rows',
          floor: '100,000 rows',
          ratio: (medians.subject - medians.floor) / megabyte,
          target: { atMost: 20 },
          medians,
          unit: 'bytes',
        },
      ];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

async function peakOf(folder: string, people: number): Promise<number> {
  const file = join(folder, `${people}.csv`);
  writePeople(file, people);
  const script = fileURLToPath(new URL('./bulk/memory-child.js', import.meta.url));
  // As a user's process: without the flags of this one.
  const child = fork(script, [file, join(folder, 'journal')], { execArgv: [] });
  const [message]: unknown[] = await once(child, 'message');
  if (typeof message !== 'object' || message === null || !('bytes' in message) || !('sent' in message)) {
    throw new Error('The push did not tell its memory.');
  }
  if (message.sent !== people) throw new Error(`${message.sent} of ${people} people were sent.`);
  return Number(message.bytes);
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
