import type { Express, Request, Response } from 'express';

import { type Html, HttpError } from '../../../server/index.js';
import { type ForumContext, sendForumPage } from '../context.js';
import { logPage, mailPage } from '../log-pages.js';
import { apiKeysPage } from './api-keys-page.js';
import { faultsPage } from './faults-page.js';
import { overviewPage } from './overview-page.js';
import { personPage } from './person-page.js';
import { webhookPage, webhooksPage } from './webhook-pages.js';

/** The admin pages, open to everybody who can reach this machine's loopback address. */
export function mountAdminRoutes(app: Express, context: ForumContext): void {
  const { forum, webhooks, faults } = context;
  const page = (path: string, title: string, body: (request: Request) => Html): void => {
    app.get(path, (request: Request, response: Response) =>
      sendForumPage(context, request, response, { title, body: body(request) }),
    );
  };

  page('/admin', 'Admin', () => overviewPage(forum));
  page('/admin/users/:id', 'Account', (request) => {
    const user = forum.directory.byId(Number(request.params.id));
    if (user === undefined) throw new HttpError(404, 'There is no such user.');
    return personPage(forum, user);
  });
  page('/admin/api', 'API keys', () => apiKeysPage(forum, null));
  page('/admin/webhooks', 'Webhooks', () => webhooksPage(webhooks));
  page('/admin/webhooks/:id', 'Webhook', (request) => {
    const webhook = webhooks.list().find(({ id }) => String(id) === request.params.id);
    if (webhook === undefined) throw new HttpError(404, 'There is no such webhook.');
    return webhookPage(webhook, webhooks);
  });
  page('/admin/faults', 'Faults', () => faultsPage(faults));
  page('/logs', 'Log', () => logPage(forum));
  page('/mails', 'Mails', () => mailPage(forum));
}
