import { readdirSync, readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

const root = new URL('../../../', import.meta.url);

/** Which of a package's peers stands where, for the tests, in the oldest version that the package allows. */
const oldest: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  express: { express: 'packages/express/node_modules/express4' },
  koa: { koa: 'packages/koa/node_modules/koa2' },
  nestjs: {
    '@nestjs/common': 'apps/conformance-nest11/node_modules/@nestjs/common',
    '@nestjs/core': 'apps/conformance-nest11/node_modules/@nestjs/core',
    '@nestjs/passport': 'apps/conformance-nest11/node_modules/@nestjs/passport',
    'reflect-metadata': 'apps/conformance-nest11/node_modules/reflect-metadata',
    rxjs: 'apps/conformance-nest11/node_modules/rxjs',
  },
  passport: { passport: 'packages/passport/node_modules/passport' },
  redis: {
    bullmq: 'packages/redis/node_modules/bullmq',
    ioredis: 'packages/redis/node_modules/ioredis5',
  },
  sql: {
    kysely: 'packages/sql/node_modules/kysely-oldest',
    libsql: 'packages/sql/node_modules/libsql-oldest',
    pg: 'packages/sql/node_modules/pg-oldest',
  },
};

interface Manifest {
  readonly version: string;
  readonly private?: boolean;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

function manifestOf(folder: string): Manifest {
  const manifest: Manifest = JSON.parse(readFileSync(new URL(`${folder}/package.json`, root), 'utf8'));
  return manifest;
}

const published = readdirSync(new URL('packages/', root))
  .map((folder) => ({ folder, ...manifestOf(`packages/${folder}`) }))
  .filter((manifest) => manifest.private !== true);

describe.each(published)('the peers of $folder', ({ folder, peerDependencies = {} }) => {
  // Our own packages move together.
  const foreign = Object.entries(peerDependencies).filter(([name]) => !name.startsWith('@forum-sso/'));

  test('are tested in the oldest versions that it allows', () => {
    const allowed = foreign.map(([name, range]) => [name, /\d+\.\d+\.\d+/.exec(range)?.[0]]);
    const tested = Object.entries(oldest[folder] ?? {}).map(([name, place]) => [
      name,
      manifestOf(place).version,
    ]);
    expect(Object.fromEntries(tested)).toEqual(Object.fromEntries(allowed));
  });
});
