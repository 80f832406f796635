import { randomUUID } from 'node:crypto';

import type { OneTimeValues } from '@forum-sso/core';
import { redisStore } from '@forum-sso/redis';
import { postgresStore } from '@forum-sso/sql';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createClient } from 'redis';

import { type Candidate, compare, type Row, type RowGroup, takeTurns } from './measure.js';

/** How many claims are under way at a time. */
const atATime = 16;
const lifeSeconds = 900;
/** Many short turns rather than few long ones: other work on the machine comes and goes in spans of a second. */
const rounds = 41;

/**
 * A claim of a one-time value, beside the bare client's single command at the same concurrency, on the servers at
 * `REDIS_URL` and `DATABASE_URL` (or this machine's). Keys and tables of its own are taken away afterwards.
 */
export const stores: RowGroup = {
  name: 'stores',
  async rows() {
    const rows: Row[] = [];
    for (const measure of [nodeRedis, ioRedis, postgres]) {
      const measured = await measure();
      if (measured === null) console.error(`Left out, since the server does not answer: ${measure.name}.`);
      else rows.push(measured);
    }
    return rows;
  },
};

/** Many claims at a time, each of a value of its own, and each of them granted: a store that says no has done less work. */
function claiming<Reply>(
  name: string,
  claims: number,
  claim: (key: string) => Promise<Reply>,
  granted: (reply: Reply) => boolean,
): Candidate {
  const run = randomUUID();
  let next = 0;
  return {
    name,
    turn: async () => {
      const start = process.hrtime.bigint();
      let left = claims;
      const worker = async (): Promise<void> => {
        while (left-- > 0) {
          if (!granted(await claim(`${run}-${next++}`))) throw new Error('A new value was refused.');
        }
      };
      await Promise.all(Array.from({ length: atATime }, worker));
      return Number(process.hrtime.bigint() - start) / claims;
    },
  };
}

function claimingFrom({ claim }: OneTimeValues, name: string, claims: number): Candidate {
  return claiming(
    name,
    claims,
    (key) => claim(key, lifeSeconds),
    (taken) => taken,
  );
}

async function nodeRedis(): Promise<Row | null> {
  const client = createClient({ url: redisUrl(), socket: { reconnectStrategy: false } });
  client.on('error', () => {});
  if (!(await succeeds(client.connect()))) return null;
  try {
    const prefix = `forum-sso-bench:${randomUUID()}:`;
    const costs = await takeTurns(
      [
        claiming(
          'SET NX PX by redis',
          2_000,
          (key) => client.set(`${prefix}${key}`, '1', { PX: lifeSeconds * 1_000, NX: true }),
          (reply) => reply === 'OK',
        ),
        claimingFrom(redisStore({ client, prefix }).oneTime, 'claim by redis', 2_000),
      ],
      rounds,
    );
    for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 })) {
      if (keys.length > 0) await client.unlink(keys);
    }
    return redisRow('redis', costs);
  } finally {
    client.destroy();
  }
}

async function ioRedis(): Promise<Row | null> {
  const client = new Redis(redisUrl(), { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => {});
  if (!(await succeeds(client.connect()))) return null;
  try {
    const prefix = `forum-sso-bench:${randomUUID()}:`;
    const costs = await takeTurns(
      [
        claiming(
          'SET NX PX by ioredis',
          2_000,
          (key) => client.set(`${prefix}${key}`, '1', 'PX', lifeSeconds * 1_000, 'NX'),
          (reply) => reply === 'OK',
        ),
        claimingFrom(redisStore({ client, prefix }).oneTime, 'claim by ioredis', 2_000),
      ],
      rounds,
    );
    const keys = client.scanStream({ match: `${prefix}*`, count: 1_000 });
    for await (const batch of keys) if (batch.length > 0) await client.unlink(batch);
    return redisRow('ioredis', costs);
  } finally {
    client.disconnect();
  }
}

function redisRow(client: string, costs: Awaited<ReturnType<typeof takeTurns>>): Row {
  return compare(`claim of a one-time value: Redis, by ${client}`, costs, {
    subject: `claim by ${client}`,
    floor: `SET NX PX by ${client}`,
    target: { atLeast: 0.95 },
  });
}

async function postgres(): Promise<Row | null> {
  const url = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test';
  const schema = `forum_sso_bench_${randomUUID().replaceAll('-', '')}`;
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  pool.on('error', () => {});
  if (!(await succeeds(pool.query('select 1')))) return null;
  try {
    await pool.query(`create schema ${schema}`);
    const store = await postgresStore({ url, schema });
    // The same table once more, for the statement by hand.
    const table = `${schema}.by_hand`;
    await pool.query(`create table ${table} (like ${schema}.forum_sso_one_time_values including all)`);
    const byHand = `insert into ${table} (key, expires_at) values ($1, $2) on conflict (key) do nothing`;
    const costs = await takeTurns(
      [
        claiming(
          'INSERT by pg',
          400,
          (key) => pool.query(byHand, [key, Date.now() + lifeSeconds * 1_000]),
          ({ rowCount }) => rowCount === 1,
        ),
        claimingFrom(store.oneTime, 'claim by sql', 400),
      ],
      rounds,
    );
    await store.close();
    return compare('claim of a one-time value: PostgreSQL', costs, {
      subject: 'claim by sql',
      floor: 'INSERT by pg',
      target: { atLeast: 0.9 },
    });
  } finally {
    await pool.query(`drop schema if exists ${schema} cascade`).catch(() => {});
    await pool.end();
  }
}

async function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    () => true,
    () => false,
  );
}

function redisUrl(): string {
  return process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
}
