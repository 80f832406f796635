import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { type Candidate, compare, type RowGroup, takeTurns } from './measure.js';

const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));

/** Imports a module in a fresh process, which itself says how many nanoseconds that took. */
function freshImport(specifier: string): Candidate {
  const script = `
    const start = process.hrtime.bigint();
    await import(${JSON.stringify(specifier)});
    console.log(String(process.hrtime.bigint() - start));`;
  return {
    name: specifier,
    turn: async () => {
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
        cwd: here,
      });
      return Number(stdout);
    },
  };
}

/** What it costs to load the packages. */
export const importCost: RowGroup = {
  name: 'import',
  rows: async () => {
    const [subject, message, floor] = [
      '@forum-sso/core/discourse',
      '@forum-sso/core/discourse/message',
      'zod',
    ];
    const costs = await takeTurns([freshImport(subject), freshImport(message), freshImport(floor)], 11);
    return [
      compare(`import('${subject}')`, costs, { subject, floor, target: { atMost: 0.5 } }),
      compare('  the message and the webhook alone', costs, { subject: message, floor }),
    ];
  },
};
