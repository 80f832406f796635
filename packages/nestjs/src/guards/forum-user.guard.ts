import { type ExecutionContext, Injectable } from '@nestjs/common';

import { ForumGuard } from './forum.guard.js';

/**
 * Lets signed-in people through. Somebody who opens a page is led to the sign-in page and back; everything else gets
 * `401` as JSON (`ERR_SIGN_IN_REQUIRED`).
 *
 * @publicApi
 */
@Injectable()
export class ForumUserGuard extends ForumGuard {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    return this.isPublic(context) || (await this.signedIn(context)) !== null;
  }
}
