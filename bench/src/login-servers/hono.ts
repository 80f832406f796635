import type { Server } from 'node:http';
import { createForumSso } from '@forum-sso/core';
import { discourse } from '@forum-sso/core/discourse';
import { toWebHandler } from '@forum-sso/core/web';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';

import { answerByHand, currentUser, forumUrl, path, secret } from './forum.js';
import type { LoginServers } from './login-servers.js';

export const honoServers: LoginServers = {
  ours: (keys) => {
    const sso = createForumSso({
      baseUrl: 'http://localhost:3000/sso',
      keys,
      connectors: [discourse({ forumUrl, secret })],
    });
    const answer = toWebHandler(sso, { currentUser });
    return listen(new Hono().all('/sso/*', (c) => answer(c.req.raw)));
  },
  byHand: () => listen(new Hono().get(path, async (c) => c.redirect(await answerByHand(c.req.query())))),
};

function listen(app: Hono): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createAdaptorServer({ fetch: app.fetch });
    if (!('closeAllConnections' in server)) return reject(new Error('This is no HTTP/1 server.'));
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
