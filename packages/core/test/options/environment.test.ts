import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';

import { isForumSsoError } from '../../src/errors.js';
import {
  describeVariable,
  type EnvironmentName,
  environmentTable,
  readEnvironment,
} from '../../src/options/environment.js';

const folder = mkdtempSync(join(tmpdir(), 'forum-sso-environment-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readEnvironment(environment);
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    expect(error.code).toBe('ERR_OPTIONS_INVALID');
    return error.problems;
  }
  throw new Error('it was read');
}

const names: readonly EnvironmentName[] = [
  'FORUM_SSO_BASE_URL',
  'FORUM_SSO_KEYS',
  'DISCOURSE_URL',
  'DISCOURSE_CONNECT_SECRET',
  'DISCOURSE_ADMIN_API_KEY',
  'DISCOURSE_ADMIN_API_USER',
  'DISCOURSE_LOGIN_SECRET',
  'DISCOURSE_WEBHOOK_SECRET',
  'DISCOURSE_CONNECT_PROVIDER_SECRETS',
  'DISCOURSE_API_KEY',
  'WEBHOOK_TARGETS',
  'TALKYARD_URL',
  'TALKYARD_API_SECRET',
  'TALKYARD_PASETO_SECRET',
  'CORAL_URL',
  'CORAL_SSO_SECRET',
  'CORAL_SSO_KID',
  'CORAL_ACCESS_TOKEN',
  'CORAL_WEBHOOK_SECRET',
  'FRUUM_FORUM_ID',
  'FRUUM_SECRET',
  'FRUUM_CALLER',
  'REDIS_URL',
  'DATABASE_URL',
];

describe('every promised variable', () => {
  test.each(names)('%s is read, directly and from a file', (name) => {
    const value = environmentTable[name].kind === 'list' ? ['a value'] : 'a value';
    expect(readEnvironment({ [name]: 'a value' })).toEqual({ [name]: value });
    expect(readEnvironment({ [`${name}_FILE`]: file(name, 'a value\n') })).toEqual({ [name]: value });
    expect(describeVariable(name)).toMatch(new RegExp(`^${name} \\(.+\\)$`));
  });
});

describe('values', () => {
  test('others are left alone, blank ones are not set', () => {
    expect(
      readEnvironment({ PATH: '/bin', DISCOURSE_URL: ' ', FORUM_SSO_KEYS: '', REDIS_URL_FILE: '' }),
    ).toEqual({});
    expect(readEnvironment({ FORUM_SSO_KEYS: ' , ,' })).toEqual({});
  });

  test.each([
    ['a,b', ['a', 'b']],
    [' a , b ', ['a', 'b']],
    ['a\nb,c\r\n\r\nd', ['a', 'b,c', 'd']],
    ['a,b\n', ['a,b']],
  ])('the list %j', (text, list) => {
    expect(readEnvironment({ FORUM_SSO_KEYS: text })).toEqual({ FORUM_SSO_KEYS: list });
  });

  test.each([
    ['a,b', ['a', 'b']],
    ['a,b\n', ['a', 'b']],
    ['a,b\r\n', ['a', 'b']],
    ['a,b\n\n', ['a,b']],
    ['one|s,1\ntwo|s2\n', ['one|s,1', 'two|s2']],
    ['\ufeffa\nb', ['a', 'b']],
  ])('the list %j in a file', (text, list) => {
    expect(readEnvironment({ DISCOURSE_CONNECT_PROVIDER_SECRETS_FILE: file('list', text) })).toEqual({
      DISCOURSE_CONNECT_PROVIDER_SECRETS: list,
    });
  });
});

test('everything that is wrong is told at once, by the name and what it is on the other side, and no value', () => {
  const problems = problemsOf({
    DISCOURSE_CONNECT_SECRET: 'tell-nobody',
    DISCOURSE_CONNECT_SECRET_FILE: file('both', 'tell-nobody-either'),
    DISCOURSE_LOGIN_SECRET_FILE: join(folder, 'missing'),
    DISCOURSE_WEBHOOK_SECRET_FILE: file('empty', ' \n'),
    FORUM_SSO_KEYS_FILE: folder,
  });
  expect(problems).toHaveLength(4);
  const text = problems.join('\n');
  expect(text).toMatch(
    /DISCOURSE_CONNECT_SECRET and DISCOURSE_CONNECT_SECRET_FILE are both set.*connect secret/,
  );
  expect(text).toMatch(/DISCOURSE_LOGIN_SECRET_FILE names a file that cannot be read.*provider secrets/);
  expect(text).toMatch(/DISCOURSE_WEBHOOK_SECRET_FILE names an empty file.*webhook/);
  expect(text).toContain('FORUM_SSO_KEYS_FILE names a file that cannot be read');
  expect(text).not.toMatch(/tell-nobody/);
});
