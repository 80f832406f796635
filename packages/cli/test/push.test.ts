import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { type FaultyProxy, startFaultyProxy } from './support/faulty-proxy.js';
import { type CliOptions, runCli, startCli, temporaryFolder } from './support/run-cli.js';
import { siteVariables, startTestForum } from './support/test-forum.js';

const root = temporaryFolder();
let forum: Awaited<ReturnType<typeof startTestForum>>;
let proxy: FaultyProxy;
let cwd: string;
let runs = 0;

beforeAll(async () => {
  forum = await startTestForum({ groups: ['makers', 'testers'] });
  proxy = await startFaultyProxy(forum.forum.origin);
});
afterAll(async () => {
  await proxy.close();
  await forum.forum.close();
  root.remove();
});
beforeEach(() => {
  cwd = join(root.path, String(++runs));
  mkdirSync(cwd);
});

function push(args: readonly string[], { env, ...more }: Partial<CliOptions> = {}) {
  return runCli(['push', '--rate', 'none', '--quiet', ...args], {
    ...{ cwd, env: { ...forum.env(proxy.url), ...env } },
    ...more,
  });
}

const file = (name: string, content: string | Uint8Array): void => writeFileSync(join(cwd, name), content);
const read = (name: string): string => readFileSync(join(cwd, name), 'utf8');
const jsonLines = (name: string): unknown[] =>
  read(name)
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

