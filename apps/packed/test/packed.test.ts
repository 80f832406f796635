import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { checkPackage } from '@arethetypeswrong/core';
import { checkTenLines, findRedis, testKeys } from '@forum-sso/testkit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

import { allExamples, RunningExamples } from './examples.js';
import { runWell } from './run.js';
import { compilations, Site } from './site.js';
import { entryPoints, packAll } from './tarballs.js';

const secret = 'the-secret-of-the-readme-forum-4711';

const folder = await mkdtemp(join(tmpdir(), 'forum-sso-packed-'));
const tarballs = await packAll(folder);
// A test of the reader's needs Jest around it: it is compiled in `apps/reference`.
const examples = (await allExamples(tarballs)).filter(([, code]) => !code.includes("'@jest/globals'"));
const redis = await findRedis();
const runnable = examples
  .map(([path]) => path)
  .filter((path) => redis !== null || !path.startsWith('examples/redis/'));

// Meanwhile the tarballs are examined.
const installing = Site.install(join(folder, 'site'), tarballs, examples);
installing.catch(() => {});

delete process.env.DATABASE_URL;
Object.assign(process.env, {
  FORUM_SSO_KEYS: testKeys,
  DISCOURSE_CONNECT_SECRET: secret,
  DISCOURSE_URL: 'https://forum.example.com',
  DISCOURSE_LOGIN_SECRET: 'another-secret-for-the-way-back-0815',
  DISCOURSE_ADMIN_API_KEY: '0123456789abcdef'.repeat(4),
  DISCOURSE_WEBHOOK_SECRET: 'a-secret-for-webhooks-0815',
  CALLBACK_URL: 'http://127.0.0.1/auth/discourse/callback',
  TALKYARD_API_SECRET: 'abcdefghijklmnopqrstuvwxyz',
  TALKYARD_PASETO_SECRET: `hex:${'0123456789abcdef'.repeat(4)}`,
  FRUUM_CALLER: 'fruum:password',
  WIKI_SECRET: 'a-secret-of-the-wiki-0815',
  BLOG_SECRET: 'a-secret-of-the-blog-0815',
  WEBHOOK_SECRET: 'a-secret-for-the-wiki-0815',
  SQLITE_FILE: join(folder, 'site.db'),
  REDIS_URL: redis?.url,
});

afterAll(async () => {
  await installing.catch(() => {});
  await redis?.stop();
  await rm(folder, { recursive: true });
});

describe.each(tarballs)('$name', ({ content, data, manifest, name }) => {
  const files = content.listFiles().map((file) => file.replace(`/node_modules/${name}/`, ''));

  test('holds what its users need, and nothing of ours', () => {
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']));
    const needed = /^(LICENSE|README\.md|package\.json|bin\/.+\.js|dist\/.+\.(js|d\.ts))$/;
    expect(files.filter((file) => !needed.test(file) || /\btest\b/.test(file))).toEqual([]);
  });

  test('says what it is', () => {
    expect(manifest).toMatchObject({
      description: expect.stringMatching(/\.$/),
      license: 'MIT',
      type: 'module',
      sideEffects: false,
      engines: { node: '^20.19.0 || ^22.12.0 || >=24' },
      publishConfig: { access: 'public', provenance: true },
    });
    expect(JSON.stringify(manifest)).not.toMatch(/workspace:|@forum-sso\/(source|testkit)/);
    for (const target of Object.values(manifest.exports).filter((path) => typeof path === 'object')) {
      expect(Object.keys(target)).toEqual(['types', 'default']);
    }
  });

  test('publint has nothing to say', async () => {
    const { messages, pkg } = await publint({ pack: { tarball: data.buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  test('its types are found, and are right, by ES modules and bundlers', async () => {
    const { types, ...result } = await checkPackage(content);
    expect(types).toEqual({ kind: 'included' });
    // ES modules alone: what only looks for CommonJS is not asked.
    const problems = 'problems' in result ? result.problems : [];
    const notOurs = ['node10', 'node16-cjs'];
    expect(
      problems.filter(
        (problem) => !('resolutionKind' in problem) || !notOurs.includes(problem.resolutionKind),
      ),
    ).toEqual([]);
  });
});

describe('installed by npm in an empty folder', () => {
  let site: Site;
  const said: Record<string, string> = {};
  beforeAll(async () => {
    site = await installing;
    for (const compilation of compilations) said[compilation] = await site.compile(compilation);
  }, 300_000);

  test.each(compilations)('what was copied from the pages compiles (%s)', (compilation) => {
    expect(said[compilation]).toBe('');
  });

  test('the command line answers', async () => {
    const help = await runWell('npx', ['--no-install', 'forum-sso', '--help'], site.folder);
    expect(help).toMatch(/^Usage: forum-sso /);
  });

  describe.each(nodes())('with %s', (node) => {
    test('everything is found, by import and by require', async () => {
      const programs = ['imports.js', 'built/commonjs.cjs'];
      const printed = await Promise.all(programs.map((file) => site.run(node, file)));
      const [imported, required] = printed.map((text): Record<string, number> => JSON.parse(text));
      expect(Object.keys(imported ?? {})).toEqual(tarballs.flatMap(entryPoints));
      expect(Object.values(imported ?? {})).not.toContain(0);
      expect(required).toEqual(imported);
    });

    test('every example runs', async () => {
      const running = await RunningExamples.start(site, runnable, node);
      try {
        for (const adapter of ['express', 'koa', 'nestjs']) {
          const [origin = ''] = running.get(`examples/${adapter}/1.ts`).origins;
          await checkTenLines(origin, secret);
        }
        const [origin = ''] = running.get('examples/passport/1.ts').origins;
        const away = await fetch(`${origin}/auth/discourse`, { redirect: 'manual' });
        expect(away.headers.get('location')).toMatch(
          /^https:\/\/forum\.example\.com\/session\/sso_provider\?/,
        );
        expect(running.get('examples/core/2.ts').printed).toContain('ERR_SSO_SIGNATURE_INVALID');
      } finally {
        await running.stop();
      }
    });
  });
});

/** This Node, and those that `OTHER_NODES` names: paths of programs, separated as in `PATH`. */
function nodes(): readonly string[] {
  const { OTHER_NODES = '' } = process.env;
  return [process.execPath, ...OTHER_NODES.split(delimiter).filter((path) => path !== '')];
}
