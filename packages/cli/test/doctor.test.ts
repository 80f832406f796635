import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';

import { startTalkyardEmulator } from '@forum-sso/emulators/talkyard';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';

import { checkClocks } from '../src/doctor/check-clock.js';
import { checkRedis } from '../src/doctor/check-redis.js';
import { networkFault } from '../src/doctor/network-fault.js';
import { runCli, temporaryFolder } from './support/run-cli.js';
import { startTestForum } from './support/test-forum.js';

const folder = temporaryFolder();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => folder.remove());

interface Finding {
  readonly level: string;
  readonly about: string;
  readonly text: string;
  readonly fix?: string;
}

async function doctor(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const run = await runCli(['doctor', '--json', ...args], { cwd: folder.path, env });
  const { findings }: { findings: readonly Finding[] } = JSON.parse(run.stdout);
  const about = (name: string): string =>
    findings
      .filter((finding) => finding.about === name)
      .map(({ level, text, fix = '' }) => `${level}: ${text} ${fix}`.trim())
      .join('\n');
  return { ...run, findings, about };
}

/** Where nothing listens, and `fetch` goes nevertheless. */
async function deadAddress(): Promise<string> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

/** A site that answers at its addresses. */
async function startSite(): Promise<string> {
  const site = createServer((request, response) => {
    response.writeHead(request.url?.startsWith('/sso/') === true ? 400 : 404).end();
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  closing.push(() => site.close());
  const address = site.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/sso`;
}

async function startForum(settings: Record<string, unknown> = {}, site?: string) {
  const loginSecret = 'the secret of a line of provider secrets';
  const { forum, env } = await startTestForum({
    ...(site === undefined ? {} : { connectUrl: `${site}/discourse` }),
    settings: {
      enable_discourse_connect_provider: true,
      discourse_connect_provider_secrets: `127.0.0.1|${loginSecret}`,
      ...settings,
    },
  });
  closing.push(() => forum.close());
  return { forum, env: { ...env(), DISCOURSE_LOGIN_SECRET: loginSecret } };
}

describe('with a site and its communities', () => {
  test('all is well: both sides have the same secrets, and it says so', async () => {
    const site = await startSite();
    const { env } = await startForum({}, site);
    const talkyard = await startTalkyardEmulator({ apiSecrets: ['k3yk3yk3yk3yk3yk3yk3y01'] });
    closing.push(() => talkyard.close());
    const { code, stderr, findings, about } = await doctor({
      ...env,
      FORUM_SSO_BASE_URL: site,
      TALKYARD_URL: talkyard.origin,
      TALKYARD_API_SECRET: 'k3yk3yk3yk3yk3yk3yk3y01',
    });
    expect({ code, stderr, errors: findings.filter(({ level }) => level === 'error') }).toEqual({
      ...{ code: 0, stderr: '', errors: [] },
    });
    expect(about('discourse')).toMatch(/^ok: It answers and accepts our keys\./m);
    expect(about('talkyard')).toMatch(/^ok: It answers and accepts our keys\./m);
    expect(about('discourse login')).toMatch(
      /^ok: The forum sends people to .*\/sso\/discourse, and both sides have the same secret/,
    );
    expect(about('discourse-login')).toMatch(/^ok: The forum answers the site/);
    expect(about('clock')).toMatch(/^ok: Agrees with that of http/m);
    expect(about('site')).toMatch(/^warning: .* is on http.*\nok: Something answers at .*\/sso\/discourse/);
    expect(about('store')).toMatch(/^warning: No database and no Redis/);
  });

  test('secrets that differ, keys that are refused, settings that point elsewhere, each with what to do', async () => {
    const { env } = await startForum({});
    const { code, stdout, about } = await doctor({
      ...env,
      FORUM_SSO_BASE_URL: 'http://localhost:3999/elsewhere',
      DISCOURSE_CONNECT_SECRET: 'not what the forum has, but long enough',
      DISCOURSE_ADMIN_API_KEY: 'x'.repeat(64),
    });
    expect(code).toBe(1);
    expect(about('discourse')).toMatch(/^error: ERR_DISCOURSE_KEY_REFUSED: /m);
    expect(about('discourse login')).toMatch(
      /^error: The forum sends people to http:\/\/localhost:3000\/sso\/discourse, and the site answers at http:\/\/localhost:3999\/elsewhere\/discourse\. Set "discourse connect url"/,
    );
    expect(about('discourse-login')).toMatch(
      /^error: The forum has no secret for localhost\. Add a line "localhost\|<secret>"/,
    );
    expect(about('site')).toMatch(/warning: .* cannot be reached from here: nothing listens there/);
    expect(stdout).not.toMatch(/not what the forum has|x{64}/);
  });

  test.each<[string, Record<string, unknown>, Record<string, string>, RegExp]>([
    [
      'DiscourseConnect is off',
      { enable_discourse_connect: false },
      {},
      /^error: The forum does not use DiscourseConnect\. Switch on/m,
    ],
    [
      'the secrets differ',
      {},
      { DISCOURSE_CONNECT_SECRET: 'another secret than the one of the forum' },
      /^error: The forum signs with another secret than DISCOURSE_CONNECT_SECRET/m,
    ],
    [
      'the provider is off',
      { enable_discourse_connect_provider: false },
      {},
      /^error: The forum logs nobody in to sites\. Switch on/m,
    ],
    [
      'the provider secrets differ',
      {},
      { DISCOURSE_LOGIN_SECRET: 'another secret than that of the line' },
      /^error: The forum has another secret for 127\.0\.0\.1/m,
    ],
  ])('%s', async (_, settings, change, said) => {
    const site = await startSite();
    const { env } = await startForum(settings, site);
    const { code, about } = await doctor({ ...env, FORUM_SSO_BASE_URL: site, ...change });
    expect(code).toBe(1);
    expect(`${about('discourse login')}\n${about('discourse-login')}`).toMatch(said);
  });

  test('a forum that is not there, and a site that is not mounted', async () => {
    const site = await startSite();
    const { env } = await startForum({}, site);
    const { code, about } = await doctor({
      ...env,
      FORUM_SSO_BASE_URL: site.replace('/sso', '/other'),
      DISCOURSE_URL: await deadAddress(),
    });
    expect(code).toBe(1);
    expect(about('discourse')).toMatch(
      /ERR_DISCOURSE_UNAVAILABLE: .*http:\/\/127\.0\.0\.1:\d+: nothing listens there\. .*is the server running\?/s,
    );
    expect(about('site')).toMatch(/^error: Nothing answers at .*\/other\/discourse/m);
  });
});

test('everything that is wrong with the environment is told, for people too, and no secret', async () => {
  writeFileSync(folder.in('key'), 'a secret in a file that everybody may read');
  chmodSync(folder.in('key'), 0o644);
  const env = {
    ...{
      FORUM_SSO_BASE_URL: 'nonsense',
      DISCOURSE_URL: 'http://forum.example.com',
      DISCOURSE_CONNECT_SECRET: 'geheim',
    },
    FORUM_SSO_KEYS_FILE: folder.in('none'),
    TALKYARD_API_SECRET_FILE: folder.in('key'),
  };
  const run = await runCli(['doctor'], { cwd: folder.path, env });
  expect(run.code).toBe(1);
  expect(run.stdout).toMatch(
    /^ERROR {4}configuration: FORUM_SSO_KEYS_FILE names a file that cannot be read/m,
  );
  expect(run.stdout).toMatch(
    /^warning {2}secrets: Everybody on this machine may read the file of TALKYARD_API_SECRET/m,
  );
  expect(run.stdout).toMatch(/^ {9}chmod 600 /m);
  expect(run.stdout).toMatch(/\d errors, \d warnings\.\n$/);
  const second = await runCli(['doctor'], {
    cwd: folder.path,
    env: { ...env, FORUM_SSO_KEYS_FILE: '', FORUM_SSO_KEYS: 'x', TALKYARD_API_SECRET_FILE: '' },
  });
  expect(second.stdout).toMatch(/configuration: baseUrl must be an absolute URL/);
  expect(second.stdout).toMatch(/configuration: keys\[0\]/);
  for (const { stdout } of [run, second]) expect(stdout).not.toMatch(/geheim|everybody may read\b(?! the)/);
});

describe('Redis', () => {
  /** Answers `INFO` as told, after `AUTH` with the right password if there is one. */
  async function fakeRedis(info: string, password?: string): Promise<string> {
    const server: Server = createTcpServer((socket) => {
      let known = password === undefined;
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        const words = chunk
          .toString()
          .split('\r\n')
          .filter((_, index) => index > 0 && index % 2 === 0);
        if (words[0] === 'AUTH') {
          known = words.at(-1) === password;
          socket.write(known ? '+OK\r\n' : '-WRONGPASS invalid username-password pair\r\n');
        } else if (!known) {
          socket.write('-NOAUTH Authentication required.\r\n');
        } else if (info.startsWith('-')) {
          socket.write(`${info}\r\n`);
        } else {
          // In two pieces, as networks do.
          const reply = Buffer.from(`$${Buffer.byteLength(info)}\r\n${info}\r\n`);
          socket.write(reply.subarray(0, 10));
          setTimeout(() => socket.write(reply.subarray(10)), 20);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close());
    const address = server.address();
    return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }
  const lines = (values: Readonly<Record<string, string>>): string =>
    ['# Server', ...Object.entries(values).map(([name, value]) => `${name}:${value}`), ''].join('\r\n');
  const good = { redis_version: '7.2.4', maxmemory_policy: 'noeviction', aof_enabled: '1' };

  test('that can be trusted', async () => {
    expect(await checkRedis(`redis://${await fakeRedis(lines(good))}/0`)).toEqual([
      { level: 'ok', about: 'Redis', text: expect.stringContaining('Version 7.2.4') },
    ]);
  });

  test.each<[string, Record<string, string>, string, RegExp]>([
    ['drops keys', { maxmemory_policy: 'allkeys-lru' }, 'warning', /drops keys.*allkeys-lru/],
    ['keeps nothing', { aof_enabled: '0' }, 'warning', /no append-only file/],
    ['is too old', { redis_version: '6.0.16' }, 'error', /6\.2 is needed/],
  ])('that %s', async (_, change, level, said) => {
    expect(await checkRedis(`redis://${await fakeRedis(lines({ ...good, ...change }))}`)).toEqual([
      expect.objectContaining({ level, text: expect.stringMatching(said) }),
    ]);
  });

  test('with a password, right and wrong, and one that shows nothing', async () => {
    const place = await fakeRedis(lines(good), 'p@ss:word');
    expect(await checkRedis(`redis://:p%40ss%3Aword@${place}`)).toMatchObject([{ level: 'ok' }]);
    for (const url of [`redis://:wrong@${place}`, `redis://${place}`]) {
      const findings = await checkRedis(url);
      expect(findings).toMatchObject([{ level: 'error', text: expect.stringContaining('password') }]);
      expect(JSON.stringify(findings)).not.toContain('wrong@');
    }
    expect(await checkRedis(`redis://${await fakeRedis('-NOPERM no')}`)).toMatchObject([
      { level: 'warning' },
    ]);
  });

  test('that is not there, or no Redis at all', async () => {
    expect(await checkRedis('redis://127.0.0.1:9')).toMatchObject([
      { level: 'error', text: expect.stringContaining('nothing listens') },
    ]);
    expect(await checkRedis('localhost:6379')).toMatchObject([{ level: 'error' }]);
    const silent = createTcpServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    closing.push(() => silent.close());
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : '';
    expect(await checkRedis(`redis://127.0.0.1:${port}`)).toMatchObject([{ level: 'error' }]);
  });
});

