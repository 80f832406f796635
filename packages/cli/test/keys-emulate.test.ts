import { readFileSync, statSync, writeFileSync } from 'node:fs';

import { environmentTable } from '@forum-sso/core';
import { afterAll, describe, expect, test } from '@jest/globals';

import { keyTable } from '../src/keys/makers.js';
import { runCli, startCli, temporaryFolder } from './support/run-cli.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const cwd = folder.path;

function variables(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}

describe('keys', () => {
  test('makes what a site needs that logs people in to a forum, new each time', async () => {
    const [one, other] = [await runCli(['keys'], { cwd }), await runCli(['keys'], { cwd })];
    expect(one).toMatchObject({ code: 0, stderr: '' });
    const made = variables(one.stdout);
    expect(Object.keys(made)).toEqual(['FORUM_SSO_KEYS', 'DISCOURSE_CONNECT_SECRET']);
    expect(Buffer.from(made.FORUM_SSO_KEYS ?? '', 'base64')).toHaveLength(32);
    expect(made.DISCOURSE_CONNECT_SECRET).toMatch(/^[\da-f]{64}$/);
    expect(variables(other.stdout).FORUM_SSO_KEYS).not.toBe(made.FORUM_SSO_KEYS);
  });

  test('each has the alphabet of the other side, and none could be split or cut in an environment file', () => {
    for (const row of keyTable) {
      if (!('make' in row)) continue;
      const value = row.make();
      expect(value).not.toMatch(/[\s,#"'|$\\]/);
      expect(value.length).toBeGreaterThanOrEqual(32);
      expect(row.make()).not.toBe(value);
      if (row.name === 'DISCOURSE_API_KEY') expect(value).toMatch(/^[a-z0-9_-]+$/);
      if (row.name === 'FRUUM_CALLER') expect(value).toMatch(/^fruum:[\w-]{32}$/);
    }
  });

  test('every secret of the environment is in the table', () => {
    const secrets = Object.keys(environmentTable).filter((name) =>
      /SECRET|KEYS?$|TOKEN|CALLER|KID/.test(name),
    );
    const known = keyTable.map(({ name }) => name);
    expect(
      secrets.filter(
        (name) => !known.some((other) => other === name) && name !== 'DISCOURSE_CONNECT_PROVIDER_SECRETS',
      ),
    ).toEqual([]);
    expect(known.filter((name) => !Object.hasOwn(environmentTable, name))).toEqual([]);
  });

  test('writes to a file for its owner alone, and never over what stands there', async () => {
    writeFileSync(folder.in('.env'), 'FORUM_SSO_KEYS=mine');
    const run = await runCli(['keys', '--write', '.env', 'FORUM_SSO_KEYS', 'fruum_secret'], { cwd });
    expect(run).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/FRUUM_SECRET is in \.env now.*\nFORUM_SSO_KEYS stands in \.env already/),
    });
    const text = readFileSync(folder.in('.env'), 'utf8');
    expect(text).toMatch(/^FORUM_SSO_KEYS=mine\n# .*\nFRUUM_SECRET=[\w-]{43}\n$/);
    expect(run.stdout).not.toContain(variables(text).FRUUM_SECRET ?? '?');
    expect(statSync(folder.in('.env')).mode & 0o777).toBe(0o600);
  });

  test('says where secrets are made that it cannot make', async () => {
    const run = await runCli(['keys', 'CORAL_SSO_SECRET', 'NONSENSE'], { cwd });
    expect(run).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/CORAL_SSO_SECRET: Coral makes it.*\n.*no secret "NONSENSE"/),
    });
    const list = await runCli(['keys', '--list'], { cwd });
    for (const { name } of keyTable) expect(list.stdout).toContain(`${name}  `);
  });
});

describe('emulate', () => {
  test.each([
    [
      'discourse',
      'DISCOURSE_URL',
      ['DISCOURSE_CONNECT_SECRET', 'DISCOURSE_ADMIN_API_KEY', 'DISCOURSE_LOGIN_SECRET'],
    ],
    ['talkyard', 'TALKYARD_URL', ['TALKYARD_API_SECRET', 'TALKYARD_PASETO_SECRET']],
    ['coral', 'CORAL_URL', ['CORAL_SSO_SECRET', 'CORAL_SSO_KID', 'CORAL_ACCESS_TOKEN']],
    ['fruum', 'FRUUM_URL', ['FRUUM_FORUM_ID', 'FRUUM_SECRET']],
  ])(
    '%s starts, tells the variables of the site, and fits them: the doctor is content',
    async (name, url, others) => {
      const run = startCli(['emulate', name, '--port', '0'], { cwd });
      const [text] = await run.waitFor(/[\s\S]+\n\n[\s\S]+\n$/);
      const env = variables(text);
      for (const variable of [url, ...others]) expect(env[variable]).toMatch(/./);
      for (const [shown] of text.matchAll(/http:\/\/127\.0\.0\.1:\d+\/\w+/g))
        expect((await fetch(shown)).status).toBe(200);
      const site = {
        FORUM_SSO_BASE_URL: 'http://localhost:3000/sso',
        FORUM_SSO_KEYS: 'bK8oP0K0yH6gd8bgJ7bX9c3tq2mWm1zX5c6v7b8n9mQ=',
      };
      const doctor = await runCli(['doctor', '--json'], { cwd, env: { ...site, ...env } });
      const { findings } = JSON.parse(doctor.stdout);
      expect(findings).toContainEqual({ level: 'ok', about: name, text: 'It answers and accepts our keys.' });
      run.child.kill('SIGINT');
      expect(await run.ended).toMatchObject({ code: 0, stderr: '' });
      await expect(fetch(env[url] ?? '')).rejects.toThrow();
    },
  );

  test('takes the secrets of the environment', async () => {
    const env = {
      DISCOURSE_CONNECT_SECRET: 'a secret from the environment',
      FORUM_SSO_BASE_URL: 'http://localhost:8080/x',
    };
    const run = startCli(['emulate', 'discourse', '--port', '0'], { cwd, env });
    const [text] = await run.waitFor(/[\s\S]+\n\n[\s\S]+\/logs[\s\S]+\n$/);
    expect(text).toContain('DISCOURSE_CONNECT_SECRET=a secret from the environment\n');
    const login = await fetch(`${variables(text).DISCOURSE_URL}/session/sso`, { redirect: 'manual' });
    expect(login.headers.get('location')).toMatch(/^http:\/\/localhost:8080\/x\/discourse\?sso=/);
    const { port } = new URL(variables(text).DISCOURSE_URL ?? '');
    const second = await runCli(['emulate', 'coral', '--port', port], { cwd });
    expect(second).toMatchObject({ code: 2, stderr: expect.stringContaining(`Port ${port} is in use`) });
    run.child.kill('SIGTERM');
    expect(await run.ended).toMatchObject({ code: 0 });
  });

  test.each([
    [['emulate', 'vanilla'], /There are: discourse, talkyard, coral, fruum/],
    [['emulate', 'coral', '--port', '99999'], /--port must be/],
    [['emulate'], /missing required argument/],
    [['what'], /unknown command/],
  ])('%j is refused', async (args, said) => {
    expect(await runCli(args, { cwd })).toMatchObject({ code: 2, stderr: expect.stringMatching(said) });
  });
});

test('the version and the list of commands', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(await runCli(['--version'], { cwd })).toMatchObject({ code: 0, stdout: `${version}\n` });
  const { code, stdout } = await runCli(['--help'], { cwd });
  expect(code).toBe(0);
  for (const command of ['push', 'inspect', 'doctor', 'keys', 'emulate'])
    expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
});
