/**
 * One of several processes of a site at which people sign in with their forum account: a server on a free port, over
 * real stores. Arguments: the site's keys, the forum's secret, Redis's URL and a prefix, PostgreSQL's URL and a schema;
 * a URL may be empty. Below `/redis` and `/postgres` answers are claimed as the store does it; below `/redis-careless`
 * and `/postgres-careless` it looks first and notes then, as no store may do it.
 *
 * Says its port when it is ready. Asked for it, it tells what happened how often: `redis login.completed`, ….
 */
import { createServer } from 'node:http';

import { createForumSso, type ForumSso, type ForumSsoStore, type OneTimeValues } from '@forum-sso/core';
import { discourseLogin } from '@forum-sso/core/discourse';
import { answerRequest, nodeRequest } from '@forum-sso/core/node';

import { redisStore } from '../../../../packages/redis/src/index.js';
import { clients } from '../../../../packages/redis/test/clients.js';
import { postgresStore } from '../../../../packages/sql/src/index.js';

const [keys = '', secret = '', redisUrl = '', prefix = '', postgresUrl = '', schema = ''] =
  process.argv.slice(2);
const told = new Map<string, number>();

/** All processes are the same site, whichever of them a request happens to reach. */
function engine(mount: string, store: ForumSsoStore): ForumSso {
  return createForumSso({
    baseUrl: `http://localhost:4000/${mount}`,
    keys,
    connectors: [discourseLogin({ forumUrl: 'https://forum.example.com', secret })],
    store,
    events: (event) => {
      const name = `${mount} ${event.type === 'request.refused' ? event.code : event.type}`;
      told.set(name, (told.get(name) ?? 0) + 1);
    },
  });
}

/** Two looks may come before the first note. */
function lookThenNote({ revocations }: ForumSsoStore): OneTimeValues {
  return {
    async claim(key, lifeSeconds) {
      if (await revocations.isLive(key, 'used', 'any')) return false;
      await revocations.join(key, 'used', lifeSeconds);
      return true;
    },
  };
}

const stores: (readonly [string, ForumSsoStore])[] = [];
if (redisUrl !== '') {
  const { client } = await clients.redis(redisUrl);
  stores.push(['redis', redisStore({ client, prefix })]);
}
if (postgresUrl !== '') stores.push(['postgres', await postgresStore({ url: postgresUrl, schema })]);
const engines = stores.flatMap(([kind, store]) => [
  engine(kind, store),
  engine(`${kind}-careless`, { ...store, oneTime: lookThenNote(store) }),
]);

const server = createServer((message, response) => {
  const url = message.url ?? '';
  const sso = engines.find((one) => one.owns(url));
  if (sso === undefined) response.writeHead(404).end();
  else answerRequest(sso, nodeRequest(message, url), response, undefined).catch(() => response.destroy());
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : null);
});
process.on('message', () => {
  process.send?.(Object.fromEntries(told));
});
