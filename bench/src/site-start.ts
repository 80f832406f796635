import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { get } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { type Candidate, compare, type RowGroup, takeTurns } from './measure.js';

const main = fileURLToPath(new URL('../../apps/reference/dist/main.js', import.meta.url));
const elsewhere = 'http://localhost:9';
const secret = (): string => randomBytes(32).toString('hex');
/** All communities are somewhere else, so that no emulator is started; nobody is there, and nothing asks. */
const environment = {
  ...{ PORT: '0', COMMUNITY_PORT: '0', FORUM_SSO_KEYS: secret() },
  ...{ DISCOURSE_URL: elsewhere, DISCOURSE_CONNECT_SECRET: secret(), DISCOURSE_LOGIN_SECRET: secret() },
  ...{ TALKYARD_URL: elsewhere, TALKYARD_API_SECRET: secret() },
  ...{ CORAL_URL: elsewhere, CORAL_SSO_SECRET: `ssosec_${secret()}` },
  ...{ FRUUM_URL: elsewhere, FRUUM_FORUM_ID: 'bench', FRUUM_SECRET: secret() },
};

/** From the start of the process to the home page. */
export const siteStart: RowGroup = {
  name: 'site start',
  rows: async () => {
    const [subject, floor] = ['reference site', 'node -e 0'];
    const costs = await takeTurns([started(subject, openedSite), started(floor, emptyProcess)], 9);
    return [
      compare('reference site, built, start to first page', costs, {
        subject,
        floor,
        target: { atMost: 12 },
      }),
    ];
  },
};

function started(name: string, job: () => Promise<void>): Candidate {
  return {
    name,
    turn: async () => {
      const begun = process.hrtime.bigint();
      await job();
      return Number(process.hrtime.bigint() - begun);
    },
  };
}

async function emptyProcess(): Promise<void> {
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
}

/** The process is ended without being waited for: its end is no part of its start. */
async function openedSite(): Promise<void> {
  const site = spawn(process.execPath, [main], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    for await (const line of createInterface({ input: site.stdout })) {
      const [, address] = /^\s*The site\s+(http:\S+)/.exec(line) ?? [];
      if (address === undefined) continue;
      const status = await statusOf(address);
      if (status !== 200) throw new Error(`The home page was answered with ${status}.`);
      return;
    }
    throw new Error('The reference site did not start.');
  } finally {
    site.kill('SIGKILL');
  }
}

function statusOf(address: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(address, { agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    }).on('error', reject);
  });
}
