import { type ExecutionContext, ForbiddenException, Injectable } from '@nestjs/common';

import { FORUM_GROUPS } from '../decorators/forum-groups.decorator.js';
import { ForumGuard } from './forum.guard.js';

/**
 * Lets people through who are in one of the groups that `@ForumGroups(…)` names, and everybody where it names none. A
 * stranger is treated as by `ForumUserGuard`; everybody else gets `403`.
 *
 * @publicApi
 */
@Injectable()
export class ForumGroupsGuard extends ForumGuard {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const wanted = this.reflector.getAllAndOverride<readonly string[] | undefined>(FORUM_GROUPS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (wanted === undefined || this.isPublic(context)) return true;
    const forum = await this.signedIn(context);
    if (forum === null) return false;
    const groups = forum.user?.groups ?? [];
    if (wanted.some((group) => groups.includes(group))) return true;
    throw new ForbiddenException('This is for members of certain groups.');
  }
}
