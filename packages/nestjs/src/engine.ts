import { createForumSso, type ForumSso as Engine, type ForumSsoEvent } from '@forum-sso/core';

import type { ForumEventHub } from './events/forum-event-hub.js';
import type { ForumSsoModuleOptions } from './interfaces/forum-sso-module-options.interface.js';

/** Makes the engine of a module, with its events led to the handlers of the application. */
export function createEngine(options: ForumSsoModuleOptions, hub: ForumEventHub): Engine {
  const { currentUser, signIn, signOut, bodySeconds, isPage, ...engine } = options;
  if ('sso' in engine) return engine.sso;
  const { events: own } = engine;
  const listener = (event: ForumSsoEvent): unknown => {
    hub.emit(event);
    return own?.(event);
  };
  const hears = (): boolean => hub.hears() || (own !== undefined && (own.hears?.() ?? true));
  return createForumSso({ ...engine, events: Object.assign(listener, { hears }) });
}
