import type { EventListener } from '@forum-sso/core';

/** One attempt of the push queue to tell a community something. */
export interface DeliveryEntry {
  readonly at: Date;
  readonly connector: string;
  /** What was to be done: `push`, `signOut`, … */
  readonly kind: string;
  /** `done`; `retry` and `pause`: it is tried again; `dead`: given up. */
  readonly outcome: 'done' | 'retry' | 'pause' | 'dead';
  /** What there is to say about it: notes of the community, or an error code. Nothing about whom it was. */
  readonly text: string;
}

/** The latest attempts, for a page of the site. A real site keeps its events where it keeps its other logs. */
export interface DeliveryLog {
  /** The latest first. */
  readonly latest: readonly DeliveryEntry[];
  /** To be given the engine's events. */
  readonly listen: EventListener;
}

/** Entries that are kept. */
const limit = 30;

export function deliveryLog(): DeliveryLog {
  const latest: DeliveryEntry[] = [];
  const keep = (entry: DeliveryEntry): void => {
    latest.unshift(entry);
    latest.length = Math.min(latest.length, limit);
  };
  return {
    latest,
    listen(event) {
      const { at, connector = '' } = event;
      if (event.type === 'push.done') {
        keep({ at, connector, kind: event.kind, outcome: 'done', text: event.notes.join(' ') });
      }
      if (event.type === 'push.failed') {
        const { code: text, next: outcome } = event;
        keep({ at, connector, kind: event.kind ?? '', outcome, text });
      }
    },
  };
}
