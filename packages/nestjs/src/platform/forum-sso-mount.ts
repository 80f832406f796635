import { ForumSsoError } from '@forum-sso/core';
import { answerRequest, nodeRequest, openPage } from '@forum-sso/core/node';
import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';

import { ForumSso } from '../forum-sso.js';
import { MODULE_OPTIONS_TOKEN } from '../forum-sso.module-definition.js';
import type { ForumSsoModuleOptions } from '../interfaces/forum-sso-module-options.interface.js';
import { ForumPages } from '../pages/forum-pages.js';
import { WorkInHand } from '../work-in-hand.js';
import { guardBodiesOnExpress, mountOnExpress } from './express.js';
import { guardBodiesOnFastify, mountOnFastify } from './fastify.js';
import { globalPrefixOf } from './global-prefix.js';
import { showBody } from './hidden-body.js';
import type { Serve } from './serve.js';

/** Puts the engine into the application, below its global prefix. */
@Injectable()
export class ForumSsoMount {
  readonly #sso: ForumSso;
  readonly #options: ForumSsoModuleOptions;
  readonly #host: HttpAdapterHost;
  readonly #config: ApplicationConfig;
  readonly #pages: ForumPages;
  readonly #work: WorkInHand;
  /** Whether a path stands where the global prefix lets us be; known once the application is set up. */
  #isInside: (url: string) => boolean = () => true;

  constructor(
    @Inject(ForumSso) sso: ForumSso,
    @Inject(MODULE_OPTIONS_TOKEN) options: ForumSsoModuleOptions,
    @Inject(HttpAdapterHost) host: HttpAdapterHost,
    @Inject(ApplicationConfig) config: ApplicationConfig,
    @Inject(ForumPages) pages: ForumPages,
    @Inject(WorkInHand) work: WorkInHand,
  ) {
    this.#sso = sso;
    this.#options = options;
    this.#host = host;
    this.#config = config;
    this.#pages = pages;
    this.#work = work;
    // As soon as there is a server: in front of every parser that the application will add.
    host.init$.subscribe(() => this.#guardBodies());
  }

  /**
   * @throws ForumSsoError `ERR_OPTIONS_INVALID` when `baseUrl` and the global prefix contradict each other, or the
   * platform is neither Express nor Fastify
   */
  mount(): void {
    const adapter = this.#host.httpAdapter;
    this.#isInside = globalPrefixOf(this.#config, this.#sso.baseUrl);
    const type = adapter.getType();
    if (type === 'fastify') mountOnFastify(adapter.getInstance(), this.#serve);
    else if (type === 'express') mountOnExpress(adapter.getInstance(), this.#serve);
    else {
      throw new ForumSsoError(
        'ERR_OPTIONS_INVALID',
        `ForumSsoModule runs on Express and Fastify; this application runs on "${type}".`,
      );
    }
  }

  #guardBodies(): void {
    const adapter = this.#host.httpAdapter;
    // An application without HTTP has none.
    if (adapter === undefined || adapter === null) return;
    const isOurs = (url: string): boolean => this.#sso.owns(url) && this.#isInside(url);
    if (adapter.getType() === 'fastify') guardBodiesOnFastify(adapter.getInstance(), isOurs);
    else if (adapter.getType() === 'express') guardBodiesOnExpress(adapter.getInstance(), isOurs);
  }

  readonly #serve: Serve = async ({ request, response, message, url, target }) => {
    showBody(message);
    const { bodySeconds, isPage } = this.#options;
    const ssoRequest = nodeRequest(message, url, { parsed: request, bodySeconds });
    const session = this.#pages.sessionOf(request, response);
    this.#work.begin();
    try {
      if (this.#isInside(url) && (await answerRequest(this.#sso, ssoRequest, target, session))) return true;
      if (isPage !== undefined && !isPage(request)) return false;
      const forum = await openPage(this.#sso, ssoRequest, target, session);
      if (forum === null) return true;
      request.forum = forum;
      return false;
    } finally {
      this.#work.end();
    }
  };
}
