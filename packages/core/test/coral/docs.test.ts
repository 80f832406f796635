import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';
import { tokenFields, userFields } from '../../src/coral/fields.js';
import { CoralApi } from '../../src/coral/index.js';
import { errorTable } from '../../src/errors.js';

const page = readFileSync(new URL('../../../../docs/connectors/coral.md', import.meta.url), 'utf8');

function firstColumn(heading: string): readonly string[] {
  const [, rest = ''] = page.split(`\n## ${heading}\n`);
  const [section = ''] = rest.split('\n## ');
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, name = '']) => name);
}

function optionNames(file: string, name: string): readonly string[] {
  const source = readFileSync(new URL(`../../src/coral/${file}`, import.meta.url), 'utf8');
  const [, body = ''] = new RegExp(`export interface ${name}[^{]*\\{([\\s\\S]*?)\\n\\}`).exec(source) ?? [];
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, option = '']) => option);
}

test('the table of options has each option, and no other', () => {
  const options = [
    ...optionNames('options.ts', 'CoralOptions'),
    ...optionNames('claims.ts', 'CoralUserMapping'),
  ];
  expect(options.length).toBeGreaterThan(8);
  expect([...firstColumn('Options')].sort()).toEqual(options.sort());
});

test('the table of claims has each claim, and no other', () => {
  const claims = [...tokenFields, ...userFields].map(({ name }) => name);
  expect([...firstColumn('What Coral is told')].sort()).toEqual(claims.sort());
});

test('each code of Coral is explained, and each that is named exists', () => {
  const named = [...new Set([...page.matchAll(/\bERR_[A-Z_]+\b/g)].map(([code]) => code))];
  expect(named.filter((code) => !Object.hasOwn(errorTable, code))).toEqual([]);
  const own = Object.keys(errorTable).filter((code) => code.startsWith('ERR_CORAL_'));
  expect(own.filter((code) => !named.includes(code))).toEqual([]);
});

test('each call of the API is named', () => {
  const calls = Object.getOwnPropertyNames(CoralApi.prototype).filter((name) => name !== 'constructor');
  expect(calls.length).toBeGreaterThan(20);
  const [, api = ''] = page.split('\n## The API by itself\n');
  expect(calls.filter((name) => !new RegExp(`[\`.]${name}[\`(]`).test(api))).toEqual([]);
});