describe('from a CSV file', () => {
  test('people come to the forum; what is wrong with rows is told; the rest is sent', async () => {
    file(
      'users.csv',
      `\ufeff${[
        'id,Mail,email_verified,username,name,groups,admin,suspended,notes',
        'a1,a1@example.com,yes,ann,"Ann ""A."" Example","makers,testers",true,,x',
        'a2,a2@example.com,,ben,Ben,makers,,no,y',
        'a3,nobody,,cleo,Cleo,,,,',
        'a4,a4@example.com,,dora,Dora,,,yes,',
        'a1,other@example.com,,ann2,Ann again,,,,',
        'a5,a5@example.com,,"eve\u001b]0;title\u0007",Eve,,,,',
        'a6,a6@example.com',
        'a\u202e7,a7@example.com,,finn,"open,,,,',
        'a8,a8@example.com,,gus,Gus,,,,',
      ].join('\r\n')}\r\n`,
    );
    const { code, stdout, stderr } = await push([
      ...['--from', 'users.csv', '--map', 'Mail=email', '--groups', 'makers,testers'],
      ...['--errors', 'errors.jsonl', '--report', 'report.json'],
    ]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });

    expect(forum.forum.user('a1')).toMatchObject({
      ...{ email: 'a1@example.com', username: 'ann', name: 'Ann "A." Example', active: true, admin: false },
      groups: expect.arrayContaining(['makers', 'testers']),
    });
    // Not said to be verified: the forum does not take the address for proved.
    expect(forum.forum.user('a2')).toMatchObject({
      active: false,
      groups: expect.arrayContaining(['makers']),
    });
    expect(forum.forum.user('a8')).toMatchObject({ name: 'Gus' });
    for (const id of ['a3', 'a4', 'a5', 'a6']) expect(forum.forum.user(id)).toBeUndefined();

    const faults = [
      { line: 4, column: 'Mail', fault: 'must be an e-mail address' },
      { line: 6, id: 'a1', fault: expect.stringContaining('earlier row') },
      { line: 7, column: 'username', fault: 'must not hold control characters' },
      { line: 8, fault: 'has 2 cells, and the header has 9' },
      { line: 9, fault: 'a quote is opened and never closed' },
    ];
    expect(jsonLines('errors.jsonl')).toEqual(expect.arrayContaining(faults));
    expect(jsonLines('errors.jsonl')).toHaveLength(faults.length);
    expect(statSync(join(cwd, 'errors.jsonl')).mode & 0o777).toBe(0o600);
    expect(JSON.parse(read('report.json'))).toMatchObject({
      ...{ outcome: 'complete', exitCode: 1, dryRun: false, connector: 'discourse', community: proxy.url },
      ...{ rows: 9, sent: { new: 3, changed: 0 }, suspended: 1, invalid: 5, failed: 0, unchanged: 0 },
      ignoredColumns: { staff: ['admin'], unknown: ['notes'] },
      notes: { 'The account waits for its address to be confirmed.': 2 },
      faults: { total: 5 },
    });
    expect(stdout).toMatch(/^To discourse at http:\/\/127\.0\.0\.1:\d+, from users\.csv:\n/);
    expect(stdout).toMatch(/\+ +3 {2}new, sent\n/);
    expect(stdout).toMatch(/line 4, Mail: must be an e-mail address/);
    expect(stdout).toMatch(/Left out without --allow-staff: admin\./);
    expect(stdout + read('errors.jsonl') + read('report.json')).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u);
  });

  test('what the community does not take is told by row, and the others are sent', async () => {
    file('users.csv', 'id,email,username\nb1,b1@example,bob\nb2,b2@example.com,"bo b"\n');
    const { code, stdout } = await push([
      '--from',
      'users.csv',
      '--errors',
      'errors.jsonl',
      '--emails-verified',
    ]);
    expect(code).toBe(1);
    expect(forum.forum.user('b2')).toMatchObject({ active: true });
    expect(jsonLines('errors.jsonl')).toEqual([
      { line: 2, id: 'b1', code: 'ERR_DISCOURSE_RECORD_INVALID', fault: expect.any(String) },
    ]);
    expect(stdout).toContain('line 2, id b1: ERR_DISCOURSE_RECORD_INVALID: ');
    // Whoever was not taken is not in the journal, and is tried again.
    const again = await push(['--from', 'users.csv', '--resume', '--report', '-', '--emails-verified']);
    expect(JSON.parse(again.stdout)).toMatchObject({ unchanged: 1, failed: 1, calls: 1 });
    expect(again.stderr).toContain('=         1  unchanged');
  });

  test('staff only with --allow-staff', async () => {
    file('users.csv', 'id,email,email_verified,username,admin,moderator\nst1,st1@example.com,1,stan,1,0\n');
    expect(await push(['--from', 'users.csv'])).toMatchObject({ code: 0 });
    expect(forum.forum.user('st1')).toMatchObject({ admin: false });
    // The content is another one now.
    expect(await push(['--from', 'users.csv', '--resume', '--allow-staff'])).toMatchObject({ code: 0 });
    expect(forum.forum.user('st1')).toMatchObject({ admin: true, moderator: false });
  });

  test('a field that is larger than any forum takes is cut or told, and does no harm', async () => {
    const bio = 'long '.repeat(1_500);
    file(
      'users.csv',
      `id,email,email_verified,username,bio,name\nh1,h1@example.com,1,hugo,"${bio}",Hugo\nh2,h2@example.com,1,hans,,${'n'.repeat(300)}\nh3,h3@example.com,1,hein,"${'x'.repeat(1_100_000)}",Hein\nh4,h4@example.com,1,henk,,Henk\n`,
    );
    const { code, stdout } = await push(['--from', 'users.csv']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/line 3, name: /);
    expect(stdout).toMatch(/line 4: is longer than 1000000 characters, or a quote/);
    expect(stdout.length).toBeLessThan(2_000);
    expect(forum.forum.user('h1')).toMatchObject({ name: 'Hugo' });
    expect(forum.forum.user('h4')).toMatchObject({ name: 'Henk' });
    expect(forum.forum.user('h3')).toBeUndefined();
  });
});

test('from JSONL on standard input, with progress as plain lines in a log', async () => {
  const lines = [
    { id: 10, email: 'j10@example.com', emailVerified: true, username: 'joe', groups: ['makers'] },
  ];
  const { code, stdout, stderr } = await push(['--from', '-', '--groups', 'makers'], {
    stdin: `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"id":`,
  });
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  expect(stdout).toContain('from standard input:');
  expect(stdout).toContain('line 2: is not JSON');
  expect(forum.forum.user('10')).toMatchObject({
    username: 'joe',
    groups: expect.arrayContaining(['makers']),
  });
});

