import type { Express, Request, RequestHandler } from 'express';

import { byId } from '../../forum/api-actor.js';
import type { ForumUser } from '../../forum/records.js';
import { isSuspended } from '../../forum/sso-login.js';
import { adminUserPayload } from '../../payloads/admin-user-payload.js';
import { noMethodError } from '../../protocol/errors.js';
import type { ForumContext } from '../context.js';
import { ApiError, invalidAccess, notFound } from './api-error.js';
import { type ApiAnswer, type ApiCall, type ApiRouteRules, apiRoute, onlyJson } from './api-route.js';

const success = { json: { success: 'OK' } };

/** What staff do to one account over the API: `/admin/users/<id>/…`, by the forum's number. */
export function mountAdminUserRoutes(app: Express, context: ForumContext): void {
  const { forum, moderation } = context;

  const about = (rules: ApiRouteRules, work: (user: ForumUser, call: ApiCall) => ApiAnswer): RequestHandler =>
    apiRoute(context, rules, (call) => {
      const user = byId(idOf(call.request), forum.directory);
      if (user === null) throw notFound();
      return work(user, call);
    });
  const paths = (action: string): string[] => [
    `/admin/users/:id/${action}`,
    `/admin/users/:id/${action}.json`,
  ];
  const staff = (action: string): ApiRouteRules => ({ action: `admin/users#${action}`, allows: 'staff' });

  app.get(
    '/admin/users/:id',
    onlyJson(
      about({ action: 'admin/users#show', allows: 'admins' }, (user) => ({
        json: adminUserPayload(forum, user),
      })),
    ),
  );

  app.post(
    paths('log_out'),
    about(staff('log_out'), (user) => {
      moderation.logOut(user);
      return success;
    }),
  );

  app.put(
    paths('suspend'),
    about(staff('suspend'), (user, { parameters, actor }) => {
      const reason = parameters.get('reason') ?? '';
      const until = new Date(parameters.get('suspend_until') ?? Number.NaN);
      const missing = [
        ...(reason === '' ? ['Reason can’t be blank'] : []),
        ...(Number.isNaN(until.getTime()) ? ['Suspend until can’t be blank'] : []),
      ];
      if (missing.length > 0) throw new ApiError(400, { failed: 'FAILED', errors: missing });
      if (isSuspended(user, forum.now())) {
        throw new ApiError(409, { failed: 'FAILED', message: 'This account is suspended already.' });
      }
      requireNoStaff(user);
      moderation.suspend(user, until, reason);
      return {
        json: {
          suspension: {
            suspend_reason: reason,
            full_suspend_reason: reason,
            suspended_till: user.suspendedTill?.toISOString(),
            suspended_at: user.suspendedAt?.toISOString(),
            suspended_by: actor === null ? null : { id: actor.id, username: actor.username },
          },
        },
      };
    }),
  );

  app.put(
    paths('unsuspend'),
    about(staff('unsuspend'), (user) => {
      requireNoStaff(user);
      moderation.unsuspend(user);
      return { json: { suspension: { suspended_till: null, suspended_at: null } } };
    }),
  );

  app.put(
    paths('deactivate'),
    about(staff('deactivate'), (user) => {
      requireNoStaff(user);
      moderation.deactivate(user);
      return success;
    }),
  );

  app.put(
    paths('activate'),
    about(staff('activate'), (user) => {
      moderation.activate(user);
      return success;
    }),
  );

  app.put(
    paths('approve'),
    about(staff('approve'), (user) => {
      moderation.approve(user);
      return {};
    }),
  );

  app.put(
    paths('anonymize'),
    about(staff('anonymize'), (user) => {
      requireNoStaff(user);
      moderation.anonymize(user);
      return { json: { success: 'OK', username: user.username } };
    }),
  );

  app.delete(
    paths('sso_record'),
    about({ action: 'admin/users#sso_record', allows: 'admins' }, (user) => {
      if (!forum.settings.enable_discourse_connect) throw invalidAccess();
      // Discourse itself fails on an account that has none.
      if (user.signOn === null) throw noMethodError('The account has no DiscourseConnect record.');
      forum.directory.link(user, null);
      return success;
    }),
  );

  app.delete(
    '/admin/users/:id',
    apiRoute(context, { action: 'admin/users#destroy', allows: 'staff' }, ({ request }) => {
      const user = byId(idOf(request), forum.directory);
      // Discourse asks for the right first, and nobody has it over an account that is not there.
      if (user === null) throw invalidAccess();
      requireNoStaff(user);
      moderation.remove(user);
      return { json: { deleted: true } };
    }),
  );
}

/** The number in the path; NaN, which no account has, when it is none. */
function idOf(request: Request): number {
  const text = String(request.params.id).replace(/\.json$/, '');
  return /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
}

/** Admins and moderators cannot be put away like that. */
function requireNoStaff(user: ForumUser): void {
  if (user.admin || user.moderator) throw invalidAccess();
}
