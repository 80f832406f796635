import { randomBytes, randomUUID } from 'node:crypto';
import { Agent, get, type IncomingHttpHeaders } from 'node:http';

import {
  findPostgres,
  findRedis,
  forumAnswer,
  startTypeScript,
  type TypeScriptProcess,
} from '@forum-sso/testkit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { sweepKeys } from '../../../../packages/redis/test/clients.js';
import { makeSchema } from '../../../../packages/sql/test/databases.js';

const redis = await findRedis();
const postgres = await findPostgres();
const schema = postgres === null ? null : await makeSchema(postgres.url);
const prefix = `forum-sso-test:${randomUUID()}:`;
const secret = randomBytes(24).toString('hex');

/** The processes, and the ports of their servers. */
const processes: TypeScriptProcess[] = [];
const ports: number[] = [];
const agent = new Agent({ keepAlive: true });

beforeAll(async () => {
  const keys = randomBytes(32).toString('hex');
  const places = [redis?.url ?? '', prefix, postgres?.url ?? '', schema?.name ?? ''];
  const file = new URL('./login-process.ts', import.meta.url);
  for (let i = 0; i < processCount; i++) processes.push(startTypeScript(file, [keys, secret, ...places]));
  for (const each of processes) ports.push(Number(await each.next()));
}, 60_000);

afterAll(async () => {
  agent.destroy();
  await Promise.all(processes.map((each) => each.stop()));
  if (redis !== null) await sweepKeys(redis.url, prefix);
  await schema?.drop();
  await redis?.stop();
  await postgres?.stop();
});

/** Processes of one site. */
const processCount = 4;
/** Answers that are under way at a time. */
const atATime = 12;

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

function open(port: number, path: string, cookie = ''): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = { Host: 'localhost:4000', 'Sec-Fetch-Dest': 'document', Cookie: cookie };
    get({ host: '127.0.0.1', port, path, agent, headers }, (response) => {
      response.resume().on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers });
      });
    }).on('error', reject);
  });
}

/**
 * Begins a login at one of the processes and lets the answer come to all of them at the same time, each with the cookies
 * of the browser that began it.
 * @returns the processes that took it for a login
 */
async function raceFor(mount: string, number: number): Promise<readonly number[]> {
  const start = `/${mount}/discourse-login/start?returnTo=/done`;
  const away = await open(ports[number % processCount] ?? 0, start);
  const sso = new URL(away.headers.location ?? '').searchParams.get('sso') ?? '';
  const question = Object.fromEntries(new URLSearchParams(Buffer.from(sso, 'base64').toString()));
  const cookie = away.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const person = {
    external_id: String(number + 1),
    username: `person${number}`,
    email: `person${number}@example.com`,
  };
  const path = `/${mount}/discourse-login/callback?${forumAnswer(question, person, secret)}`;
  const replies = await Promise.all(ports.map((port) => open(port, path, cookie)));
  return replies.flatMap(({ status, headers }, index) => {
    const signedIn = headers['set-cookie']?.some((line) => line.startsWith('fsso-4000-session=')) === true;
    if ((status === 302) !== signedIn) throw new Error(`A login was answered with ${status}.`);
    return signedIn ? [index] : [];
  });
}

/** @returns for each answer, the processes that took it */
async function race(mount: string, answers: number): Promise<readonly (readonly number[])[]> {
  const winners: (readonly number[])[] = [];
  const numbers = Array.from({ length: answers }, (_, i) => i).values();
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      for (const number of numbers) winners.push(await raceFor(mount, number));
    }),
  );
  return winners;
}

/** How often all processes together told their audit logs of something. */
async function told(name: string): Promise<number> {
  let sum = 0;
  for (const each of processes) {
    each.send('tell');
    const counts = new Map(Object.entries(Object(await each.next())));
    sum += Number(counts.get(name) ?? 0);
  }
  return sum;
}

describe.each([
  ['redis', redis],
  ['postgres', postgres],
] as const)('four processes over %s', (kind, service) => {
  const run = service === null ? test.skip : test;

  run(
    'take each of 1,000 answers through the callback for exactly one login',
    async () => {
      const winners = await race(kind, 1_000);
      expect(winners).toHaveLength(1_000);
      expect(winners.filter(({ length }) => length !== 1)).toEqual([]);
      expect(await told(`${kind} login.completed`)).toBe(1_000);
      expect(await told(`${kind} ERR_LOGIN_ALREADY_USED`)).toBe(3_000);
      // A race that the same process always wins is none.
      expect(new Set(winners.flat()).size).toBe(processCount);
    },
    60_000,
  );

  run(
    'would take some of them several times if the store looked first and noted then',
    async () => {
      const winners = await race(`${kind}-careless`, 100);
      expect(winners.filter(({ length }) => length > 1).length).toBeGreaterThan(0);
    },
    60_000,
  );
});
