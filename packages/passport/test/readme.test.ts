import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const folder = mkdtempSync(join(fileURLToPath(new URL('.', import.meta.url)), 'readme-'));
const example =
  /```ts\n([\s\S]*?)```/.exec(readFileSync(new URL('../README.md', import.meta.url), 'utf8'))?.[1] ?? '';

beforeAll(() => {
  writeFileSync(join(folder, 'example.ts'), `${example}\nexport { app };\n`);
  const base = {
    extends: '../../tsconfig.json',
    compilerOptions: { declaration: false, declarationMap: false },
    include: ['example.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(base));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('the example compiles', () => {
  const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
  const compiler = join(typescript, '..', 'bin', 'tsc');
  execFileSync(process.execPath, [compiler, '-p', folder], { stdio: 'pipe' });
}, 60_000);

test('the example runs: it leaves for the forum', async () => {
  process.env.DISCOURSE_URL = 'https://forum.example.com';
  process.env.DISCOURSE_LOGIN_SECRET = randomBytes(16).toString('hex');
  process.env.CALLBACK_URL = 'http://localhost:3000/auth/discourse/callback';
  process.env.FORUM_SSO_KEYS = randomBytes(32).toString('base64');
  const { app } = await import(join(folder, 'example.ts'));
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const reply = await fetch(`http://127.0.0.1:${server.address().port}/auth/discourse`, {
    redirect: 'manual',
  });
  expect(reply.headers.get('location')).toMatch(
    /^https:\/\/forum\.example\.com\/session\/sso_provider\?sso=/,
  );
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
