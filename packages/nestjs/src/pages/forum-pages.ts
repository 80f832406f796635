import { IncomingMessage } from 'node:http';

import { ForumSsoError, type SiteSession } from '@forum-sso/core';
import { addHeaders, nodeRequest, type PageForum, pageForum, siteSessions } from '@forum-sso/core/node';
import { Inject, Injectable } from '@nestjs/common';

import { ForumSso } from '../forum-sso.js';
import { MODULE_OPTIONS_TOKEN } from '../forum-sso.module-definition.js';
import type { ForumRequest } from '../interfaces/forum-request.interface.js';
import type { ForumSsoModuleOptions } from '../interfaces/forum-sso-module-options.interface.js';
import { isFastifyRequest } from '../platform/fastify.js';
import { type ForumResponse, replyTargetOf } from '../platform/reply-target-of.js';

interface Contact {
  readonly request: ForumRequest;
  readonly response: object | undefined;
}

/**
 * Finds out who sent a request, for guards and for code of the application's own.
 *
 * @publicApi
 */
@Injectable()
export class ForumPages {
  readonly #sso: ForumSso;
  readonly #sessionOf: (contact: Contact) => SiteSession | undefined;

  /** @throws ForumSsoError `ERR_OPTIONS_INVALID` when the callbacks are not a session */
  constructor(
    @Inject(ForumSso) sso: ForumSso,
    @Inject(MODULE_OPTIONS_TOKEN) { currentUser, signIn, signOut }: ForumSsoModuleOptions,
  ) {
    this.#sso = sso;
    this.#sessionOf = siteSessions<Contact>({
      currentUser: currentUser && (({ request, response }) => currentUser(request, response)),
      signIn: signIn && (({ request, response }, user) => signIn(request, user, response)),
      signOut: signOut && (({ request, response }) => signOut(request, response)),
    });
  }

  /** The site's own session for a request; undefined stands for the built-in one. */
  sessionOf(request: ForumRequest, response: object | undefined): SiteSession | undefined {
    return this.#sessionOf({ request, response });
  }

  /**
   * Who sent this request: one of Express, of Fastify, or of Node's own, such as that of a WebSocket's upgrade. Found out
   * once for each request.
   *
   * @param response the platform's response, on which cookies go; without it they are lost, and nobody can be signed in
   * or out
   * @throws ForumSsoError `ERR_SITE_CALLBACK_FAILED`, `ERR_STORE_UNAVAILABLE` or `ERR_SITE_USER_INVALID`;
   * `ERR_OPTIONS_INVALID` when it is none of these requests
   */
  async open(request: ForumRequest, response?: ForumResponse): Promise<PageForum> {
    if (request.forum !== undefined && request.forum !== null) return request.forum;
    const session = this.sessionOf(request, response);
    const visit = await this.#sso.visit(nodeRequest(...messageOf(request)), session);
    const target = response && replyTargetOf(response);
    if (target !== undefined) addHeaders(target, visit.headers);
    const answerWith = (headers: Parameters<typeof addHeaders>[1]): void => {
      if (target === undefined) {
        throw new ForumSsoError(
          'ERR_OPTIONS_INVALID',
          'There is no answer here on which a cookie could be set.',
        );
      }
      addHeaders(target, headers);
    };
    const forum = pageForum(visit, answerWith);
    request.forum = forum;
    return forum;
  }
}

function messageOf(request: ForumRequest): [message: IncomingMessage, url: string] {
  if (isFastifyRequest(request)) return [request.raw, request.originalUrl];
  if (request instanceof IncomingMessage) {
    const original: unknown = Reflect.get(request, 'originalUrl');
    return [request, typeof original === 'string' ? original : (request.url ?? '')];
  }
  throw new ForumSsoError(
    'ERR_OPTIONS_INVALID',
    'getRequest(context) must give a request of Express, of Fastify or of Node.',
  );
}
