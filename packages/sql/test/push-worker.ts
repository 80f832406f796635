/**
 * One of several processes of a site that push to a forum, with their jobs in a database. Arguments: kind, place, schema,
 * forum URL. Says "ready"; then it pushes whom it is told, and tells when they are queued. What everybody is called now
 * stands on the forum's page /name.
 */
import { createForumSso, storeQueue } from '@forum-sso/core';

import { testKeys } from '../../testkit/src/case.js';
import { forumConnector } from '../../testkit/src/processes/limited-forum.js';
import { postgresStore, sqliteStore } from '../src/index.js';

const [kind = '', place = '', schema = '', forumUrl = ''] = process.argv.slice(2);
const store =
  kind === 'sqlite' ? await sqliteStore({ path: place }) : await postgresStore({ url: place, schema });

const sso = createForumSso({
  baseUrl: 'https://site.example.com/sso',
  keys: testKeys,
  connectors: [forumConnector(forumUrl, { calls: 1_000, seconds: 10 })],
  store,
  queue: storeQueue({
    leaseSeconds: 1,
    pollSeconds: 0.1,
    retry: { attempts: 50, firstSeconds: 0.2, longestSeconds: 1 },
  }),
  findUser: async (id) => {
    const name = await (await fetch(`${forumUrl}/name`)).text();
    return { id, email: `${id}@example.com`, emailVerified: true, name };
  },
});

process.on('message', async (message) => {
  const ids: unknown = JSON.parse(String(message));
  if (!Array.isArray(ids)) throw new Error('no ids');
  for (const id of ids) await sso.push(String(id));
  process.send?.('queued');
});
process.send?.('ready');
