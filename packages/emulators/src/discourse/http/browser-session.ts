import type { Request, Response } from 'express';

import type { ForumUser } from '../forum/records.js';
import { currentUser, type ForumContext } from './context.js';

/** Logs somebody in in this browser. */
export function startSession(
  { forum, sessions }: ForumContext,
  request: Request,
  response: Response,
  user: ForumUser,
): void {
  sessions.renew(request, response).userId = user.id;
  forum.events.user('user_logged_in', user);
}

/**
 * Ends this browser's session; with `log_out_strict` all sessions of the person. Webhooks hear of it in that case
 * only.
 */
export function endSession(context: ForumContext, request: Request, response: Response): void {
  const user = currentUser(context, request);
  context.sessions.end(request, response);
  if (user !== null && context.forum.settings.log_out_strict) context.moderation.logOut(user);
}
