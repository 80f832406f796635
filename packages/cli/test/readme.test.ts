import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { environmentTable, errorTable } from '@forum-sso/core';
import { ReadmeExamples } from '@forum-sso/testkit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { exitCodes } from '../src/exit-codes.js';
import { columnTable } from '../src/push/columns.js';
import { runCli, temporaryFolder } from './support/run-cli.js';
import { startTestForum } from './support/test-forum.js';

const address = new URL('../README.md', import.meta.url);
const page = readFileSync(address, 'utf8');
const root = temporaryFolder();
let examples: ReadmeExamples;

beforeAll(async () => {
  examples = await ReadmeExamples.extract(address, new URL('.', import.meta.url));
});
afterAll(async () => {
  await examples.remove();
  root.remove();
});

function folder(name: string): string {
  mkdirSync(root.in(name));
  return root.in(name);
}

/** The block of a language, by its number on the page. */
function block(language: string, number = 0): string {
  const all = page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'));
  return [...all][number]?.[1] ?? '';
}

const section = (title: string): string => page.split(`\n## ${title}`)[1]?.split('\n## ')[0] ?? '';
/** What stands in the first column of a section's tables, without its back-ticks. */
const rows = (text: string): string[] =>
  [...text.matchAll(/^\| (?:`([^`]+)`|(\d+)) +\|/gm)].map(([, code = '', number = '']) =>
    (code + number).replaceAll('\\|', '|'),
  );

describe('the examples', () => {
  test('the configuration compiles, and a push takes it', async () => {
    expect(examples.count).toBe(1);
    expect(await examples.compile()).toBe('');
    const cwd = folder('config');
    writeFileSync(join(cwd, 'forum-sso.config.ts'), block('ts'));
    writeFileSync(join(cwd, 'users.csv'), block('csv'));
    const env = {
      FORUM_SSO_KEYS: randomBytes(32).toString('hex'),
      DISCOURSE_CONNECT_SECRET: randomBytes(32).toString('hex'),
      DISCOURSE_ADMIN_API_KEY: randomBytes(32).toString('hex'),
    };
    const { code, stdout } = await runCli(['push', '--from', 'users.csv', '--dry-run'], { cwd, env });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/\+ +2 {2}new, would be/) });
  }, 120_000);

  test('the ten lines work, one after the other', async () => {
    const cwd = folder('lines');
    const forum = await startTestForum({ groups: ['makers'] });
    writeFileSync(join(cwd, 'users.csv'), block('csv'));
    // What the lines write, with the addresses and keys of this test.
    const variables = Object.entries(forum.env());
    writeFileSync(join(cwd, '.env'), variables.map(([name, value]) => `${name}=${value}\n`).join(''));
    const lines = block('sh', 1)
      .split('\n')
      .filter((line) => line.startsWith('npx forum-sso '));
    expect(lines).toHaveLength(5);
    const outputs: string[] = [];
    // The doctor would look for the site, which is not there.
    for (const line of lines.filter((text) => !text.includes(' doctor '))) {
      const [words = ''] = line.split('#');
      const result = await runCli(words.trim().split(/\s+/).slice(2), { cwd });
      expect({ line, code: result.code }).toEqual({ line, code: 0 });
      outputs.push(result.stdout);
    }
    expect(outputs[0]).toContain('FORUM_SSO_KEYS stands in .env already.');
    expect(forum.forum.user('7')).toMatchObject({ name: 'Sam Example', active: true });
    expect(forum.forum.user('8')).toMatchObject({ name: 'Kim Example', active: false });
    expect(outputs.at(-1)).toMatch(/= +2 {2}unchanged/);
    await forum.forum.close();
  }, 240_000);
});

describe('what the page says is so', () => {
  test.each([
    ['push', '`forum-sso push`'],
    ['inspect', '`forum-sso inspect'],
    ['doctor', '`forum-sso doctor`'],
    ['keys', '`forum-sso keys'],
    ['emulate', '`forum-sso emulate'],
  ])('each option of %s is told, and no other', async (command, title) => {
    const { stdout } = await runCli([command, '--help'], { cwd: root.path });
    const real = [...stdout.matchAll(/^ {2}(--[a-z-]+(?: <[^>]+>)?)/gm)].map(([, flags]) => flags);
    expect(real.length).toBeGreaterThan(0);
    expect(rows(section(title)).sort()).toEqual(real.sort());
  });

  test('each exit code is told', () => {
    expect(rows(section('Exit codes')).map(Number)).toEqual(Object.values(exitCodes));
  });

  test('each column is told', () => {
    const [, told = ''] = /\*\*Columns\*\* are (.*?)`custom\./s.exec(page) ?? [];
    expect([...told.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name)).toEqual(
      columnTable.map(({ column }) => column),
    );
  });

  test('the codes and variables that are named exist', () => {
    const codes = [...page.matchAll(/\bERR_[A-Z_]+\b/g)].map(([code]) => code);
    expect(codes.filter((code) => !Object.hasOwn(errorTable, code))).toEqual([]);
    const variables = [...section('Where the options').matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(
      ([, name = '']) => name,
    );
    const known = new Set([...Object.keys(environmentTable), 'NODE_USE_ENV_PROXY']);
    expect(variables.filter((name) => !known.has(name))).toEqual([]);
    expect(variables.length).toBeGreaterThan(18);
  });
});
