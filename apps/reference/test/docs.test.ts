import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { environmentTable, errorTable } from '@forum-sso/core';
import { describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const packagePages = readdirSync(join(root, 'packages'))
  .filter((name) => name !== 'testkit')
  .map((name) => `packages/${name}/README.md`);
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...packagePages,
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`),
];

describe('what the pages say is so', () => {
  test('each environment variable is in the table, with its kind', () => {
    const rows = [...read('docs/README.md').matchAll(/^\| `([A-Z_]+)` +\| (text|list) +\|/gm)];
    const told = Object.fromEntries(rows.map(([, name = '', kind]) => [name, kind]));
    const real = Object.fromEntries(Object.entries(environmentTable).map(([name, { kind }]) => [name, kind]));
    expect(told).toEqual(real);
  });

  test('each event is in the table', () => {
    const source = read('packages/core/src/events/event.ts');
    const real = [...source.matchAll(/readonly type: '([a-z_.]+)'/g)].map(([, type]) => type);
    const [, section = ''] = read('docs/README.md').split('## Events');
    const [table = ''] = section.split('## ');
    const told = [...table.matchAll(/^\| `([a-z_.]+)`/gm)].map(([, type]) => type);
    expect([...told].sort()).toEqual([...real].sort());
  });

  test.each(pages)('the error codes in %s exist', (page) => {
    const codes = [...read(page).matchAll(/\bERR_[A-Z_]+\b/g)].map(([code]) => code);
    expect(codes.filter((code) => !Object.hasOwn(errorTable, code))).toEqual([]);
  });

  test.each(packagePages)(
    '%s has how to install it, something that works, the options and the errors',
    (page) => {
      const text = read(page);
      expect(text).toMatch(/^```sh\nnpm install /m);
      expect(text).toMatch(/^## .*\bten lines\b/im);
      expect(text).toMatch(/^\| option +\|/m);
      expect(text).toMatch(/^## (Errors|Exit codes)$/m);
    },
  );

  test.each(packagePages)('the statuses of errors in %s are right', (page) => {
    const rows = [...read(page).matchAll(/^\| (`ERR_[^|]+) +\| (\d{3}) +\|/gm)];
    const told = rows.flatMap(([, codes = '', status]) =>
      [...codes.matchAll(/ERR_[A-Z_]+/g)].map(([code]) => `${code} ${status}`),
    );
    const real = Object.entries(errorTable).map(([code, { status }]) => `${code} ${status}`);
    expect(told.filter((row) => !real.includes(row))).toEqual([]);
  });

  test('each option of the engine is in the table, required or not', () => {
    const [, source = ''] = read('packages/core/src/options/forum-sso-options.ts').split(
      'export interface ForumSsoOptions {',
    );
    const [fields = ''] = source.split('\n}');
    const real = [...fields.matchAll(/^ {2}readonly (\w+)(\??):/gm)].map(([, name, mark]) => [
      name,
      mark === '',
    ]);
    const [, section = ''] = read('packages/core/README.md').split('### Options');
    const [table = ''] = section.split('\n## ');
    const told = [...table.matchAll(/^\| `(\w+)` +\| `(?:[^`]|\\\|)+` +\| (\w*)/gm)].map(([, name, word]) => [
      name,
      word === 'required',
    ]);
    expect(told).toEqual(real);
  });

  test.each(pages)('the links in %s lead somewhere', (page) => {
    const targets = [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
    const local = targets.filter((target) => !/^[a-z]+:/.test(target));
    expect(local.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
  });

  test('each group of the benchmarks is in their table, in the order in which they run', () => {
    const [, list = ''] = read('bench/src/main.ts').split('const groups: readonly RowGroup[] = [');
    const [groups = ''] = list.split(']');
    const sources = readdirSync(join(root, 'bench/src')).filter((name) => name.endsWith('.ts'));
    const names = new Map(
      sources.flatMap((file) =>
        [...read(`bench/src/${file}`).matchAll(/const (\w+): RowGroup = \{\n {2}name: '([^']+)'/g)].map(
          ([, variable, name]) => [variable, name] as const,
        ),
      ),
    );
    const real = [...groups.matchAll(/\w+/g)].map(([variable]) => names.get(variable));
    expect(real.length).toBeGreaterThan(10);
    const told = [...read('bench/README.md').matchAll(/^\| `([^`]+)` +\|/gm)].map(([, name]) => name);
    expect(told).toEqual(real);
  });

  test('files that the architecture names exist', () => {
    const [, inside = ''] = read('ARCHITECTURE.md').split('Inside `packages/core/src`:');
    const [table = ''] = inside.split('## Rules');
    const named = [...table.matchAll(/`([a-z-]+(?:\/|\.ts))`/g)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(15);
    const missing = named.filter(
      (path) =>
        !existsSync(join(root, 'packages/core/src', path)) &&
        !existsSync(join(root, 'packages/core/src/discourse', path)),
    );
    expect(missing).toEqual([]);
  });
});
