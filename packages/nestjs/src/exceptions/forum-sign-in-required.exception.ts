import { errorTable, type SsoReply } from '@forum-sso/core';
import { UnauthorizedException } from '@nestjs/common';

/**
 * Somebody who is not signed in came to a handler for signed-in people. `ForumSsoExceptionFilter` sends its `reply`;
 * whoever handles it otherwise has a plain `401`.
 *
 * @publicApi
 */
export class ForumSignInRequiredException extends UnauthorizedException {
  /** To the sign-in page and back for somebody who opens a page; `401` as JSON for everything else. */
  readonly reply: SsoReply;

  constructor(reply: SsoReply) {
    super({ error: 'ERR_SIGN_IN_REQUIRED', message: errorTable.ERR_SIGN_IN_REQUIRED.publicMessage });
    this.reply = reply;
  }
}
