import type { Express, Request } from 'express';

import { type ProfileChanges, setExternalId, updateProfile } from '../../forum/profile.js';
import { RecordInvalid } from '../../forum/record-invalid.js';
import type { ForumUser } from '../../forum/records.js';
import { profilePayload } from '../../payloads/user-payload.js';
import type { ForumContext } from '../context.js';
import { invalidAccess, invalidParameters, notFound, unprocessable } from './api-error.js';
import { type ApiCall, apiRoute, onlyJson } from './api-route.js';
import type { Parameters } from './parameters.js';

/** Profiles over the API: `/u/by-external/…`, `/u/<username>.json`, `/u/<username>/emails.json`. */
export function mountUserRoutes(app: Express, context: ForumContext): void {
  const { forum } = context;
  const show = { action: 'users#show', allows: 'anyone' } as const;
  const shown = (user: ForumUser | undefined, { actor }: ApiCall): { json: unknown } => {
    if (user === undefined) throw notFound();
    return { json: { user: profilePayload(forum, user, actor) } };
  };

  app.get(
    ['/u/by-external/:id', '/users/by-external/:id'],
    apiRoute(context, show, (call) => shown(forum.directory.byExternalId(externalId(call.request)), call)),
  );

  app.get(
    ['/u/by-external/:provider/:id', '/users/by-external/:provider/:id'],
    apiRoute(context, show, (call) => {
      if (call.actor?.admin !== true) throw invalidAccess();
      const provider = String(call.request.params.provider);
      const id = externalId(call.request);
      const known = forum.authenticators.includes(provider);
      return shown(
        known ? forum.directory.users().find((user) => user.associatedAccounts[provider] === id) : undefined,
        call,
      );
    }),
  );

  app.get(
    ['/u/:username', '/users/:username'],
    onlyJson(
      apiRoute(context, show, (call) => shown(forum.directory.byUsername(username(call.request)), call)),
    ),
  );

  app.get(
    ['/u/:username/emails.json', '/users/:username/emails.json'],
    apiRoute(context, { action: 'users#check_emails', allows: 'users' }, ({ actor, request }) => {
      const user = forum.directory.byUsername(username(request));
      if (user === undefined) throw notFound();
      if (actor?.admin !== true && actor?.id !== user.id) return { status: 403, json: { failed: 'FAILED' } };
      const { email } = user;
      return { json: { email, secondary_emails: [], unconfirmed_emails: [], associated_accounts: [] } };
    }),
  );

  app.put(
    ['/u/:username', '/users/:username'],
    apiRoute(context, { action: 'users#update', allows: 'users' }, ({ actor, parameters, request }) => {
      const user = forum.directory.byUsername(username(request));
      if (user === undefined) throw notFound();
      const isStaff = actor?.admin === true || actor?.moderator === true;
      if (!isStaff && actor?.id !== user.id) throw invalidAccess();
      try {
        if (actor?.admin === true) applyExternalIds(context, user, parameters);
        updateProfile(forum, user, profileChanges(parameters, isStaff));
      } catch (error) {
        if (error instanceof RecordInvalid) throw unprocessable(error.message, 'record_invalid');
        throw error;
      }
      return { json: { success: 'OK', user: profilePayload(forum, user, actor) } };
    }),
  );
}

/** The id in the path. One with a dot is taken for a file name unless `.json` stands behind it. */
function externalId(request: Request): string {
  const text = String(request.params.id);
  if (text.endsWith('.json')) return text.slice(0, -'.json'.length);
  if (text.includes('.')) throw notFound();
  return text;
}

function username(request: Request): string {
  return String(request.params.username).replace(/\.json$/, '');
}

function profileChanges(parameters: Parameters, isStaff: boolean): ProfileChanges {
  const text = (name: string): string | undefined =>
    parameters.has(name) ? (parameters.get(name) ?? '') : undefined;
  const changes = {
    name: text('name'),
    bio: text('bio_raw'),
    website: text('website'),
    location: text('location'),
    locale: text('locale'),
    timezone: text('timezone'),
    title: isStaff ? text('title') : undefined,
  };
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}

/** `external_ids`: links with other login providers, and with the site. An empty one takes the link away. */
function applyExternalIds({ forum }: ForumContext, user: ForumUser, parameters: Parameters): void {
  const sent = Array.from(parameters, ([name, value]) => ({
    provider: /^external_ids\[([^\]]+)\]$/.exec(name)?.[1],
    id: value ?? '',
  }));
  for (const { provider } of sent) {
    const isKnown =
      provider === undefined ||
      (provider === 'discourse_connect'
        ? forum.settings.enable_discourse_connect
        : forum.authenticators.includes(provider));
    if (!isKnown) throw invalidParameters('external_ids');
  }
  for (const { provider, id } of sent) {
    if (provider === 'discourse_connect') setExternalId(forum, user, id);
    else if (provider !== undefined) {
      const { [provider]: _before, ...others } = user.associatedAccounts;
      user.associatedAccounts = id === '' ? others : { ...others, [provider]: id };
    }
  }
}
