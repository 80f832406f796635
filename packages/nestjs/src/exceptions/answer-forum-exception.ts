import { type ForumSsoError, isForumSsoError, jsonReply, type SsoReply } from '@forum-sso/core';
import { type ReplyTarget, writeReply } from '@forum-sso/core/node';
import type { ArgumentsHost } from '@nestjs/common';

import { replyTargetOf } from '../platform/reply-target-of.js';
import { ForumSignInRequiredException } from './forum-sign-in-required.exception.js';

/**
 * Answers what Forum SSO has thrown, for a filter of the application that catches everything:
 *
 * ```ts
 * catch(exception: unknown, host: ArgumentsHost) {
 *   if (answerForumException(exception, host)) return;
 *   …
 * }
 * ```
 *
 * @returns false when it was thrown by somebody else, or the handler is not one of HTTP
 * @publicApi
 */
export function answerForumException(exception: unknown, host: ArgumentsHost): boolean {
  if (host.getType() !== 'http') return false;
  const reply = replyFor(exception);
  if (reply === null) return false;
  const target: ReplyTarget = replyTargetOf(host.switchToHttp().getResponse());
  writeReply(target, reply);
  return true;
}

function replyFor(exception: unknown): SsoReply | null {
  if (exception instanceof ForumSignInRequiredException) return exception.reply;
  return isForumSsoError(exception) ? errorReply(exception) : null;
}

/** What a program gets: the public sentence and the code, never the detail. */
function errorReply({ status, code, publicMessage }: ForumSsoError): SsoReply {
  return jsonReply(status, { error: code, message: publicMessage });
}
