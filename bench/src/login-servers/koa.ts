import type { Server } from 'node:http';
import { createForumSso } from '@forum-sso/core';
import { discourse } from '@forum-sso/core/discourse';
import { forumSsoMiddleware } from '@forum-sso/koa';
import Koa from 'koa';

import { answerByHand, currentUser, forumUrl, path, secret } from './forum.js';
import type { LoginServers } from './login-servers.js';

export const koaServers: LoginServers = {
  ours: (keys) => {
    const sso = createForumSso({
      baseUrl: 'http://localhost:3000/sso',
      keys,
      connectors: [discourse({ forumUrl, secret })],
    });
    return listen(new Koa().use(forumSsoMiddleware(sso, { currentUser })));
  },
  byHand: () =>
    listen(
      new Koa().use(async (ctx, next) => {
        if (ctx.path === path) ctx.redirect(await answerByHand(ctx.query));
        else await next();
      }),
    ),
};

function listen(app: Koa): Promise<Server> {
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server));
  });
}
