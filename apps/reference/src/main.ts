import { fileURLToPath } from 'node:url';

import { isForumSsoError } from '@forum-sso/core';

import { readCommandLine } from './command-line.js';
import { communities } from './communities/index.js';
import type { Framework } from './frameworks/index.js';
import { readSettings, SettingsError } from './settings.js';
import { type StartedDemo, startDemo } from './start-demo.js';

/** The running demo, once there is one. */
let demo: StartedDemo | undefined;
let ending = false;

/** Ends the demo when it is told to. Ctrl+C reaches it more than once, by way of whoever started it. */
async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  await demo?.close();
  process.exit(0);
}

function greeting({ origin, communities: shown }: StartedDemo, framework: Framework): string {
  const rows = [
    ['The site', origin],
    ...shown.map(({ title, product, real, url }) => [
      `${title} (${product}${real ? '' : ', emulated'})`,
      url,
    ]),
  ];
  const width = Math.max(...rows.map(([name = '']) => name.length));
  return [
    '',
    `The Forum SSO demo is ready, its site on ${framework}:`,
    '',
    ...rows.map(([name = '', url = '']) => `  ${name.padEnd(width)}  ${url}`),
    '',
    'Open the site; it says what to click. Ctrl+C ends the demo.',
    '',
  ].join('\n');
}

/** A sentence for what people can mend; everything else keeps its stack, since it is a fault of ours. */
function explain(error: unknown): unknown {
  if (error instanceof SettingsError) return error.message;
  if (isForumSsoError(error) && error.code === 'ERR_OPTIONS_INVALID') return error.detail;
  if (isForumSsoError(error) && error.code === 'ERR_STORE_UNAVAILABLE') {
    const said = error.cause instanceof Error ? error.cause.message : '';
    return `The demo cannot start:\n  - DATABASE_URL cannot be used${said === '' ? '' : `: ${said}`}. ${error.detail}`;
  }
  if (error instanceof Error && 'code' in error && 'port' in error) {
    if (error.code === 'EADDRINUSE') {
      return `The demo cannot start:\n  - Port ${error.port} is in use: end the other program, or set PORT and COMMUNITY_PORT.`;
    }
    if (error.code === 'EACCES') {
      return `The demo cannot start:\n  - Port ${error.port} may not be used: set PORT and COMMUNITY_PORT to 1024 or higher.`;
    }
  }
  if (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
  ) {
    return 'The demo cannot start:\n  - HOST is not an address of this machine.';
  }
  return error;
}

process.on('SIGTERM', end);
process.on('SIGINT', end);
try {
  const variables = { ...process.env, ...readCommandLine(process.argv.slice(2)) };
  const settings = readSettings(variables, communities);
  demo = await startDemo({
    settings,
    // The same folder from the sources and from the build.
    secretsFolder: fileURLToPath(new URL('../.secrets', import.meta.url)),
    log: console.log,
  });
  console.log(greeting(demo, settings.framework));
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}
