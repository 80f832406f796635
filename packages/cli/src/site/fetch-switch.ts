import { setMaxListeners } from 'node:events';

/** What the connectors call the outside world with: the real thing, or a trap that lets nothing out. */
export interface FetchSwitch {
  readonly fetch: typeof fetch;
  /** Lets nothing out while `work` runs. @returns the addresses that were called, without their queries */
  trapped(work: () => Promise<unknown>): Promise<readonly string[]>;
}

/** One for all: a stack for each of a million people takes longer than all the rest. */
const notNow = new Error('Nothing is sent now.');

/**
 * @param real what really calls
 * @param timeoutMs a shorter limit for a whole call than the connectors have
 */
export function fetchSwitch(real: typeof fetch, timeoutMs: number | undefined): FetchSwitch {
  let trap: string[] | null = null;
  const send = timeoutMs === undefined ? real : withTimeout(real, timeoutMs);
  return {
    fetch: (input, init) => {
      if (trap === null) {
        // A connector may have one signal for everything, and each call that is under way listens to it.
        if (init?.signal instanceof EventTarget) setMaxListeners(Number.POSITIVE_INFINITY, init.signal);
        return send(input, init);
      }
      const url = new URL(typeof input === 'object' && 'url' in input ? input.url : input);
      trap.push(url.origin + url.pathname);
      return Promise.reject(notNow);
    },
    async trapped(work) {
      const calls: string[] = [];
      trap = calls;
      try {
        await work();
      } finally {
        trap = null;
      }
      return calls;
    },
  };
}

/**
 * Not by `AbortSignal.any`: Node 20 loses such a signal to the garbage collector, and then it is never given.
 *
 * An answer may still be read after it was given, so that it keeps its limit until that is over.
 */
function withTimeout(real: typeof fetch, timeoutMs: number): typeof fetch {
  return async (input, init) => {
    const limit = new AbortController();
    const outer = init?.signal ?? undefined;
    const abort = (): void => limit.abort(outer?.reason);
    const end = (): void => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', abort);
    };
    const timer = setTimeout(() => {
      end();
      limit.abort(new DOMException('The call took too long.', 'TimeoutError'));
    }, timeoutMs);
    timer.unref();
    if (outer?.aborted === true) abort();
    outer?.addEventListener('abort', abort);
    try {
      const response = await real(input, { ...init, signal: limit.signal });
      if (response.body === null) end();
      return response;
    } catch (error) {
      end();
      throw error;
    }
  };
}
