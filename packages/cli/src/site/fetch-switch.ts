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
      if (trap === null) return send(input, init);
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

/** Not by `AbortSignal.any`: Node 20 loses such a signal to the garbage collector, and then it is never given. */
function withTimeout(real: typeof fetch, timeoutMs: number): typeof fetch {
  return (input, init) => {
    const limit = new AbortController();
    const timer = setTimeout(() => {
      limit.abort(new DOMException('The call took too long.', 'TimeoutError'));
    }, timeoutMs);
    timer.unref();
    const outer = init?.signal ?? undefined;
    if (outer?.aborted === true) limit.abort(outer.reason);
    outer?.addEventListener('abort', () => limit.abort(outer.reason), { once: true });
    return real(input, { ...init, signal: limit.signal });
  };
}
