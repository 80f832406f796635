import type { Server } from 'node:http';
import { createForumSso } from '@forum-sso/core';
import { discourse } from '@forum-sso/core/discourse';
import { forumSsoRouter } from '@forum-sso/express';
import express from 'express';

import { answerByHand, currentUser, forumUrl, path, secret } from './forum.js';
import type { LoginServers } from './login-servers.js';

export const expressServers: LoginServers = {
  ours: (keys) => {
    const sso = createForumSso({
      baseUrl: 'http://localhost:3000/sso',
      keys,
      connectors: [discourse({ forumUrl, secret })],
    });
    const app = express();
    app.use(forumSsoRouter(sso, { currentUser }));
    return listen(app);
  },
  byHand: () => {
    const app = express();
    app.get(path, async (req, res) => res.redirect(await answerByHand(req.query)));
    return listen(app);
  },
};

function listen(app: express.Express): Promise<Server> {
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server));
  });
}
