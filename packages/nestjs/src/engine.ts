import { createForumSso, type ForumSso as Engine } from '@forum-sso/core';

import type { ForumEventHub } from './events/forum-event-hub.js';
import type { ForumSsoModuleOptions } from './interfaces/forum-sso-module-options.interface.js';

/** Makes the engine of a module, with its events led to the handlers of the application. */
export function createEngine(options: ForumSsoModuleOptions, hub: ForumEventHub): Engine {
  const { currentUser, signIn, signOut, bodySeconds, isPage, ...engine } = options;
  if ('sso' in engine) return engine.sso;
  return createForumSso({
    ...engine,
    events: (event) => {
      hub.emit(event);
      engine.events?.(event);
    },
  });
}
