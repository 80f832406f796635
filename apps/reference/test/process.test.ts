import { statSync } from 'node:fs';
import { createServer } from 'node:net';

import { WireSocket } from '@forum-sso/testkit';
import { afterEach, describe, expect, test } from '@jest/globals';

import { type RunningSource, runSource } from './support/run-source.js';

const main = new URL('../src/main.ts', import.meta.url);
const processes: RunningSource[] = [];

function start(variables: Readonly<Record<string, string>>, options: readonly string[] = []): RunningSource {
  const running = runSource(main, { PORT: '0', ...variables }, options);
  processes.push(running);
  return running;
}

/** Waits for the addresses that the demo prints. */
async function addresses(
  running: RunningSource,
): Promise<{ site: string; forum: string; all: readonly string[] }> {
  const [, site = ''] = await running.waitFor(/The site\s+(http:\S+)/);
  const [, forum = ''] = await running.waitFor(/Forum \(Discourse[^)]*\)\s+(http:\S+)/);
  const others = await Promise.all(
    ['\\(Talkyard', '\\(Coral', '\\(Fruum', 'Club forum \\(Discourse', '\\(MediaWiki'].map((shown) =>
      running.waitFor(new RegExp(`${shown}, emulated\\)\\s+(http:\\S+)`)),
    ),
  );
  return { site, forum, all: [site, forum, ...others.map(([, url = '']) => url)] };
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

afterEach(async () => {
  for (const { child, ended } of processes.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});

describe('the demo as a process', () => {
  test.each([
    ['SIGTERM', 'express'],
    ['SIGINT', 'koa'],
    ['SIGTERM', 'nestjs'],
    ['SIGINT', 'nestjs-fastify'],
  ] as const)('%s ends it on %s, with open connections, and frees its ports', async (signal, framework) => {
    const running = start({}, ['--framework', framework]);
    const { site, all } = await addresses(running);
    expect(running.output()).toContain(`its site on ${framework}:`);
    expect(await (await fetch(site)).text()).toContain('Example Site');
    expect(new Set(all).size).toBe(7);
    for (const url of all) {
      expect((await fetch(url)).status).toBe(200);
      // Would be waited for much longer than for one that is only kept alive.
      (await WireSocket.open(url)).write('GET / HTTP/1.1\r\n');
    }
    running.child.kill(signal);
    expect(await running.ended).toEqual({ code: 0, signal: null });
    for (const url of all) expect(await canListen(Number(new URL(url).port))).toBe(true);
  });

  test('it says which frameworks there are', async () => {
    const running = start({ FRAMEWORK: 'koa' }, ['--framework', 'fastify']);
    expect(await running.ended).toEqual({ code: 1, signal: null });
    expect(running.output().trim()).toBe(
      'The demo cannot start:\n  - FRAMEWORK (--framework) must be one of express, koa, nestjs, nestjs-fastify.',
    );
  });

  test('its generated secrets and numbers can be read by their owner alone', async () => {
    await addresses(start({}));
    const names = [
      'forum-sso-keys',
      'discourse-connect-secret',
      'discourse-login-secret',
      'discourse-login-api-key',
      'discourse-webhook-secret',
      'talkyard-api-secret',
      'talkyard-paseto-secret',
      'coral-sso-secret',
      'coral-webhook-secret',
      'fruum-secret',
      'fruum-caller',
      'wiki-secret',
      'wiki-api-key',
      'wiki-webhook-secret',
      'numbers.db',
    ];
    for (const name of names) {
      const { mode } = statSync(new URL(`../.secrets/${name}`, import.meta.url));
      expect(mode & 0o777).toBe(0o600);
    }
  });

  test('it says all that is wrong with the environment, and nothing else', async () => {
    const running = start({
      PORT: 'x',
      DISCOURSE_URL: 'https://forum.example.com',
      FORUM_SSO_BASE_URL: 'nonsense',
    });
    expect(await running.ended).toEqual({ code: 1, signal: null });
    const lines = running.output().trim().split('\n');
    expect(lines[0]).toBe('The demo cannot start:');
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^ {2}- PORT /),
      expect.stringMatching(/^ {2}- .*DISCOURSE_CONNECT_SECRET/),
      expect.stringMatching(/^ {2}- baseUrl /),
    ]);
  });

  test('it refuses to open a real forum to other machines without a password', async () => {
    const running = start({
      HOST: '0.0.0.0',
      DISCOURSE_URL: 'https://forum.example.com',
      DISCOURSE_CONNECT_SECRET: 'a secret of the forum that is long enough',
    });
    expect((await running.ended).code).toBe(1);
    expect(running.output()).toMatch(/^The demo cannot start:\n {2}- HOST=0\.0\.0\.0 .*DEMO_PASSWORD/);
    expect(running.output()).not.toContain('    at ');
  });

  test('it says which port is taken', async () => {
    const { site, forum } = await addresses(start({}));
    for (const [name, url] of [
      ['PORT', site],
      ['COMMUNITY_PORT', forum],
    ] as const) {
      const { port } = new URL(url);
      const second = start({ [name]: port });
      expect((await second.ended).code).toBe(1);
      expect(second.output().trim()).toMatch(
        new RegExp(`^The demo cannot start:\\n {2}- Port ${port} is in use.*$`),
      );
    }
  });

  test('it says when HOST is not an address of this machine', async () => {
    const running = start({ HOST: '192.0.2.1' });
    expect((await running.ended).code).toBe(1);
    expect(running.output().trim()).toBe(
      'The demo cannot start:\n  - HOST is not an address of this machine.',
    );
  });
});
