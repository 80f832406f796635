/**
 * One of several processes of a site that push to a forum. Arguments: Redis URL, prefix, forum URL, limit (calls),
 * window (seconds), lease (seconds). Says "ready"; then it pushes whom it is told, and tells when they are queued. What
 * it was told last stands in the Redis itself: key `{prefix}:name:{id}`.
 */
import { createForumSso } from '@forum-sso/core';
import { Redis } from 'ioredis';

import { testKeys } from '../../testkit/src/case.js';
import { forumConnector } from '../../testkit/src/processes/limited-forum.js';
import { bullmqQueue } from '../src/bullmq-queue.js';

const [url = '', prefix = '', forumUrl = '', calls = '', seconds = '', lease = ''] = process.argv.slice(2);
const redis = new Redis(url);

const sso = createForumSso({
  baseUrl: 'https://site.example.com/sso',
  keys: testKeys,
  connectors: [forumConnector(forumUrl, { calls: Number(calls), seconds: Number(seconds) })],
  queue: bullmqQueue({
    connection: { url },
    prefix,
    leaseSeconds: Number(lease),
    retry: { attempts: 50, firstSeconds: 0.2, longestSeconds: 1 },
  }),
  findUser: async (id) => {
    const name = await redis.get(`${prefix}:name:${id}`);
    return name === null ? null : { id, email: `${id}@example.com`, emailVerified: true, name };
  },
});

process.on('message', async (message) => {
  const ids: unknown = JSON.parse(String(message));
  if (!Array.isArray(ids)) throw new Error('no ids');
  for (const id of ids) await sso.push(String(id));
  process.send?.('queued');
});
process.send?.('ready');
