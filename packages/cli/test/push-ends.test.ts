import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { type FaultyProxy, startFaultyProxy } from './support/faulty-proxy.js';
import { type CliOptions, runCli, startCli, temporaryFolder } from './support/run-cli.js';
import { startTestForum } from './support/test-forum.js';

/** How a push ends before its file does, and what cannot be read or written. */
const root = temporaryFolder();
let forum: Awaited<ReturnType<typeof startTestForum>>;
let proxy: FaultyProxy;
let cwd: string;
let runs = 0;

beforeAll(async () => {
  forum = await startTestForum();
});
afterAll(async () => {
  await forum.forum.close();
  root.remove();
});
beforeEach(async () => {
  cwd = join(root.path, String(++runs));
  mkdirSync(cwd);
  await proxy?.close();
  proxy = await startFaultyProxy(forum.forum.origin);
});
afterAll(() => proxy.close());

const options = (more: Partial<CliOptions> = {}): CliOptions => ({ cwd, env: forum.env(proxy.url), ...more });
const push = (...args: readonly string[]): string[] => ['push', '--rate', 'none', '--quiet', ...args];
const rows = (prefix: string, number: number): string =>
  Array.from({ length: number }, (_, i) => `${prefix}${i},${prefix}${i}@example.com,${prefix}${i}\n`).join(
    '',
  );
const csv = (prefix: string, number: number): string => `id,email,username\n${rows(prefix, number)}`;
const file = (name: string, content: string): void => writeFileSync(join(cwd, name), content);
const report = (): Record<string, unknown> => JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8'));
/** Nobody was sent twice. */
const eachOnce = (): boolean => [...proxy.taken.values()].every((times) => times === 1);

describe('a signal', () => {
  test.each<[NodeJS.Signals, number]>([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('%s brings what is under way to its end, and --resume goes on', async (signal, exitCode) => {
    file('users.csv', csv(signal.toLowerCase(), 40));
    const args = [
      'push',
      '--from',
      'users.csv',
      '--rate',
      '1200',
      '--concurrency',
      '2',
      '--report',
      'report.json',
    ];
    const run = startCli(args, options());
    proxy.onTaken = (total) => {
      if (total === 5) run.child.kill(signal);
    };
    const { code, stdout, stderr } = await run.ended;
    expect(code).toBe(exitCode);
    expect(stderr).toContain('Ending: what is under way is brought to its end.');
    expect(stdout).toContain('The same command with --resume continues.');
    const taken = proxy.taken.size;
    expect(taken).toBeLessThan(40);
    expect(report()).toMatchObject({ outcome: 'interrupted', exitCode, sent: { new: taken } });
    expect(existsSync(join(cwd, 'forum-sso-push-discourse.journal.lock'))).toBe(false);
    const rest = await runCli([...args, '--resume', '--quiet'], options());
    expect(rest).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(new RegExp(`${taken} people were sent before`)),
    });
    expect(proxy.taken.size).toBe(40);
    expect(eachOnce()).toBe(true);
  });

  test('ends at once when it comes twice', async () => {
    file('users.csv', csv('twice', 3));
    const silent = await startFaultyProxy(forum.forum.origin, { silence: 1_000 });
    const run = startCli(push('--from', 'users.csv'), options({ env: forum.env(silent.url) }));
    while (silent.calls() === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    run.child.kill('SIGINT');
    await run.waitForError(/Once more ends it at once/);
    run.child.kill('SIGINT');
    expect(await run.ended).toMatchObject({ code: 130, signal: null });
    await silent.close();
  });
});

describe('standard input', () => {
  test('is gone on with by --resume like a file', async () => {
    expect(await runCli(push('--from', '-'), options({ stdin: csv('in', 3) }))).toMatchObject({ code: 0 });
    const args = push('--from', '-', '--resume', '--report', 'report.json');
    expect(await runCli(args, options({ stdin: csv('in', 5) }))).toMatchObject({ code: 0 });
    expect(report()).toMatchObject({ sent: { new: 2, changed: 0 }, unchanged: 3, source: 'standard input' });
    expect(proxy.taken.size).toBe(5);
    expect(eachOnce()).toBe(true);
  });

  test('that is written to no more does not hold a signal up', async () => {
    const run = startCli(push('--from', '-'), options({ stdin: csv('open', 2), keepStdinOpen: true }));
    while (proxy.taken.size < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    run.child.kill('SIGTERM');
    const { code, stdout } = await run.ended;
    expect(code).toBe(143);
    expect(stdout).toMatch(/\+ +2 {2}new, sent/);
  });

  test('that has no end does not keep a run alive that has stopped', async () => {
    const env = { ...forum.env(proxy.url), DISCOURSE_ADMIN_API_KEY: 'x'.repeat(64) };
    // More than fits into a pipe.
    const stdin = csv('endless', 20_000);
    const run = startCli(push('--from', '-'), options({ env, stdin, keepStdinOpen: true }));
    expect(await run.ended).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('ERR_DISCOURSE_KEY_REFUSED'),
    });
  });
});