test('clocks: seconds are noticed, a minute is an error', () => {
  const at = (clockAhead: number | null) => ({ origin: 'https://f.example.com', clockAhead, fault: null });
  expect(checkClocks([at(null)])).toEqual([]);
  expect(checkClocks([at(2_000), at(-20_000), at(90_000)]).map(({ level }) => level)).toEqual([
    'ok',
    'warning',
    'error',
  ]);
  expect(checkClocks([at(-90_000)])[0]?.text).toContain('1 min 30 s');
});

test('faults of the network are told in words, from the causes inside', () => {
  const inner = Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' });
  expect(networkFault(new TypeError('fetch failed', { cause: inner })).text).toBe('its certificate is over');
  expect(networkFault(Object.assign(new Error('x'), { name: 'TimeoutError' })).text).toMatch(/in time/);
  expect(networkFault(Object.assign(new Error('x'), { code: 'ESTRANGE' })).text).toContain('ESTRANGE');
  expect(networkFault(undefined).text).toContain('unknown');
});

test('a configuration file is examined as well', async () => {
  const { env } = await startForum();
  writeFileSync(
    folder.in('forum-sso.config.mjs'),
    `import { discourse } from '@forum-sso/core/discourse';
export default {
  baseUrl: process.env.FORUM_SSO_BASE_URL,
  keys: process.env.FORUM_SSO_KEYS,
  connectors: [
    discourse({ name: 'club', forumUrl: process.env.DISCOURSE_URL, secret: process.env.DISCOURSE_CONNECT_SECRET, api: { key: process.env.DISCOURSE_ADMIN_API_KEY } }),
    discourse({ name: 'plain', forumUrl: 'https://other.example.com', secret: 'a short one' }),
  ],
};`,
  );
  const { about } = await doctor(env, '--config', 'forum-sso.config.mjs');
  expect(about('club')).toMatch(/^ok: It answers/);
  expect(about('plain')).toMatch(
    /^ok: Its options are right; there is nothing to ask it\.\nwarning: .*shorter than 32 characters/,
  );
});
