import { readFileSync } from 'node:fs';

import { errorTable } from '@forum-sso/core';
import { ReadmeExamples } from '@forum-sso/testkit';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const address = new URL('../../../docs/push.md', import.meta.url);
const page = readFileSync(address, 'utf8');
let examples: ReadmeExamples;

beforeAll(async () => {
  examples = await ReadmeExamples.extract(address, new URL('.', import.meta.url));
});
afterAll(() => examples.remove());

test('the examples compile', async () => {
  expect(await examples.compile()).toBe('');
}, 60_000);

test('the table of options has each option of queues, and no other', () => {
  const source = readFileSync(new URL('../../core/src/push/queue.ts', import.meta.url), 'utf8');
  const [, body = ''] = /export interface QueueOptions \{([\s\S]*?)\n\}/.exec(source) ?? [];
  const options = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name = '']) => name);
  expect(options.length).toBeGreaterThan(4);
  const [, rest = ''] = page.split('\n### Options of both\n');
  const [section = ''] = rest.split('\n## ');
  const named = [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, name = '']) => name);
  expect(named.sort()).toEqual(options.sort());
});

test('the calls that are named exist', () => {
  const engine = readFileSync(new URL('../../core/src/forum-sso.ts', import.meta.url), 'utf8');
  const queue = readFileSync(new URL('../../core/src/push/queue.ts', import.meta.url), 'utf8');
  const calls = [...page.matchAll(/^\| `((?:queue\.)?\w+)\(/gm)].map(([, name = '']) => name);
  expect(calls.length).toBeGreaterThan(10);
  for (const call of calls) {
    const [part, name] = call.startsWith('queue.') ? [queue, call.slice(6)] : [engine, call];
    expect(part).toMatch(new RegExp(`^ {2}${name}\\(`, 'm'));
  }
});

test('each code of pushes is explained, and each that is named exists', () => {
  const named = [...new Set([...page.matchAll(/\bERR_[A-Z_]+\b/g)].map(([code]) => code))];
  expect(named.filter((code) => !Object.hasOwn(errorTable, code))).toEqual([]);
  const own = Object.keys(errorTable).filter((code) => code.startsWith('ERR_PUSH_'));
  expect(own.filter((code) => !named.includes(code))).toEqual([]);
});