describe('a disk that is full', () => {
  test('under the journal ends the run, and --resume goes on', async () => {
    file('users.csv', csv('full', 40));
    const args = push('--from', 'users.csv', '--concurrency', '2');
    const { code, stdout } = await runCli(args, options({ fileLimit: 512 }));
    expect(code).toBe(3);
    expect(stdout).toMatch(/Stopped: ERR_INTERNAL: The journal cannot be written \(EFBIG\)\./);
    expect(proxy.taken.size).toBeLessThan(20);
    const before = proxy.taken.size;
    expect(await runCli([...args, '--resume'], options())).toMatchObject({ code: 0 });
    expect(proxy.taken.size).toBe(40);
    // Whoever was under way when it was found out, and no more.
    const total = [...proxy.taken.values()].reduce((sum, times) => sum + times, 0);
    expect([before > 0, total - 40]).toEqual([true, expect.any(Number)]);
    expect(total - 40).toBeLessThanOrEqual(2);
  });

  test('under the list of errors or the report is told, and everybody is sent', async () => {
    const wrong = Array.from({ length: 30 }, (_, i) => `w${i},nobody,${'x'.repeat(20)}\n`).join('');
    file('users.csv', csv('list', 3) + wrong);
    const args = push('--from', 'users.csv', '--errors', 'errors.jsonl', '--report', 'report.json');
    const { code, stderr } = await runCli(args, options({ fileLimit: 512 }));
    expect(code).toBe(1);
    expect(stderr).toMatch(/--errors errors\.jsonl could not be written to its end \(EFBIG\)/);
    expect(stderr).toMatch(/--report report\.json could not be written to its end \(EFBIG\)/);
    expect(proxy.taken.size).toBe(3);
  });
});

test.each([
  ['the journal', ['--journal', 'none/j'], /The journal .*none\/j cannot be written \(ENOENT\)/],
  ['a journal that is a folder', ['--journal', '.'], /cannot be written \(EISDIR\)/],
  ['the report', ['--report', 'none/r.json'], /--report none\/r\.json cannot be written \(ENOENT\)/],
  ['the list of errors', ['--errors', 'none/e.jsonl'], /--errors none\/e\.jsonl cannot be written/],
  ['the file itself', ['--errors', './users.csv'], /--errors and --from name the same file/],
])('%s, which cannot be written, is told before anybody is sent', async (_, args, problem) => {
  const content = csv('no', 2);
  file('users.csv', content);
  const { code, stderr } = await runCli(push('--from', 'users.csv', ...args), options());
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(problem) });
  expect(proxy.calls()).toBe(0);
  expect(readFileSync(join(cwd, 'users.csv'), 'utf8')).toBe(content);
});

describe('a file', () => {
  test.each([
    [
      'no column for what is needed',
      'ident,mail\n1,a@example.com\n',
      [/no column "id"/, /no column "email"/],
    ],
    [
      'two columns for the same',
      'id,email,E-Mail\n1,a@example.com,b@example.com\n',
      [/"email" and "E-Mail" are both for email/],
    ],
    ['the same column twice', 'id,id,email\n1,1,a@example.com\n', [/"id" and "id" are both for id/]],
    ['nothing in it', '', [/The file is empty/]],
  ])('with %s is refused', async (_, content, problems) => {
    file('users.csv', content);
    const { code, stderr } = await runCli(push('--from', 'users.csv'), options());
    expect(code).toBe(2);
    for (const problem of problems) expect(stderr).toMatch(problem);
    expect(proxy.calls()).toBe(0);
  });
});
