import { Redis } from 'ioredis';
import ioredis5 from 'ioredis5';
import { createClient, createClientPool } from 'redis';
import { createClient as createClient4 } from 'redis4';

import type { RedisClient } from '../src/redis-client.js';

/** A client, and how to end it. */
export interface OpenClient {
  readonly client: RedisClient;
  close(): Promise<void>;
}

/** Opens a client of each kind, set up as the README says. */
export const clients = {
  async redis(url) {
    const client = createClient({
      url,
      disableOfflineQueue: true,
      socket: { connectTimeout: 2_000, reconnectStrategy: 50 },
    });
    client.on('error', () => {});
    await client.connect();
    return { client, close: async () => client.destroy() };
  },
  async 'redis pool'(url) {
    const client = createClientPool({ url }, { minimum: 2, maximum: 4 });
    client.on('error', () => {});
    await client.connect();
    return { client, close: async () => client.destroy() };
  },
  async ioredis(url) {
    const client = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      connectTimeout: 2_000,
      disconnectTimeout: 100,
      retryStrategy: () => 50,
    });
    client.on('error', () => {});
    await client.connect();
    return { client, close: async () => client.disconnect() };
  },
  async 'redis 4'(url): Promise<OpenClient> {
    const client = createClient4({ url });
    client.on('error', () => {});
    await client.connect();
    return { client, close: () => client.disconnect() };
  },
  async 'ioredis 5'(url): Promise<OpenClient> {
    const client = new ioredis5.default(url, { lazyConnect: true });
    client.on('error', () => {});
    await client.connect();
    return { client, close: async () => client.disconnect() };
  },
} as const satisfies Record<string, (url: string) => Promise<OpenClient>>;

export type ClientKind = keyof typeof clients;

/** Removes every key with a prefix, and tells which there were and how long they had to live, in milliseconds. */
export async function sweepKeys(url: string, prefix: string): Promise<Map<string, number>> {
  const client = await createClient({ url }).connect();
  const found = new Map<string, number>();
  for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 })) {
    for (const key of keys) found.set(key.slice(prefix.length), await client.pTTL(key));
    if (keys.length > 0) await client.del(keys);
  }
  client.destroy();
  return found;
}
