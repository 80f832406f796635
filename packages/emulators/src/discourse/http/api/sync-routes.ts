import type { Express } from 'express';

import { RecordInvalid } from '../../forum/record-invalid.js';
import { lookupOrCreateUser } from '../../forum/sign-on.js';
import { adminUserPayload } from '../../payloads/admin-user-payload.js';
import { BlankSecretError, DiscourseError, ParseError } from '../../protocol/errors.js';
import type { ConnectMessage } from '../../protocol/fields.js';
import { readSyncMessage } from '../../protocol/sync-message.js';
import type { ForumContext } from '../context.js';
import { errorText } from '../texts.js';
import { ApiError, siteArchived } from './api-error.js';
import { type ApiCall, apiRoute } from './api-route.js';

const route = '/admin/users/sync_sso';

/** Bringing an account up to date without a login: `POST /admin/users/sync_sso`. */
export function mountSyncRoutes(app: Express, context: ForumContext): void {
  const { forum } = context;
  app.post(
    [route, `${route}.json`],
    apiRoute(context, { action: 'admin/users#sync_sso', allows: 'admins' }, ({ parameters }) => {
      if (!forum.settings.enable_discourse_connect) throw new ApiError(404, null);
      const message = read(context, parameters);
      try {
        const user = lookupOrCreateUser(message, forum, null);
        forum.journal.add({ route, status: 200, outcome: 'synced', username: user.username }, message);
        return { json: adminUserPayload(forum, user) };
      } catch (error) {
        if (!(error instanceof DiscourseError)) throw error;
        const refusal = refusalOf(error);
        note(context, refusal?.status ?? 500, error, message);
        throw refusal ?? error;
      }
    }),
  );
}

function read(context: ForumContext, parameters: ApiCall['parameters']): ConnectMessage {
  const { forum } = context;
  try {
    return readSyncMessage(
      { sso: parameters.get('sso') ?? null, sig: parameters.get('sig') ?? null },
      forum.connectSecret,
      { rack: forum.rack, refuseBlankSecret: true, decodesTwice: forum.syncDecodesTwice },
    );
  } catch (error) {
    if (!(error instanceof DiscourseError)) throw error;
    const isRefused = error instanceof ParseError || error instanceof BlankSecretError;
    note(context, isRefused ? 422 : 500, error);
    throw isRefused ? failed(422, 'Login error') : error;
  }
}

/** Null for what Discourse does not catch. */
function refusalOf(error: DiscourseError): ApiError | null {
  if (error instanceof RecordInvalid) return failed(403, error.message);
  if (error.className === 'DiscourseConnect::BlankExternalId')
    return failed(422, errorText('blank_id_error'));
  return error.className === 'Discourse::SiteArchived' ? siteArchived() : null;
}

function failed(status: number, message: string): ApiError {
  return new ApiError(status, { failed: 'FAILED', message });
}

function note(
  { forum }: ForumContext,
  status: number,
  error: DiscourseError,
  message?: ConnectMessage,
): void {
  const { className: errorClass, message: reason } = error;
  forum.journal.add({ route, status, outcome: 'refused', reason, errorClass }, message);
}
