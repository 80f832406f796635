import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';

import {
  fetchSwitch,
  httpFetch,
  Journal,
  openSource,
  openTarget,
  setUpSite,
  startBulk,
  UserRows,
} from '@forum-sso/cli';
import { discourse } from '@forum-sso/core/discourse';

const keys = randomBytes(32).toString('hex');
const secret = randomBytes(32).toString('hex');
const key = randomBytes(32).toString('hex');

export interface PushJob {
  readonly file: string;
  readonly journal: string;
  readonly forumUrl: string;
  readonly concurrency: number;
  readonly fetch?: typeof fetch;
}

/** Pushes a file as `forum-sso push --fresh --rate none` does. @returns how many were sent */
export async function runPush({
  file,
  journal: path,
  forumUrl,
  concurrency,
  ...job
}: PushJob): Promise<number> {
  const http = httpFetch(concurrency);
  const gate = fetchSwitch(job.fetch ?? http.fetch, undefined);
  const site = setUpSite(
    {
      baseUrl: 'http://localhost:3000/sso',
      keys,
      connectors: [
        discourse({
          forumUrl,
          secret,
          api: { key },
          groups: { mode: 'managed', names: ['makers', 'testers'] },
        }),
      ],
    },
    gate.fetch,
  );
  const target = await openTarget(site, undefined, gate);
  const source = await openSource(file, undefined);
  const { journal } = Journal.open(path, target, 'fresh');
  try {
    const rules = { map: new Map<string, string>(), allowStaff: false, emailsVerified: false };
    const rows = await UserRows.open(source, rules);
    const { tally } = await startBulk({ target, rows, memory: journal, perMinute: null, concurrency }).result;
    return tally.new;
  } finally {
    http.close();
    journal.close();
    await source.close();
    rmSync(path, { force: true });
  }
}
