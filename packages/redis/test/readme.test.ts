import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import {
  type Delivery,
  type ForumSso,
  type ForumSsoOptions,
  type ForumSsoStore,
  memoryStore,
  type SiteUser,
} from '@forum-sso/core';
import { startRedis, testKeys } from '@forum-sso/testkit';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

import { clients } from './clients.js';

let folder = '';
let examples: readonly string[] = [];
const server = await startRedis(['--maxmemory-policy', 'allkeys-lru']);

beforeAll(async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
  // Inside the package, so that it finds itself and its dependencies.
  folder = await mkdtemp(fileURLToPath(new URL('readme-examples-', import.meta.url)));
  await Promise.all(examples.map((code, index) => writeFile(join(folder, `example-${index + 1}.ts`), code)));
  const settings = { extends: '../../tsconfig.json', include: ['*.ts'] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await server?.stop();
});

async function load(number: number): Promise<Readonly<Record<string, unknown>>> {
  return import(pathToFileURL(join(folder, `example-${number}.ts`)).href);
}

function isStore(value: unknown): value is ForumSsoStore {
  return typeof value === 'object' && value !== null && 'oneTime' in value && 'revocations' in value;
}

function isClient(value: unknown): value is { destroy(): void } {
  return typeof value === 'object' && value !== null && 'destroy' in value;
}

function isForumSso(value: unknown): value is ForumSso {
  return typeof value === 'object' && value !== null && 'push' in value && 'close' in value;
}

describe('the examples of the README', () => {
  test('are three, and compile', async () => {
    expect(examples).toHaveLength(3);
    const compiler = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
    const { stdout } = await promisify(execFile)(process.execPath, [compiler, '-p', folder]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  }, 60_000);

  (server === null ? test.skip : test)('the ten lines start, and warn of a Redis that evicts', async () => {
    const said = jest.spyOn(console, 'error').mockImplementation(() => {});
    Object.assign(process.env, {
      REDIS_URL: server?.url,
      FORUM_SSO_KEYS: testKeys,
      DISCOURSE_CONNECT_SECRET: 'the-secret-of-the-readme-forum-4711',
    });
    const { sso, client } = await load(1);
    expect(sso).toMatchObject({ handle: expect.any(Function) });
    // The event comes as soon as Redis has answered.
    for (let tries = 0; said.mock.calls.length === 0 && tries < 100; tries++) await sleep(20);
    expect(said.mock.calls.flat().join()).toContain('maxmemory-policy allkeys-lru');
    said.mockRestore();
    if (!isClient(client)) throw new Error('The example exports no client.');
    client.destroy();
  });

  (server === null ? test.skip : test)('a durable store with Redis in front', async () => {
    const { withRedis } = await load(2);
    if (typeof withRedis !== 'function') throw new Error('The example exports no withRedis.');
    const { client, close } = await clients.ioredis(server?.url ?? '');
    const durable = memoryStore();
    const store: unknown = withRedis(durable, client);
    if (!isStore(store)) throw new Error('It gives no store.');
    expect(await store.oneTime.claim('readme', 60)).toBe(true);
    expect(await durable.oneTime.claim('readme', 60)).toBe(true);
    expect(await store.links?.link('forum', '1', 'anna')).toBe('linked');
    expect(await durable.links?.findBySiteUser('forum', 'anna')).toBe('1');
    await close();
  });

  (server === null ? test.skip : test)('a queue on BullMQ', async () => {
    process.env.REDIS_URL = server?.url;
    const { withQueue } = await load(3);
    if (typeof withQueue !== 'function') throw new Error('The example exports no withQueue.');
    const sent: string[] = [];
    const push = async ({ id }: SiteUser): Promise<Delivery> => {
      sent.push(id);
      return { done: true };
    };
    const options: ForumSsoOptions = {
      baseUrl: 'https://site.example.com/sso',
      keys: testKeys,
      connectors: [{ kind: 'test', name: 'test', setUp: () => ({ routes: [], push }) }],
      findUser: async (id) => ({ id, email: 'a@example.com', emailVerified: true }),
    };
    const web: unknown = withQueue(options, false);
    const worker: unknown = withQueue(options);
    if (!isForumSso(web) || !isForumSso(worker)) throw new Error('It gives no ForumSso.');
    await web.push('7');
    for (let i = 0; sent.length === 0 && i < 500; i++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(sent).toEqual(['7']);
    await Promise.all([web.close(), worker.close()]);
  });
});

test('the table of the queue has each of its options, and no other', () => {
  const optionsOf = (file: string, name: string): string[] => {
    const source = readFileSync(new URL(file, import.meta.url), 'utf8');
    const [, body = ''] =
      new RegExp(`export interface ${name}\\b[^{]*\\{([\\s\\S]*?)\\n\\}`).exec(source) ?? [];
    return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, option = '']) => option);
  };
  const real = [
    ...optionsOf('../src/bullmq-queue.ts', 'BullmqQueueOptions'),
    ...optionsOf('../../core/src/push/queue.ts', 'QueueOptions'),
  ];
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, section = ''] = /## The push queue on BullMQ([\s\S]*?)\n## /.exec(readme) ?? [];
  const told = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, option]) => option);
  expect(real.length).toBeGreaterThan(6);
  expect(told.sort()).toEqual(real.sort());
});
