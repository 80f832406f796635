/** What was seen of a server while its connector called it. */
export interface Observation {
  /** `https://forum.example.com` */
  readonly origin: string;
  /** Milliseconds by which its clock is ahead of ours; null when it did not say. */
  readonly clockAhead: number | null;
  /** Why the last call did not get through. */
  readonly fault: unknown;
}

/** A `fetch` that looks at the servers' clocks by the way. */
export function observedFetch(real: typeof fetch): {
  readonly fetch: typeof fetch;
  /** By origin. */
  readonly observations: ReadonlyMap<string, Observation>;
} {
  const observations = new Map<string, Observation>();
  return {
    observations,
    async fetch(input, init) {
      const { origin } = new URL(typeof input === 'object' && 'url' in input ? input.url : input);
      const sentAt = Date.now();
      try {
        const response = await real(input, init);
        // The header has whole seconds, and the server wrote it somewhere between sending and receiving.
        const theirs = Date.parse(response.headers.get('date') ?? '') + 500;
        const ours = (sentAt + Date.now()) / 2;
        observations.set(origin, {
          ...{ origin, fault: null },
          clockAhead: Number.isNaN(theirs) ? null : theirs - ours,
        });
        return response;
      } catch (fault) {
        observations.set(origin, { origin, clockAhead: null, fault });
        throw fault;
      }
    },
  };
}
