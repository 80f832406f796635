import { ForumSsoError } from '../errors.js';
import type { ForumSsoStore } from './store.js';

/** How long a store may take to answer, in milliseconds. */
export const storeDeadline = 2_000;

/**
 * A store as the engine uses it: an error or a silence of more than two seconds becomes `ERR_STORE_UNAVAILABLE`, and
 * the login in question is refused. Within one process nothing can be late, so such a store is returned as it is.
 */
export function guardStore(store: ForumSsoStore): ForumSsoStore {
  if (!store.shared) return store;
  const { oneTime, revocations } = store;
  return {
    shared: true,
    oneTime: { claim: (key, life) => guarded(() => oneTime.claim(key, life)) },
    revocations: {
      join: (userId, fresh, life) => guarded(() => revocations.join(userId, fresh, life)),
      isLive: (userId, epoch, sid) => guarded(() => revocations.isLive(userId, epoch, sid)),
      endOne: (sid, life) => guarded(() => revocations.endOne(sid, life)),
      endAll: (userId) => guarded(() => revocations.endAll(userId)),
    },
  };
}

async function guarded<T>(call: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new ForumSsoError('ERR_STORE_UNAVAILABLE', `The store did not answer within ${storeDeadline} ms.`),
      );
    }, storeDeadline);
  });
  try {
    return await Promise.race([call(), late]);
  } catch (cause) {
    if (cause instanceof ForumSsoError) throw cause;
    throw new ForumSsoError('ERR_STORE_UNAVAILABLE', 'The store answered with an error.', { cause });
  } finally {
    clearTimeout(timer);
  }
}
