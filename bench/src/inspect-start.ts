import { execFile } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { type Candidate, compare, type RowGroup, takeTurns } from './measure.js';

const run = promisify(execFile);
const secret = randomBytes(32).toString('hex');
const bin = fileURLToPath(new URL('../bin/forum-sso.js', import.meta.resolve('@forum-sso/cli')));

/** A usual answer to a forum, as it stands in an address. */
function loginAnswer(): string {
  const fields = {
    nonce: 'cb68251eefb5211e58c00ff1395f0c0b',
    external_id: '42',
    email: 'sam@example.com',
    username: 'sam',
    name: 'Sam Saffron',
    require_activation: 'false',
  };
  const sso = Buffer.from(new URLSearchParams(fields).toString()).toString('base64');
  const sig = createHmac('sha256', secret).update(sso).digest('hex');
  return `https://forum.example.com/session/sso_login?sso=${encodeURIComponent(sso)}&sig=${sig}`;
}

function started(name: string, args: readonly string[], output: string): Candidate {
  return {
    name,
    turn: async () => {
      const begun = process.hrtime.bigint();
      const { stdout } = await run(process.execPath, [...args], {
        env: { ...process.env, DISCOURSE_CONNECT_SECRET: secret },
      });
      const cost = Number(process.hrtime.bigint() - begun);
      if (!stdout.includes(output)) throw new Error(`${name} did not say what it should:\n${stdout}`);
      return cost;
    },
  };
}

/** From the command to its answer. */
export const inspectStart: RowGroup = {
  name: 'inspect',
  rows: async () => {
    const [subject, floor] = ['forum-sso inspect', 'node -e 0'];
    const costs = await takeTurns(
      [
        started(subject, [bin, 'inspect', loginAnswer()], 'The signature is right'),
        started(floor, ['-e', '0'], ''),
      ],
      15,
    );
    return [compare('forum-sso inspect, start to answer', costs, { subject, floor, target: { atMost: 2 } })];
  },
};
