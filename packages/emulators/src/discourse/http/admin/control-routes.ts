import type { Express, Request, Response } from 'express';

import { HttpError, ownPagesOnly, readForm } from '../../../server/index.js';
import { apiScopes, isApiScope } from '../../forum/api-scopes.js';
import { DiscourseError } from '../../protocol/errors.js';
import { isWebhookEventName } from '../../webhooks/webhook.js';
import { type ForumContext, sendForumPage } from '../context.js';
import { apiKeysPage } from './api-keys-page.js';
import { controlPath } from './controls.js';
import { actOnPerson } from './person-actions.js';

/** What the forms of the admin pages do. */
export function mountControlRoutes(app: Express, context: ForumContext): void {
  const { forum, webhooks, faults, address } = context;
  const ownPages = ownPagesOnly(address);
  /** @param back the page that follows */
  const control = (
    path: string,
    work: (form: URLSearchParams, request: Request) => void | Promise<void>,
    back: string | ((request: Request) => string),
  ): void => {
    app.post(controlPath + path, ownPages, async (request: Request, response: Response) => {
      const form = await readForm(request);
      await refuseWith(() => work(form, request));
      response.redirect(303, forum.origin + (typeof back === 'string' ? back : back(request)));
    });
  };
  const webhookOf = (request: Request): string => `/admin/webhooks/${String(request.params.id)}`;

  control(
    '/site_settings',
    (form) => forum.changeSettings(settingChange(context, form.get('name') ?? '', form.get('value') ?? '')),
    '/admin',
  );
  control(
    '/modes',
    (form) => {
      const value = form.get('value') === 'true';
      if (form.get('name') === 'readOnly') forum.modes.readOnly = value;
      else if (form.get('name') === 'archived') forum.modes.archived = value;
      else throw new HttpError(404, 'There is no such mode.');
    },
    '/admin',
  );
  control('/groups', (form) => void forum.directory.createGroup(form.get('name')?.trim() ?? ''), '/admin');
  control(
    '/users/:id/:action',
    (form, request) => {
      const user = forum.directory.byId(Number(request.params.id));
      if (user === undefined) throw new HttpError(404, 'There is no such user.');
      actOnPerson(context, user, String(request.params.action), form);
    },
    (request) =>
      request.params.action === 'delete' ? '/admin' : `/admin/users/${String(request.params.id)}`,
  );

  app.post(`${controlPath}/api`, ownPages, async (request, response) => {
    const form = await readForm(request);
    const username = form.get('username')?.trim() ?? '';
    const scopes = form.getAll('scope').filter(isApiScope);
    if (scopes.length !== form.getAll('scope').length)
      throw new HttpError(422, `A scope is one of ${apiScopes.join(', ')}.`);
    const { key } = forum.apiKeys.create({
      description: form.get('description') ?? '',
      ...(username === '' ? {} : { username }),
      ...(scopes.length === 0 ? {} : { scopes }),
    });
    // Not a redirect: the key is shown in the answer to this form and nowhere else.
    sendForumPage(context, request, response, { title: 'API keys', body: apiKeysPage(forum, key) });
  });
  control(
    '/api/:id/revoke',
    (_form, request) => void forum.apiKeys.revoke(Number(request.params.id)),
    '/admin/api',
  );

  control(
    '/webhooks',
    (form) => {
      const events = form.getAll('event').filter(isWebhookEventName);
      webhooks.create({
        url: form.get('url') ?? '',
        secret: form.get('secret') ?? '',
        contentType:
          form.get('contentType') === 'application/x-www-form-urlencoded'
            ? 'application/x-www-form-urlencoded'
            : 'application/json',
        ...(events.length === 0 ? {} : { events }),
      });
    },
    '/admin/webhooks',
  );
  control('/webhooks/:id/ping', (_form, request) => webhooks.ping(Number(request.params.id)), webhookOf);
  control(
    '/webhooks/:id/switch_on',
    (_form, request) => void webhooks.update(Number(request.params.id), { active: true }),
    webhookOf,
  );
  control(
    '/webhooks/:id/switch_off',
    (_form, request) => void webhooks.update(Number(request.params.id), { active: false }),
    webhookOf,
  );
  control(
    '/webhooks/:id/delete',
    (_form, request) => webhooks.remove(Number(request.params.id)),
    '/admin/webhooks',
  );
  control(
    '/deliveries/:id/redeliver',
    (_form, request) => webhooks.redeliver(Number(request.params.id)),
    (request) => {
      const id = Number(request.params.id);
      const delivery = webhooks.deliveries().find((other) => other.id === id);
      return `/admin/webhooks/${delivery?.webhookId ?? ''}#delivery-${id}`;
    },
  );

  control(
    '/faults',
    (form) => {
      const number = (name: string): number => Number(form.get(name) || 0);
      faults.set([
        ...faults.rules().filter(({ pathPrefix }) => pathPrefix !== form.get('pathPrefix')),
        {
          pathPrefix: form.get('pathPrefix') ?? '',
          latencyMs: number('latencyMs'),
          errorRate: number('errorRate'),
          resetRate: number('resetRate'),
          hangRate: number('hangRate'),
          afterwards: form.get('afterwards') === 'true',
        },
      ]);
    },
    '/admin/faults',
  );
  control('/faults/clear', () => faults.set([]), '/admin/faults');
}

/** Turns what the forum refuses into an answer that says why. */
async function refuseWith(change: () => void | Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (error instanceof DiscourseError || error instanceof TypeError)
      throw new HttpError(422, error.message);
    throw error;
  }
}

function settingChange(
  { forum }: ForumContext,
  name: string,
  value: string,
): Record<string, string | number | boolean> {
  const current = Object.entries(forum.settings).find(([key]) => key === name)?.[1];
  if (current === undefined) throw new HttpError(404, 'There is no such setting.');
  if (typeof current === 'boolean') return { [name]: value === 'true' };
  // Forms send line ends as CR LF.
  return { [name]: typeof current === 'number' ? Number(value) : value.replaceAll('\r\n', '\n') };
}
