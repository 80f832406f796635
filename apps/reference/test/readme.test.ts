import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { startDiscourseEmulator } from '@forum-sso/emulators/discourse';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { freePort } from '../src/free-port.js';
import { type RunningSource, runSource } from './support/run-source.js';
import { newVisitor } from './support/visitor.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What every site has already: here, a cookie that holds the name. */
const yourSession = `import type { SiteUser } from '@forum-sso/core';
import type { Request } from 'express';

export async function currentUser(request: Request): Promise<SiteUser | null> {
  return request.headers.cookie === 'user=sam'
    ? { id: '7', email: 'sam@example.com', emailVerified: true, username: 'sam', name: 'Sam Example' }
    : null;
}
`;

/** The TypeScript blocks of a page, in order; those in lists are indented. */
function codeBlocks(page: string): readonly string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^( *)```ts\n(.*?)^\1```$/gms)].map(([, indent = '', code = '']) =>
    code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}

/** How many there should be. */
function blocksBegun(page: string): number {
  return [...readFileSync(join(root, page), 'utf8').matchAll(/^ *```(?:ts|typescript)\b/gm)].length;
}

const connectorPages = readdirSync(join(root, 'docs/connectors')).map((name) => `docs/connectors/${name}`);

describe('the code in our pages', () => {
  let folder: string;
  beforeAll(() => {
    // Below this package, so that imports resolve as they do for a user.
    const cache = fileURLToPath(new URL('../node_modules/.cache/', import.meta.url));
    mkdirSync(cache, { recursive: true });
    folder = mkdtempSync(join(cache, 'pages-'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'your-session.ts'), yourSession);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('the example on the first screen has ten lines', () => {
    const [example = ''] = codeBlocks('README.md');
    expect(example.split('\n').filter((line) => line.trim() !== '')).toHaveLength(10);
  });

  test('all of it compiles, strictly', () => {
    const pages = [
      'README.md',
      'docs/README.md',
      'packages/core/README.md',
      'packages/emulators/README.md',
      'CONTRIBUTING.md',
      ...connectorPages,
    ];
    const files = pages.flatMap((page) => {
      const blocks = codeBlocks(page);
      expect({ page, blocks: blocks.length }).toEqual({ page, blocks: blocksBegun(page) });
      return blocks.map((code, index) => {
        const file = `${page.replaceAll(/\W/g, '-')}-${index + 1}.ts`;
        writeFileSync(join(folder, file), code);
        return file;
      });
    });
    expect(files.length).toBeGreaterThan(pages.length);
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(root, 'tsconfig.base.json'),
        compilerOptions: { noEmit: true, customConditions: ['@forum-sso/source'] },
        files,
      }),
    );
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
  }, 60_000);

  test('the example on the first screen logs somebody in at a forum', async () => {
    const [example = ''] = codeBlocks('README.md');
    writeFileSync(join(folder, 'example.ts'), example);
    const port = await freePort('127.0.0.1');
    const site = `http://localhost:${port}`;
    const connectSecret = 'a secret between this site and its forum';
    const forum = await startDiscourseEmulator({ connectUrl: `${site}/sso/discourse`, connectSecret });
    let running: RunningSource | undefined;
    try {
      running = runSource(pathToFileURL(join(folder, 'example.ts')), {
        PORT: String(port),
        FORUM_SSO_BASE_URL: `${site}/sso`,
        FORUM_SSO_KEYS: randomBytes(32).toString('hex'),
        DISCOURSE_URL: forum.origin,
        DISCOURSE_CONNECT_SECRET: connectSecret,
      });
      await untilListening(site, running);
      const visitor = newVisitor();
      const anonymous = await visitor.open(`${forum.origin}/session/sso`);
      const signIn = new URL(anonymous.url);
      expect(signIn.origin + signIn.pathname).toBe(`${site}/login`);
      await visitor.jar.setCookie('user=sam', site);
      const { url, status } = await visitor.open(site + (signIn.searchParams.get('returnTo') ?? ''));
      expect({ url, status }).toEqual({ url: `${forum.origin}/`, status: 200 });
      expect(forum.user('7')).toMatchObject({ username: 'sam', name: 'Sam Example', active: true });
    } finally {
      running?.child.kill();
      await forum.close();
    }
  });
});

/** The example says nothing when it is ready, as a user's own site may not. */
async function untilListening(url: string, running: RunningSource): Promise<void> {
  let ended = false;
  void running.ended.then(() => {
    ended = true;
  });
  for (let tries = 0; tries < 200; tries++) {
    if (ended) throw new Error(`The example ended:\n${running.output()}`);
    try {
      await fetch(url);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`The example does not listen:\n${running.output()}`);
}