describe('a dry run', () => {
  test('tells what would be sent, refused and left out, asks nobody and writes nothing', async () => {
    file(
      'users.csv',
      'id,email,username,groups\nd1,d1@example.com,dan,makers\nd2,d2@example.com,dot,\nd3,x,,\n',
    );
    expect(await push(['--from', 'users.csv', '--groups', 'exact'])).toMatchObject({ code: 1 });
    file(
      'users.csv',
      'id,email,username,groups,suspended\nd1,d1@example.com,dan,testers,\nd2,d2@example.com,dot,,\nd3,d3@example.com,doe,"@staff",\nnull,d4@example.com,,,\nd5,d5@example.com,,,1\nd6,d6@example.com,dug,,\n',
    );
    const [before, files] = [proxy.calls(), readdirSync(cwd).sort()];
    const journal = read('forum-sso-push-discourse.journal');
    const { code, stdout, stderr } = await push([
      '--from',
      'users.csv',
      '--groups',
      'exact',
      '--resume',
      '--dry-run',
    ]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^Dry run, nothing was sent\. To discourse at /);
    expect(stdout).toMatch(
      /\+ +1 {2}new, would be sent\n +~ +1 {2}changed, would be sent\n +=.* 1 {2}unchanged/,
    );
    expect(stdout).toMatch(/- +1 {2}suspended/);
    expect(stdout).toMatch(/! +2 {2}would be refused before they are sent/);
    expect(stdout).toMatch(/line 4, id d3: ERR_SITE_USER_INVALID: .*"@"/);
    expect(proxy.calls()).toBe(before);
    expect(readdirSync(cwd).sort()).toEqual(files);
    expect(read('forum-sso-push-discourse.journal')).toBe(journal);
  });
});

describe('the journal', () => {
  test('of another forum is refused, and nothing is sent', async () => {
    file('users.csv', 'id,email,username\nr1,r1@example.com,ron\n');
    expect(await push(['--from', 'users.csv', '--journal', 'j'])).toMatchObject({ code: 0 });
    const before = proxy.calls();
    const other = await push(['--from', 'users.csv', '--journal', 'j', '--resume'], {
      env: { DISCOURSE_URL: forum.forum.origin },
    });
    expect(other).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/belongs to another community/),
    });
    const again = await push(['--from', 'users.csv', '--journal', 'j']);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringMatching(/--resume/) });
    expect(proxy.calls()).toBe(before);
    const fresh = await push(['--from', 'users.csv', '--journal', 'j', '--fresh', '--report', '-']);
    expect(JSON.parse(fresh.stdout)).toMatchObject({ sent: { new: 1 } });
  });

  test('two runs do not share one', async () => {
    file(
      'users.csv',
      `id,email,username\n${Array.from({ length: 30 }, (_, i) => `l${i},l${i}@example.com,lea${i}`).join('\n')}\n`,
    );
    // Half a minute: the first has to be at work until the second has ended, however slow the machine is.
    const args = ['push', '--from', 'users.csv', '--rate', '60', '--quiet'];
    const first = startCli(args, { cwd, env: forum.env() });
    while (!existsSync(join(cwd, 'forum-sso-push-discourse.journal.lock')))
      await new Promise((r) => setTimeout(r, 20));
    const second = await runCli([...args, '--resume'], { cwd, env: forum.env() });
    expect(second).toMatchObject({ code: 2, stderr: expect.stringMatching(/Another run \(process \d+\)/) });
    first.child.kill('SIGINT');
    expect(await first.ended).toMatchObject({ code: 130, signal: null });
  });
});

