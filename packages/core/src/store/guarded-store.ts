import { ForumSsoError, isForumSsoError } from '../errors.js';
import { isMemoryStore } from './memory-store.js';
import type { ForumSsoStore } from './store.js';

/** How long a store may take to answer, in milliseconds. */
export const storeDeadline = 2_000;

/**
 * A store as the engine uses it: an error or a silence of more than two seconds becomes `ERR_STORE_UNAVAILABLE`, and
 * the login in question is refused. The in-memory store is never late and says so itself when it is full, so it is
 * returned as it is.
 */
export function guardStore(store: ForumSsoStore): ForumSsoStore {
  if (isMemoryStore(store)) return store;
  const { oneTime, revocations, links, profiles, locks, numbers, jobs, people } = store;
  return {
    shared: store.shared,
    oneTime: guardMethods(oneTime),
    revocations: guardMethods(revocations),
    ...(links === undefined ? {} : { links: guardMethods(links) }),
    ...(profiles === undefined ? {} : { profiles: guardMethods(profiles) }),
    ...(locks === undefined ? {} : { locks: guardMethods(locks) }),
    ...(jobs === undefined ? {} : { jobs: guardMethods(jobs) }),
    ...(people === undefined ? {} : { people: guardMethods(people) }),
    ...(numbers === undefined ? {} : { numbers: guardMethods(numbers) }),
    ...(store.warning === undefined
      ? {}
      : { warning: () => guarded(async () => (await store.warning?.()) ?? null) }),
  };
}

/** Asks a store how it is set up, and passes on what is to be said. One that does not answer shows that elsewhere. */
export async function tellWarning(
  { warning }: Pick<ForumSsoStore, 'warning'>,
  tell: (sentence: string) => void,
): Promise<void> {
  const sentence = (await warning?.().catch(() => null)) ?? null;
  if (sentence !== null) tell(sentence);
}

function guardMethods<Part extends object>(part: Part): Part {
  return new Proxy(part, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => guarded(async () => Reflect.apply(member, target, args));
    },
  });
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
    if (isForumSsoError(cause)) throw cause;
    throw new ForumSsoError('ERR_STORE_UNAVAILABLE', 'The store answered with an error.', { cause });
  } finally {
    clearTimeout(timer);
  }
}
