import { Inject, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';

import { createEngine } from './engine.js';
import { ForumEventExplorer } from './events/forum-event-explorer.js';
import { ForumEventHub } from './events/forum-event-hub.js';
import { ForumSso } from './forum-sso.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './forum-sso.module-definition.js';
import { ForumSsoHealthIndicator } from './health/forum-sso.health.js';
import { ForumPages } from './pages/forum-pages.js';
import { ForumSsoMount } from './platform/forum-sso-mount.js';
import { WorkInHand } from './work-in-hand.js';

/**
 * Forum SSO in a Nest application, on Express or Fastify. It answers the addresses of the connectors without a
 * controller, so that guards, interceptors, pipes and versions of the application do not touch them; the global prefix
 * does.
 *
 * - `ForumSsoModule.forRoot(options)`
 * - `ForumSsoModule.forRootAsync({ imports?, inject?, useFactory | useClass | useExisting, isGlobal? })`
 *
 * @publicApi
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    WorkInHand,
    ForumEventHub,
    ForumEventExplorer,
    { provide: ForumSso, useFactory: createEngine, inject: [MODULE_OPTIONS_TOKEN, ForumEventHub] },
    ForumPages,
    ForumSsoMount,
    ForumSsoHealthIndicator,
  ],
  exports: [ForumSso, ForumPages, ForumSsoHealthIndicator],
})
export class ForumSsoModule extends ConfigurableModuleClass implements NestModule {
  readonly #mount: ForumSsoMount;

  constructor(@Inject(ForumSsoMount) mount: ForumSsoMount) {
    super();
    this.#mount = mount;
  }

  /** Called by Nest between the body parsers and the routes. */
  configure(_consumer: MiddlewareConsumer): void {
    this.#mount.mount();
  }
}
