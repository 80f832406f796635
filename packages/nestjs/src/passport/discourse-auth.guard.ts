import { type ExecutionContext, Injectable, Logger, type Type } from '@nestjs/common';
import { AuthGuard, type IAuthGuard } from '@nestjs/passport';

import { requestOf } from '../pages/request-of.js';
import { fastifyTarget, isFastifyReply } from '../platform/fastify.js';

/**
 * Signs people in through a Passport strategy called `discourse`, on Express and on Fastify: on the handler that begins
 * the login it sends people away, on the one they come back to it puts the person on the request as `user`. For a
 * strategy of another name: `forumAuthGuard(name)`.
 *
 * Where there is no HTTP request (WebSockets, microservices) it lets nobody in and the log says why; override
 * `getRequest(context)` to say where the request is.
 *
 * @publicApi
 */
@Injectable()
export class DiscourseAuthGuard extends forumAuthGuard('discourse') {}

/**
 * A guard like {@link DiscourseAuthGuard} for a Passport strategy of another name.
 *
 * @publicApi
 */
export function forumAuthGuard(strategy: string): Type<IAuthGuard> {
  class ForumAuthGuard extends AuthGuard(strategy) {
    override async canActivate(context: ExecutionContext): Promise<boolean> {
      const request: unknown = this.getRequest(context);
      if (request === undefined || request === null) {
        new Logger('ForumSso').error(
          `${this.constructor.name} stands before ${context.getClass().name}.${context.getHandler().name}, where there is no HTTP request ("${context.getType()}"), so it lets nobody in. Extend the guard and override getRequest(context).`,
        );
        return false;
      }
      return (await super.canActivate(context)) === true;
    }

    override getRequest(context: ExecutionContext): unknown {
      const request = requestOf(context);
      const response = responseOf(context);
      // Strategies set their cookies on the response that Express puts on the request.
      if (request !== undefined && isFastifyReply(response) && !('res' in request)) {
        Object.assign(request, { res: fastifyTarget(response) });
      }
      return request;
    }

    getResponse(context: ExecutionContext): unknown {
      const response = responseOf(context);
      if (!isFastifyReply(response)) return response;
      const request: unknown = this.getRequest(context);
      return typeof request === 'object' && request !== null && 'res' in request ? request.res : response;
    }
  }
  return ForumAuthGuard;
}

function responseOf(context: ExecutionContext): unknown {
  if (context.getType() === 'http') return context.switchToHttp().getResponse<unknown>();
  const shared: unknown = context.getArgByIndex(2);
  if (typeof shared !== 'object' || shared === null) return undefined;
  const named: unknown = Reflect.get(shared, 'res') ?? Reflect.get(shared, 'reply');
  return named;
}
