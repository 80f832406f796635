import type { Express } from 'express';

import { HttpError } from '../../server/index.js';
import type { ForumContext } from './context.js';

/**
 * Looks behind the scenes, as JSON, for tests in other processes and other languages. No real forum has these
 * addresses. The secret is in none of them.
 */
export function mountEmulatorRoutes(app: Express, { forum }: ForumContext): void {
  const { directory } = forum;
  app.get('/emulator/users', (_request, response) => {
    response.json(directory.users().map((user) => directory.view(user)));
  });
  app.get('/emulator/users/:externalId', (request, response) => {
    const user = directory.byExternalId(request.params.externalId);
    if (user === undefined) throw new HttpError(404, 'No account is linked to that external id.');
    response.json(directory.view(user));
  });
  app.get('/emulator/groups', (_request, response) => void response.json(directory.groupViews()));
  app.get('/emulator/log', (_request, response) => void response.json(forum.journal.entries()));
  app.get('/emulator/mails', (_request, response) => void response.json(forum.mailbox.mails()));
  app.get('/emulator/settings', (_request, response) => {
    response.json({ ...forum.settings, ...forum.modes });
  });
}