describe('pace', () => {
  test('--rate is kept: so many a minute, evenly', async () => {
    const times: number[] = [];
    const paced = await startFaultyProxy(forum.forum.origin);
    paced.onTaken = () => times.push(performance.now());
    file(
      'users.csv',
      `id,email,username\n${Array.from({ length: 12 }, (_, i) => `p${i},p${i}@example.com,pat${i}`).join('\n')}\n`,
    );
    const args = ['push', '--from', 'users.csv', '--rate', '600', '--concurrency', '8', '--quiet'];
    expect(await runCli(args, { cwd, env: forum.env(paced.url) })).toMatchObject({ code: 0 });
    const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1_000;
    // 1.1 seconds as they leave; as they arrive, a busy machine may push them together.
    expect(seconds).toBeGreaterThan(0.7);
    await paced.close();
  });

  test('without --rate it is what the forum takes: 60 a minute', async () => {
    const times: number[] = [];
    const paced = await startFaultyProxy(forum.forum.origin);
    paced.onTaken = () => times.push(performance.now());
    file(
      'users.csv',
      'id,email,username\nq1,q1@example.com,qi\nq2,q2@example.com,qa\nq3,q3@example.com,qo\n',
    );
    expect(
      await runCli(['push', '--from', 'users.csv', '--quiet'], { cwd, env: forum.env(paced.url) }),
    ).toMatchObject({ code: 0 });
    // Two seconds as they leave; as they arrive, a busy machine may push them together.
    expect((times[2] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1_000);
    await paced.close();
  });

  test('Retry-After is obeyed by everybody', async () => {
    const times: number[] = [];
    let refused = false;
    const server: Server = createServer((request, response) => {
      request.resume().on('end', () => {
        times.push(performance.now());
        if (!refused) {
          refused = true;
          response.writeHead(429, { 'Retry-After': '2' }).end('Slow down.');
        } else {
          response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"id":1,"username":"u"}');
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    file(
      'users.csv',
      `id,email,username\n${Array.from({ length: 10 }, (_, i) => `w${i},w${i}@example.com,wim${i}`).join('\n')}\n`,
    );
    const result = await push(['--from', 'users.csv', '--concurrency', '1', '--report', '-'], {
      env: { DISCOURSE_URL: url },
    });
    expect(JSON.parse(result.stdout)).toMatchObject({
      sent: { new: 10 },
      calls: 11,
      retries: 0,
      slowDowns: 1,
    });
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(2_000);
    server.close();
    server.closeAllConnections();
  });
});

describe('it stops, to be resumed', () => {
  test('when the forum refuses the key', async () => {
    file(
      'users.csv',
      `id,email,username\n${Array.from({ length: 50 }, (_, i) => `k${i},k${i}@example.com,kim${i}`).join('\n')}\n`,
    );
    const before = proxy.calls();
    const { code, stdout } = await push(['--from', 'users.csv', '--report', 'r.json'], {
      env: { DISCOURSE_ADMIN_API_KEY: 'x'.repeat(64) },
    });
    expect(code).toBe(3);
    expect(stdout).toMatch(/Stopped: ERR_DISCOURSE_KEY_REFUSED: /);
    expect(proxy.calls() - before).toBeLessThanOrEqual(4);
    expect(JSON.parse(read('r.json'))).toMatchObject({
      outcome: 'stopped',
      exitCode: 3,
      stopped: { code: 'ERR_DISCOURSE_KEY_REFUSED' },
    });
  });

  test('when the secrets differ', async () => {
    file('users.csv', 'id,email,username\nm1,m1@example.com,mo\n');
    const { code, stdout } = await push(['--from', 'users.csv'], {
      env: { DISCOURSE_CONNECT_SECRET: 'quite another secret than the forum has' },
    });
    expect(code).toBe(3);
    expect(stdout).toMatch(/ERR_DISCOURSE_SYNC_REFUSED/);
    expect(stdout).not.toContain('quite another');
  });

  test('when nobody answers', async () => {
    file(
      'users.csv',
      `id,email,username\n${Array.from({ length: 50 }, (_, i) => `n${i},n${i}@example.com,nia${i}`).join('\n')}\n`,
    );
    const { code, stdout } = await push(['--from', 'users.csv', '--attempts', '2', '--backoff', '0.01'], {
      env: { DISCOURSE_URL: 'http://127.0.0.1:9' },
    });
    expect(code).toBe(3);
    expect(stdout).toMatch(/Stopped: ERR_DISCOURSE_UNAVAILABLE/);
  });
});

describe('options from a file', () => {
  const config = (body: string): string => `
import { memoryStore } from '@forum-sso/core';
import { discourse } from '@forum-sso/core/discourse';
${body}`;
  const connector = `discourse({
  name: 'club',
  forumUrl: process.env.DISCOURSE_URL,
  secret: process.env.DISCOURSE_CONNECT_SECRET,
  api: { key: process.env.DISCOURSE_ADMIN_API_KEY },
  externalId: (id) => 'site-' + id,
  mapUser: (fields) => ({ ...fields, title: 'Member' }),
})`;

  test('a TypeScript file with the options of createForumSso; who was removed or suspended at the site stays away', async () => {
    file(
      'forum-sso.config.ts',
      config(`
import type { ForumSsoOptions } from '@forum-sso/core';
const kept = memoryStore();
await kept.people.remove('f2');
await kept.people.suspend('f3', { reason: null, until: null });
const options: ForumSsoOptions = {
  baseUrl: process.env.FORUM_SSO_BASE_URL ?? '',
  keys: process.env.FORUM_SSO_KEYS ?? '',
  connectors: [${connector.replaceAll(/process\.env\.\w+/g, (name) => `(${name} ?? '')`)}],
  store: { ...kept, shared: true },
};
export default options;`),
    );
    file(
      'users.csv',
      'id,email,username\nf1,f1@example.com,fay\nf2,f2@example.com,flo\nf3,f3@example.com,fia\n',
    );
    const { code, stdout, stderr } = await push(['--from', 'users.csv', '--report', 'r.json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^To club at /);
    expect(stdout).toMatch(/- +2 {2}removed or suspended at the site/);
    expect(forum.forum.user('site-f1')).toMatchObject({ username: 'fay', title: 'Member' });
    for (const id of ['site-f2', 'site-f3']) expect(forum.forum.user(id)).toBeUndefined();
    expect(existsSync(join(cwd, 'forum-sso-push-club.journal'))).toBe(true);
  });

  test('a TypeScript file that Node itself does not read on any line: enums, other files without an ending', async () => {
    file('titles.ts', "export enum Title { Member = 'Member', Guest = 'Guest' }\n");
    file(
      'forum-sso.config.ts',
      config(`
import { Title } from './titles';
const { FORUM_SSO_BASE_URL: baseUrl = '', FORUM_SSO_KEYS: keys = '' } = process.env;
const connector = ${connector
        .replaceAll(/process\.env\.\w+/g, (name) => `(${name} ?? '')`)
        .replace("'Member'", 'Title.Guest')};
export default { baseUrl, keys, connectors: [connector], findUser: async (id: string) => null };`),
    );
    file('users.csv', 'id,email,username\nt1,t1@example.com,tia\n');
    const { code, stderr } = await push(['--from', 'users.csv']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(forum.forum.user('site-t1')).toMatchObject({ title: 'Guest' });
  });

  test('a function that gives them, and a connector by name', async () => {
    file(
      'my.mjs',
      config(`export default async () => ({
  baseUrl: process.env.FORUM_SSO_BASE_URL,
  keys: process.env.FORUM_SSO_KEYS,
  connectors: [${connector}, discourse({ forumUrl: 'https://other.example.com', secret: 'x'.repeat(40), api: { key: 'y'.repeat(40) } })],
});`),
    );
    file('users.csv', 'id,email,username\ng1,g1@example.com,gil\n');
    const unclear = await push(['--from', 'users.csv', '--config', 'my.mjs']);
    expect(unclear).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/name one by --to: club, discourse\./),
    });
    expect(await push(['--from', 'users.csv', '--config', 'my.mjs', '--to', 'club'])).toMatchObject({
      code: 0,
    });
    expect(forum.forum.user('site-g1')).toBeDefined();
  });

  test.each([
    ['throws', "throw new Error('The database is away.');", /cannot be loaded: The database is away\./],
    [
      'exports nothing',
      'export const options = {};',
      /must have the options of createForumSso as its default export/,
    ],
    [
      'has wrong options',
      "export default { baseUrl: 'nonsense', keys: [], connectors: [] };",
      /baseUrl must be an absolute URL/,
    ],
    ['is no JavaScript', 'export default {{;', /cannot be loaded: /],
  ])('a file that %s is told', async (_, body, problem) => {
    file('forum-sso.config.ts', body);
    file('users.csv', 'id,email\n');
    expect(await push(['--from', 'users.csv'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(problem),
    });
  });
});

describe('exit code 2, with everything that is wrong', () => {
  test.each<[string, readonly string[], Readonly<Record<string, string>>, readonly RegExp[]]>([
    ['no file', ['--from', 'none.csv'], {}, [/none\.csv cannot be read \(ENOENT\)/]],
    ['no --from', [], {}, [/required option '--from <file>' not specified/]],
    ['an unknown option', ['--from', 'u.csv', '--form', 'x'], {}, [/unknown option '--form'/]],
    [
      'options that make no sense',
      [
        '--from',
        'u.csv',
        '--rate',
        '-1',
        '--concurrency',
        '0',
        '--timeout',
        '99',
        '--map',
        'x',
        '--format',
        'xml',
        '--resume',
        '--fresh',
        '--groups',
        ',',
      ],
      {},
      [
        /--rate must be/,
        /--concurrency must be/,
        /--timeout must be/,
        /--map x/,
        /--format must be/,
        /not both/,
        /--groups must be/,
      ],
    ],
    [
      'an unknown connector',
      ['--from', 'u.csv', '--to', 'x'],
      {},
      [/--to x: there is no such connector\. There are: discourse\./],
    ],
    [
      'a forum without an API key',
      ['--from', 'u.csv'],
      { DISCOURSE_ADMIN_API_KEY: '' },
      [/No connector can push/, /discourse: The option api is needed/],
    ],
    [
      'no keys and no address',
      ['--from', 'u.csv'],
      { FORUM_SSO_KEYS: '', FORUM_SSO_BASE_URL: '' },
      [/Set FORUM_SSO_BASE_URL/, /Set FORUM_SSO_KEYS \("forum-sso keys"/],
    ],
    ['half a forum', ['--from', 'u.csv'], { DISCOURSE_CONNECT_SECRET: '' }, [/DISCOURSE_CONNECT_SECRET/]],
    [
      'a short secret',
      ['--from', 'u.csv'],
      { DISCOURSE_CONNECT_SECRET: 'short' },
      [/DISCOURSE_CONNECT_SECRET.* is shorter than 10 characters/],
    ],
    [
      'no environment file',
      ['--from', 'u.csv', '--config', 'x.mjs'],
      {},
      [/--config x\.mjs: there is no such file/],
    ],
  ])('%s', async (_, args, env, problems) => {
    file('u.csv', 'id,email\n');
    const { code, stdout, stderr } = await push(args, { env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    for (const problem of problems) expect(stderr).toMatch(problem);
    for (const value of Object.values(forum.env()).slice(3)) expect(stderr).not.toContain(value);
  });

  test('--env-file brings the variables', async () => {
    file(
      '.env',
      Object.entries(forum.env())
        .map(([name, value]) => `${name}=${value}`)
        .join('\n'),
    );
    file('users.csv', 'id,email,username\ne1,e1@example.com,eli\n');
    const run = await runCli(['--env-file', '.env', 'push', '--from', 'users.csv', '--quiet'], { cwd });
    expect(run).toMatchObject({ code: 0 });
    expect(forum.forum.user('e1')).toBeDefined();
    expect(Object.keys(siteVariables).length).toBeGreaterThan(0);
  });
});
