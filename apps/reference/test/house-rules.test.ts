import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from '@jest/globals';

const packages = fileURLToPath(new URL('../../../packages/', import.meta.url));

interface Import {
  /** Path of the importing file below `packages`, with slashes. */
  readonly from: string;
  /** What is imported: a package's name, or for a file of our own its path below `packages`. */
  readonly to: string;
  /** False for types, which are gone when the code runs. */
  readonly runs: boolean;
}

/** Every import and re-export in a package's sources. */
function importsOf(folder: string): readonly Import[] {
  const sources = readdirSync(join(packages, folder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(packages, folder, 'src', name));
  return sources.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s(type\s)?[^;'"]*?from\s+'([^']+)'/gm)].map(
      ([statement, type, target = '']) => ({
        from: slashes(relative(packages, file)),
        to: target.startsWith('.')
          ? slashes(relative(packages, join(dirname(file), target.replace(/\.js$/, '.ts'))))
          : target,
        runs: type === undefined && !onlyTypes(statement),
      }),
    ),
  );
}

/** `import { type A, type B } from …` */
function onlyTypes(statement: string): boolean {
  const names = /\{([^}]*)\}/
    .exec(statement)?.[1]
    ?.split(',')
    .map((name) => name.trim());
  return names?.filter((name) => name !== '').every((name) => name.startsWith('type ')) === true;
}

function slashes(path: string): string {
  return path.replaceAll('\\', '/');
}

/** What loading a file loads: the packages, through files of our own. */
function loadedBy(entry: string, imports: readonly Import[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    for (const { from, to, runs } of imports) {
      if (from !== file || !runs || reached.has(to)) continue;
      reached.add(to);
      waiting.push(to);
    }
  }
  return reached;
}

const systems = ['discourse', 'talkyard', 'coral', 'fruum'];
const core = importsOf('core');

test('imports are found at all', () => {
  expect(core.length).toBeGreaterThan(100);
  expect(core).toContainEqual({ from: 'core/src/forum-sso.ts', to: 'zod', runs: true });
  expect(core).toContainEqual({ from: 'core/src/forum-sso.ts', to: 'core/src/http/routing.ts', runs: true });
  expect(core).toContainEqual({ from: 'core/src/connector.ts', to: 'zod', runs: false });
});

describe('arrows point one way', () => {
  test.each(['emulators'])('%s know nothing of core', (name) => {
    expect(
      importsOf(name).filter(({ to }) => to.startsWith('@forum-sso/') || to.startsWith('core/')),
    ).toEqual([]);
  });

  test.each(['core', 'express'])('%s uses neither emulators nor the testkit', (name) => {
    expect(importsOf(name).filter(({ to }) => /^@forum-sso\/(emulators|testkit)/.test(to))).toEqual([]);
  });

  test('core depends on nothing but zod, jose, @noble and Node', () => {
    const others = core.filter(
      ({ to }) =>
        !to.startsWith('core/src/') && !/^(zod|jose|node:[a-z/]+|@noble\/(ciphers|hashes)\/\S+)$/.test(to),
    );
    expect(others).toEqual([]);
  });

  test.each(systems)("no other system's folder knows %s", (system) => {
    const strangers = core.filter(
      ({ from, to }) =>
        to.startsWith(`core/src/${system}/`) &&
        systems.some((other) => other !== system && from.startsWith(`core/src/${other}/`)),
    );
    expect(strangers).toEqual([]);
  });

  test('what is shared in core knows no system', () => {
    const inside = (path: string): boolean =>
      systems.some((system) => path.startsWith(`core/src/${system}/`));
    expect(core.filter(({ from, to }) => inside(to) && !inside(from))).toEqual([]);
  });
});

describe('what is not needed is not loaded', () => {
  test('discourse loads no zod', () => {
    expect([...loadedBy('core/src/discourse/index.ts', core)]).not.toContain('zod');
  });

  test.each(['discourse', 'fruum', 'talkyard'])('%s loads no jose', (system) => {
    expect([...loadedBy(`core/src/${system}/index.ts`, core)]).not.toContain('jose');
  });

  test('the demo loads no framework before one is chosen', () => {
    const loaded = [...loadedBy('../apps/reference/src/main.ts', importsOf('../apps/reference'))];
    expect(loaded).toContain('../apps/reference/src/site.ts');
    expect(loaded.filter((name) => /express|koa|nest|fastify/.test(name))).toEqual([]);
  });

  test('only talkyard loads the PASETO primitives', () => {
    const users = new Set(
      core.filter(({ to }) => to.startsWith('@noble/')).map(({ from }) => from.split('/')[2]),
    );
    expect([...users]).toEqual(['talkyard']);
  });

  test('jose is loaded by sessions and Coral alone', () => {
    const users = new Set(
      core.filter(({ to, runs }) => to === 'jose' && runs).map(({ from }) => from.split('/')[2]),
    );
    expect([...users].sort()).toEqual(['coral', 'session']);
  });
});
