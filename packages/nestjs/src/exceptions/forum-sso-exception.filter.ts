import { ForumSsoError, isForumSsoError } from '@forum-sso/core';
import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';

import { answerForumException } from './answer-forum-exception.js';
import { ForumSignInRequiredException } from './forum-sign-in-required.exception.js';

/** Any `ForumSsoError`: an application may hold two copies of the package that makes them. */
class AnyForumSsoError extends ForumSsoError {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isForumSsoError(value);
  }
}

/**
 * Answers what Forum SSO throws with the status that fits: somebody who has to sign in gets the way there, and a fault
 * (`ERR_STORE_UNAVAILABLE`, `ERR_SITE_CALLBACK_FAILED`) its public sentence as JSON, with the detail in the log.
 * Registered by the module unless `exceptionFilter` is false.
 *
 * @publicApi
 */
@Catch(AnyForumSsoError, ForumSignInRequiredException)
export class ForumSsoExceptionFilter implements ExceptionFilter {
  readonly #logger = new Logger('ForumSso');

  catch(exception: unknown, host: ArgumentsHost): unknown {
    if (isForumSsoError(exception) && exception.status >= 500) {
      this.#logger.error(exception.message, exception.stack);
    }
    // Other transports have their own way to tell what was thrown.
    return answerForumException(exception, host) ? undefined : exception;
  }
}
