import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { createForumSso } from '@forum-sso/core';
import { discourse } from '@forum-sso/core/discourse';
import { bullmqQueue } from '@forum-sso/redis/bullmq';
import { Redis } from 'ioredis';

import type { Row, RowGroup } from './measure.js';

/** A forum's limit, and how many pushes it has to bear. */
interface Limit {
  readonly calls: number;
  readonly seconds: number;
  readonly pushes: number;
}

/** Milliseconds that the forum takes for an answer. */
const answerTime = 50;
const workers = 4;

/** A minute's limit in a quarter of the time: the spacing is a quarter, too, so lateness weighs four times as much. */
export const pushLimit: RowGroup = {
  name: 'push-limit',
  rows: () =>
    rows('pushes under a limit of 60 in 15 s, four workers', { calls: 60, seconds: 15, pushes: 75 }),
};

export const pushLimitMinute: RowGroup = {
  name: 'push-limit-minute',
  long: true,
  rows: () =>
    rows('pushes under a limit of 60 a minute, four workers', { calls: 60, seconds: 60, pushes: 150 }),
};

async function rows(name: string, limit: Limit): Promise<readonly Row[]> {
  const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
  if (!(await answers(url))) {
    console.error(`Left out: ${name}. No Redis answers at ${url}.`);
    return [];
  }
  const { used, refused, spacing } = await pushUnder(limit, url);
  if (refused > 0) console.error(`${name}: the forum refused ${refused} calls.`);
  return [
    {
      name,
      subject: 'BullMQ',
      floor: 'the limit',
      // Passing a limit is no way to use it.
      ratio: refused > 0 ? 0 : used,
      target: { atLeast: 0.95 },
      medians: { subject: spacing * 1e6, floor: (limit.seconds / limit.calls) * 1e9 },
    },
  ];
}

/** Lets four workers push, and sees from the forum's side how much of its limit they use. */
async function pushUnder(
  { calls, seconds, pushes }: Limit,
  url: string,
): Promise<{ readonly used: number; readonly refused: number; readonly spacing: number }> {
  const accepted: number[] = [];
  let refused = 0;
  const forum = createServer((request, response) => {
    const now = performance.now();
    const within = accepted.filter((at) => at > now - seconds * 1_000).length;
    if (within >= calls) refused++;
    else accepted.push(now);
    request.resume().on('end', () => {
      setTimeout(() => {
        response.writeHead(within >= calls ? 429 : 200, {
          'Content-Type': 'application/json',
          'Retry-After': '1',
        });
        response.end(`{"id":${accepted.length},"username":"x","active":true}`);
      }, answerTime);
    });
  });
  await new Promise<void>((resolve) => forum.listen(0, '127.0.0.1', resolve));
  const address = forum.address();
  if (address === null || typeof address === 'string') throw new Error('The forum has no port.');

  const prefix = `forum-sso-bench-${randomBytes(6).toString('hex')}`;
  const keys = randomBytes(32).toString('base64');
  const secret = randomBytes(16).toString('hex');
  const sites = Array.from({ length: workers }, () =>
    createForumSso({
      baseUrl: 'https://site.example.com/sso',
      keys,
      connectors: [
        discourse({
          forumUrl: `http://127.0.0.1:${address.port}`,
          secret,
          api: { key: 'key', callsPerMinute: (calls / seconds) * 60 },
        }),
      ],
      queue: bullmqQueue({ connection: { url }, prefix }),
      findUser: async (id) => ({ id, email: `${id}@example.com`, emailVerified: true, username: id }),
    }),
  );
  for (let i = 0; i < pushes; i++) await sites[i % workers]?.push(`u${i}`);
  const end = performance.now() + pushes * (seconds / calls) * 3_000 + 10_000;
  while (accepted.length < pushes && performance.now() < end) await sleep(50);
  await Promise.all(sites.map((sso) => sso.close()));
  await new Promise((resolve) => forum.close(resolve).closeAllConnections());
  await sweep(url, prefix);
  const spacing = ((accepted.at(-1) ?? 0) - (accepted[0] ?? 0)) / (accepted.length - 1);
  return { used: (seconds * 1_000) / calls / spacing, refused, spacing };
}

async function answers(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

async function sweep(url: string, prefix: string): Promise<void> {
  const client = new Redis(url);
  for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1_000 })) {
    if (Array.isArray(keys) && keys.length > 0) await client.del(...keys.map(String));
  }
  client.disconnect();
}
