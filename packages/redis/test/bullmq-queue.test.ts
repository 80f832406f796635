import { randomUUID } from 'node:crypto';

import { describeQueue, findRedis } from '@forum-sso/testkit';
import { afterAll, describe } from '@jest/globals';

import { bullmqQueue } from '../src/bullmq-queue.js';
import { sweepKeys } from './clients.js';

const redis = await findRedis();
const url = redis?.url ?? '';
const prefix = `forum-sso-test-${randomUUID().slice(0, 8)}`;

afterAll(async () => {
  if (redis !== null) await sweepKeys(url, prefix);
  await redis?.stop();
});

(redis === null ? describe.skip : describe)('on Redis', () => {
  describeQueue('bullmqQueue', async ({ place, ...options }) => ({
    queue: bullmqQueue({ connection: { url }, prefix: `${prefix}:${place}`, ...options }),
  }));
});
