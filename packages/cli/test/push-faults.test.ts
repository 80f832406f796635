import { readFileSync, writeFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { type FaultyProxy, startFaultyProxy } from './support/faulty-proxy.js';
import { type CliResult, startCli, temporaryFolder } from './support/run-cli.js';
import { startTestForum } from './support/test-forum.js';

const people = 400;
const concurrency = 8;
/** Three out of ten calls. */
const shares = { json429: 40, text429: 30, error500: 100, reset: 100, silence: 30 };

const folder = temporaryFolder();
let forum: Awaited<ReturnType<typeof startTestForum>>;
let proxy: FaultyProxy;

beforeAll(async () => {
  forum = await startTestForum({ groups: ['makers', 'testers'] });
  proxy = await startFaultyProxy(forum.forum.origin, shares);
});
afterAll(async () => {
  await proxy.close();
  await forum.forum.close();
  folder.remove();
});

/** The people of the file; after `version` 1 every tenth has another name and no group. */
function writeUsers(path: string, version: 1 | 2): void {
  const rows = Array.from({ length: people }, (_, index) => {
    const hasChanged = version === 2 && index % 10 === 0;
    const groups = hasChanged ? '' : '"makers,testers"';
    return `u-${index},person${index}@example.com,yes,person${index},Person ${index}${hasChanged ? ' II' : ''},${groups}`;
  });
  writeFileSync(path, `id,email,email_verified,username,name,groups\n${rows.join('\n')}\n`);
}

function push(...more: readonly string[]) {
  return startCli(
    [
      'push',
      '--from',
      'users.csv',
      '--rate',
      'none',
      '--concurrency',
      String(concurrency),
      '--groups',
      'makers,testers',
      '--backoff',
      '0.05',
      '--timeout',
      '2',
      '--attempts',
      '20',
      '--report',
      'report.json',
      '--quiet',
      ...more,
    ],
    { cwd: folder.path, env: forum.env(proxy.url) },
  );
}

/** Starts a run and kills it at once when the forum has taken so many more people. */
async function killedAfter(howMany: number, ...more: readonly string[]): Promise<CliResult> {
  const run = push(...more);
  let before = -1;
  proxy.onTaken = (total) => {
    if (before === -1) before = total - 1;
    if (total - before >= howMany) run.child.kill('SIGKILL');
  };
  const ended = await run.ended;
  proxy.onTaken = () => {};
  return ended;
}

function report() {
  return JSON.parse(readFileSync(folder.in('report.json'), 'utf8'));
}

describe('with 30 % of the calls failing', () => {
  test('killed three times at random moments and resumed, everybody ends in the right state, and only who was under way is sent twice', async () => {
    writeUsers(folder.in('users.csv'), 1);
    let twice = 0;
    for (const [index, more] of [[], ['--resume'], ['--resume']].entries()) {
      const moment = 20 + Math.floor(Math.random() * (people / 5));
      const ended = await killedAfter(moment, ...more);
      expect({
        index,
        moment,
        signal: ended.signal,
        stderr: ended.signal === null ? ended.stderr : '',
      }).toEqual({
        ...{ index, moment, signal: 'SIGKILL', stderr: '' },
      });
      const now = extraCalls();
      expect(now - twice).toBeLessThanOrEqual(concurrency);
      twice = now;
    }
    const last = await push('--resume').ended;
    expect({ code: last.code, stderr: last.stderr }).toMatchObject({ code: 0 });
    expect(extraCalls() - twice).toBeLessThanOrEqual(concurrency);

    for (let index = 0; index < people; index++) {
      expect(forum.forum.user(`u-${index}`)).toMatchObject({
        email: `person${index}@example.com`,
        name: `Person ${index}`,
        active: true,
        groups: expect.arrayContaining(['makers', 'testers']),
      });
    }
    expect(forum.forum.users().filter(({ externalId }) => externalId !== null)).toHaveLength(people);
    expect(report()).toMatchObject({ outcome: 'complete', exitCode: 0, rows: people, invalid: 0, failed: 0 });
    // All kinds of faults have really come.
    for (const times of Object.values(proxy.faults)) expect(times).toBeGreaterThan(0);
  }, 240_000);

  test('when the file changes, only who has changed is sent', async () => {
    writeUsers(folder.in('users.csv'), 2);
    const before = new Map(proxy.taken);
    const run = await push('--resume').ended;
    expect(run.code).toBe(0);
    const changed = people / 10;
    expect(report()).toMatchObject({ sent: { new: 0, changed }, unchanged: people - changed });
    const sent = [...proxy.taken].filter(([id, times]) => times !== before.get(id)).map(([id]) => id);
    expect(sent.sort()).toEqual(Array.from({ length: changed }, (_, index) => `u-${index * 10}`).sort());
    expect(forum.forum.user('u-10')).toMatchObject({ name: 'Person 10 II' });
    expect(forum.forum.user('u-10')?.groups).not.toContain('makers');
    expect(forum.forum.user('u-11')?.groups).toContain('makers');
  }, 120_000);
});

/** How often the forum took somebody beyond the first time. */
function extraCalls(): number {
  return [...proxy.taken.values()].reduce((sum, times) => sum + times - 1, 0);
}
