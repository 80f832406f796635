#!/usr/bin/env node
/**
 * The commands of a fresh clone: `demo`, `test`, `bench`, `check`. Needs Node and npm only: pnpm comes through
 * npx in the version that package.json pins, everything else from the lockfile.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Who started this process: npm, or the shell that npm starts. */
const parent = process.ppid;

/**
 * Runs a command in the repository's root; its exit code ends this process when it is not 0. Signals go on to it, and
 * what it makes of them decides how this process ends.
 */
function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: 'inherit',
      // npx is a script there, which only a shell can start.
      shell: process.platform === 'win32' && command === 'npx',
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
    });
    const forward = (signal) => child.kill(signal);
    process.on('SIGTERM', forward);
    process.on('SIGINT', forward);
    // A signal to npm ends its shell, which passes nothing on: whoever is left alone ends as well.
    const orphaned = setInterval(() => {
      if (process.ppid !== parent) forward('SIGTERM');
    }, 200);
    child.on('exit', (code, signal) => {
      clearInterval(orphaned);
      process.off('SIGTERM', forward);
      process.off('SIGINT', forward);
      if (signal !== null) process.exit(signal === 'SIGINT' ? 130 : 143);
      if (code !== 0) process.exit(code ?? 1);
      resolve();
    });
  });
}

const pnpm = (...args) => run('npx', ['--yes', packageManager, ...args]);
const turbo = (...args) => pnpm('exec', 'turbo', 'run', '--ui=stream', ...args);
const install = () => pnpm('install', '--frozen-lockfile', '--reporter=append-only');

const [command, ...rest] = process.argv.slice(2);
const args = rest.filter((argument) => argument !== '--');

switch (command) {
  case 'demo':
    await install();
    await turbo('build', '--filter=@forum-sso/reference...', '--output-logs=errors-only');
    await run(process.execPath, ['apps/reference/dist/main.js', ...args]);
    break;
  case 'test':
    await install();
    await pnpm('exec', 'biome', 'check', '.');
    // Not more at a time than a small machine has room for: tests with servers and clocks in them would wait too long.
    await turbo('typecheck', 'knip', 'test', '--concurrency=3', '--output-logs=new-only');
    // Most of this is waiting, for Redis, PostgreSQL or the browser.
    await turbo('test:services', 'test:browser', '--concurrency=2', '--output-logs=new-only');
    break;
  case 'check':
    await install();
    await pnpm('exec', 'biome', 'check', '.');
    await turbo('typecheck', 'knip', '--output-logs=new-only');
    break;
  case 'bench':
    await install();
    await turbo('build', '--output-logs=errors-only');
    await run(process.execPath, ['--expose-gc', 'bench/dist/main.js', ...args]);
    break;
  default:
    console.error('usage: node scripts/run.mjs demo | test | bench | check [-- options]');
    process.exit(2);
}
