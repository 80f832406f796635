/**
 * Lets Node run the TypeScript sources, so that a test can start a whole process that is never a stale build.
 * Used as `node --conditions=@forum-sso/source --import <this folder>/run-from-source.mjs file.ts`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { transformSync } from '@swc/core';

/** `./file.js` beside a TypeScript file means `./file.ts`, as for the compiler. */
export function resolve(specifier, context, nextResolve) {
  const fromSource = context.parentURL?.endsWith('.ts') === true;
  if (fromSource && /^\.{1,2}\/.*\.js$/.test(specifier)) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return nextResolve(source.href, context);
  }
  return nextResolve(specifier, context);
}

export function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  const { code } = transformSync(readFileSync(new URL(url), 'utf8'), {
    filename: fileURLToPath(url),
    swcrc: false,
    jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true } },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  });
  return { format: 'module', source: code, shortCircuit: true };
}
