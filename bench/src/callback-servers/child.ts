/**
 * One server in a process of its own, so that its processor time is its own: `child.js <ours|byHand>`. Tells its port,
 * and at every message what it has cost so far.
 */
import { randomBytes } from 'node:crypto';

import { createForumSso } from '@forum-sso/core';
import { discourseLogin } from '@forum-sso/core/discourse';
import { forumSsoRouter } from '@forum-sso/express';
import express from 'express';

import { byHand } from './by-hand.js';
import { forumUrl, secret } from './forum.js';

function ours(): express.Express {
  const sso = createForumSso({
    baseUrl: 'http://localhost:3000/sso',
    keys: randomBytes(32).toString('base64'),
    connectors: [discourseLogin({ forumUrl, secret })],
  });
  const app = express();
  app.use(forumSsoRouter(sso));
  return app;
}

const app = process.argv[2] === 'ours' ? ours() : await byHand();
const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : undefined);
});
// A connection that waits for its next turn is not to be closed.
server.keepAliveTimeout = 0;
process.on('message', () => process.send?.(process.cpuUsage()));
process.on('disconnect', () => process.exit());
