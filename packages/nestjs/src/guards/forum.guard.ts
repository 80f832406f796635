import { ForumSsoError } from '@forum-sso/core';
import type { PageForum } from '@forum-sso/core/node';
import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  Logger,
  Optional,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';

import { FORUM_PUBLIC } from '../decorators/forum-public.decorator.js';
import { ForumSignInRequiredException } from '../exceptions/forum-sign-in-required.exception.js';
import type { ForumRequest } from '../interfaces/forum-request.interface.js';
import { ForumPages } from '../pages/forum-pages.js';
import { requestOf } from '../pages/request-of.js';

/**
 * What the guards have in common: who sent the request, and what strangers get.
 *
 * On controllers and, where the context holds the request as `req` or `request`, on GraphQL resolvers they work as they
 * are. For WebSockets and microservices, extend the guard and say where the request is:
 *
 * ```ts
 * class SocketGuard extends ForumUserGuard {
 *   protected override getRequest(context: ExecutionContext) {
 *     return context.switchToWs().getClient<Socket>().request;
 *   }
 * }
 * ```
 *
 * Without that they let nobody in, and the log says why.
 *
 * @publicApi
 */
@Injectable()
export abstract class ForumGuard implements CanActivate {
  readonly #logger = new Logger('ForumSso');
  readonly #pages: ForumPages | undefined;
  protected readonly reflector: Reflector;
  #hasExplained = false;

  constructor(
    @Optional() @Inject(ForumPages) pages?: ForumPages,
    @Optional() @Inject(Reflector) reflector: Reflector = new Reflector(),
  ) {
    this.#pages = pages;
    this.reflector = reflector;
  }

  abstract canActivate(context: ExecutionContext): Promise<boolean>;

  /** Where the request is. Undefined: there is none, and nobody may pass. */
  protected getRequest(context: ExecutionContext): ForumRequest | undefined {
    return requestOf(context);
  }

  /** True when the handler or its controller is marked with `@ForumPublic()`. */
  protected isPublic(context: ExecutionContext): boolean {
    return this.reflector.getAllAndOverride<boolean>(FORUM_PUBLIC, [
      context.getHandler(),
      context.getClass(),
    ]);
  }

  /**
   * The signed-in visitor.
   *
   * @returns null when nobody may pass and the transport says so in its own way
   * @throws ForumSignInRequiredException for strangers, where HTTP is beneath
   */
  protected async signedIn(context: ExecutionContext): Promise<PageForum | null> {
    const request = this.getRequest(context);
    if (request === undefined || request === null) {
      this.#explain(context);
      return null;
    }
    const forum = request.forum ?? (await this.#open(request, context));
    if (forum.user !== null) return forum;
    const type: string = context.getType();
    if (type === 'ws' || type === 'rpc') return null;
    throw new ForumSignInRequiredException(forum.signInReply());
  }

  #open(request: ForumRequest, context: ExecutionContext): Promise<PageForum> {
    if (this.#pages === undefined) {
      throw new ForumSsoError(
        'ERR_OPTIONS_INVALID',
        `${this.constructor.name} cannot find out who is here: import ForumSsoModule in the module that uses the guard, or make it global (isGlobal: true).`,
      );
    }
    if (context.getType() !== 'http') return this.#pages.open(request);
    return this.#pages.open(request, context.switchToHttp().getResponse());
  }

  #explain(context: ExecutionContext): void {
    if (this.#hasExplained) return;
    this.#hasExplained = true;
    this.#logger.error(
      `${this.constructor.name} stands before ${context.getClass().name}.${context.getHandler().name}, where there is no HTTP request ("${context.getType()}"), so it lets nobody in. Extend the guard and override getRequest(context).`,
    );
  }
}
