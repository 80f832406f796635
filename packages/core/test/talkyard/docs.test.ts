import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { errorTable } from '../../src/errors.js';
import { mendedUsername, talkyardUserFields } from '../../src/talkyard/index.js';

const page = readFileSync(new URL('../../../../docs/connectors/talkyard.md', import.meta.url), 'utf8');

function firstColumn(heading: string): readonly string[] {
  const [, rest = ''] = page.split(`\n## ${heading}\n`);
  const [section = ''] = rest.split('\n## ');
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, name = '']) => name);
}

test('the table of options has each option, and no other', () => {
  const source = readFileSync(new URL('../../src/talkyard/options.ts', import.meta.url), 'utf8');
  const [, body = ''] = /export interface TalkyardOptions \{([\s\S]*?)\n\}/.exec(source) ?? [];
  const options = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name = '']) => name);
  expect(options.length).toBeGreaterThan(8);
  expect([...firstColumn('Options')].sort()).toEqual(options.sort());
});

test('the table of what Talkyard is told has each field with its source, and no other', () => {
  expect(firstColumn('What Talkyard is told')).toEqual(Object.keys(talkyardUserFields));
  for (const [field, { site }] of Object.entries(talkyardUserFields)) {
    expect(page).toMatch(new RegExp(`^\\| \`${field}\` +\\| \`${site}\``, 'm'));
  }
});

test('each code of Talkyard is explained, and each that is named exists', () => {
  const named = [...new Set([...page.matchAll(/\bERR_[A-Z_]+\b/g)].map(([code]) => code))];
  expect(named.filter((code) => !Object.hasOwn(errorTable, code))).toEqual([]);
  const own = Object.keys(errorTable).filter((code) => code.startsWith('ERR_TALKYARD_'));
  expect(own.filter((code) => !named.includes(code))).toEqual([]);
});

test('the example of a user name is right', () => {
  const [, wish = '', name] = /mendedUsername\('([^']+)'\)` tells beforehand \(`([^`]+)`\)/.exec(page) ?? [];
  expect(mendedUsername(wish)).toBe(name);
});
