import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

import { errorTable } from '../../../src/errors.js';

const page = readFileSync(
  new URL('../../../../../docs/connectors/discourse-login.md', import.meta.url),
  'utf8',
);

/** All that stands in backticks in the first column of a section's table. */
function firstColumn(heading: string): readonly string[] {
  const [, rest = ''] = page.split(`\n## ${heading}\n`);
  const [section = ''] = rest.split('\n## ');
  const cells = [...section.matchAll(/^\|([^|]*)\|/gm)].map(([, cell = '']) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}

test('the table of options has each option, and no other', () => {
  const source = readFileSync(new URL('../../../src/discourse/login/options.ts', import.meta.url), 'utf8');
  const [, body = ''] = /export interface DiscourseLoginOptions[^{]*\{([\s\S]*?)\n\}/.exec(source) ?? [];
  const options = ['findSiteUser', 'createSiteUser', 'updateSiteUser'];
  let group = '';
  for (const [, indent = '', name = '', rest = ''] of body.matchAll(/^( {2,4})readonly (\w+)\??: (.*)$/gm)) {
    if (indent.length === 2) group = rest === '{' ? name : '';
    if (rest !== '{') options.push(indent.length === 4 ? `${group}.${name}` : name);
  }
  expect(options.length).toBeGreaterThan(20);
  expect([...firstColumn('Options')].sort()).toEqual(options.sort());
});

/** The settings of MediaWiki's DiscourseSsoConsumer, as its manual lists them. */
const settings = [
  'DiscourseUrl',
  'Sso.Enable',
  'Sso.ProviderEndpoint',
  'Sso.SharedSecret',
  'Sso.EnableAutoRelogin',
  'Sso.EnableSeamlessLogin',
  'User.LinkExistingBy',
  'User.ExposeName',
  'User.ExposeEmail',
  'User.GroupMaps',
  'DiscourseApi.Username',
  'DiscourseApi.Key',
  'DiscourseApi.LogoutEndpoint',
  'DiscourseApi.EnableLogout',
  'Webhook.Enable',
  'Webhook.SharedSecret',
  'Webhook.AllowedIpList',
  'Webhook.IgnoredEvents',
  'Logout.OfferGlobalOptionToUser',
  'Logout.ForwardToDiscourse',
  'Logout.HandleEventFromDiscourse',
];

test('each setting of DiscourseSsoConsumer has its counterpart, and so have those of PluggableAuth', () => {
  const named = firstColumn("Coming from MediaWiki's DiscourseSsoConsumer");
  expect(named.filter((name) => settings.includes(name)).sort()).toEqual([...settings].sort());
  expect(named).toEqual(expect.arrayContaining(['EnableAutoLogin', 'EnableLocalProperties']));
});

test('each code of a login is explained, and each that is named exists', () => {
  const named = [...new Set([...page.matchAll(/\bERR_[A-Z_]+\b/g)].map(([code]) => code))];
  expect(named.filter((code) => !Object.hasOwn(errorTable, code))).toEqual([]);
  const own = Object.keys(errorTable).filter((code) => /^ERR_(LOGIN|LINK)_/.test(code));
  expect(own.filter((code) => !named.includes(code))).toEqual([]);
});
