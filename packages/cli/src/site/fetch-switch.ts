/** What the connectors call the outside world with: the real thing, or a trap that lets nothing out. */
export interface FetchSwitch {
  readonly fetch: typeof fetch;
  /** Lets nothing out while `work` runs. @returns the addresses that were called, without their queries */
  trapped(work: () => Promise<unknown>): Promise<readonly string[]>;
}

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
      return Promise.reject(new Error('Nothing is sent now.'));
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

function withTimeout(real: typeof fetch, timeoutMs: number): typeof fetch {
  return (input, init) => {
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = init?.signal instanceof AbortSignal ? AbortSignal.any([init.signal, limit]) : limit;
    return real(input, { ...init, signal });
  };
}
