import type { Express, Request } from 'express';

import { HttpError, ownPagesOnly, readJson } from '../../server/index.js';
import type { FaultRule } from '../forum/faults.js';
import { publicSettings } from '../forum/settings.js';
import type { NewWebhook } from '../webhooks/webhook.js';
import { isWebhookEventName } from '../webhooks/webhook.js';
import { startSession } from './browser-session.js';
import type { ForumContext } from './context.js';

/**
 * Looks behind the scenes, as JSON, for tests in other processes and other languages. No real forum has these
 * addresses. Secrets and keys are in none of them.
 */
export function mountEmulatorRoutes(app: Express, context: ForumContext): void {
  const { forum, webhooks, faults, address } = context;
  const { directory } = forum;
  const ownPages = ownPagesOnly(address);

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
    response.json({ ...publicSettings(forum.settings), ...forum.modes });
  });

  app.post('/emulator/log_in', ownPages, async (request, response) => {
    const username = recordOf(await readJson(request)).username;
    const user = typeof username === 'string' ? directory.byUsername(username) : undefined;
    if (user === undefined) throw new HttpError(404, 'There is no such user.');
    startSession(context, request, response, user);
    response.json({ success: 'OK' });
  });

  app.get('/emulator/webhooks', (_request, response) => {
    response.json(
      webhooks.list().map(({ secret, ...webhook }) => ({
        ...webhook,
        signed: secret !== '',
        deliveries: webhooks.deliveries(webhook.id),
      })),
    );
  });
  app.post('/emulator/webhooks', ownPages, async (request, response) => {
    const given = newWebhook(recordOf(await readJson(request)));
    response.status(201).json({ id: refuseWith(() => webhooks.create(given)).id });
  });
  app.post('/emulator/webhooks/:id/ping', ownPages, async (request, response) => {
    await refuseWith(() => webhooks.ping(Number(request.params.id)));
    response.json({ success: 'OK' });
  });
  app.post('/emulator/deliveries/:id/redeliver', ownPages, async (request, response) => {
    await refuseWith(() => webhooks.redeliver(Number(request.params.id)));
    response.json({ success: 'OK' });
  });

  app.get('/emulator/faults', (_request, response) => void response.json(faults.rules()));
  app.put('/emulator/faults', ownPages, async (request: Request, response) => {
    const rules: unknown = await readJson(request);
    if (!Array.isArray(rules)) throw new HttpError(422, 'Faults are a list.');
    refuseWith(() => faults.set(rules.map(faultRule)));
    response.json(faults.rules());
  });
}

function refuseWith<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof TypeError ? new HttpError(422, error.message) : error;
  }
}

function newWebhook({ url, secret, events, contentType }: Readonly<Record<string, unknown>>): NewWebhook {
  const names = Array.isArray(events) ? events.map(String) : [];
  const unknown = names.find((name) => !isWebhookEventName(name));
  if (unknown !== undefined) throw new HttpError(422, `There is no webhook event "${unknown}".`);
  return {
    url: String(url),
    ...(typeof secret === 'string' ? { secret } : {}),
    ...(events === undefined ? {} : { events: names.filter(isWebhookEventName) }),
    ...(contentType === 'application/x-www-form-urlencoded' ? { contentType } : {}),
  };
}

function faultRule(value: unknown): FaultRule {
  const given = recordOf(value);
  const number = (name: string): number => (given[name] === undefined ? 0 : Number(given[name]));
  return {
    pathPrefix: String(given.pathPrefix),
    latencyMs: number('latencyMs'),
    errorRate: number('errorRate'),
    resetRate: number('resetRate'),
    hangRate: number('hangRate'),
    afterwards: given.afterwards === true,
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
