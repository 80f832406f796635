import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';

import { ON_FORUM_EVENT } from '../decorators/on-forum-event.decorator.js';
import { ForumEventHub } from './forum-event-hub.js';

/** Finds the methods with `@OnForumEvent(…)` in the whole application. */
@Injectable()
export class ForumEventExplorer implements OnApplicationBootstrap {
  readonly #logger = new Logger('ForumSso');
  readonly #discovery: DiscoveryService;
  readonly #scanner: MetadataScanner;
  readonly #reflector: Reflector;
  readonly #hub: ForumEventHub;

  constructor(
    @Inject(DiscoveryService) discovery: DiscoveryService,
    @Inject(MetadataScanner) scanner: MetadataScanner,
    @Inject(Reflector) reflector: Reflector,
    @Inject(ForumEventHub) hub: ForumEventHub,
  ) {
    this.#discovery = discovery;
    this.#scanner = scanner;
    this.#reflector = reflector;
    this.#hub = hub;
  }

  onApplicationBootstrap(): void {
    // A provider may stand under several names.
    const seen = new Set<object>();
    for (const wrapper of [...this.#discovery.getProviders(), ...this.#discovery.getControllers()]) {
      const instance: unknown = wrapper.instance;
      if (typeof instance !== 'object' || instance === null || seen.has(instance)) continue;
      seen.add(instance);
      this.#explore(instance, wrapper.isDependencyTreeStatic());
    }
    this.#hub.open();
  }

  #explore(instance: object, isStatic: boolean): void {
    for (const name of this.#scanner.getAllMethodNames(Object.getPrototypeOf(instance))) {
      const method: unknown = Reflect.get(instance, name);
      if (typeof method !== 'function') continue;
      const names = this.#reflector.get<readonly string[] | undefined>(ON_FORUM_EVENT, method);
      if (names === undefined) continue;
      if (isStatic) {
        this.#hub.listen(names, (event) => Reflect.apply(method, instance, [event]));
      } else {
        this.#logger.warn(
          `${instance.constructor.name}.${name} hears no events: @OnForumEvent needs a provider that is not made anew for each request.`,
        );
      }
    }
  }
}
