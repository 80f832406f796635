import { randomBytes } from 'node:crypto';

import {
  type Connector,
  createForumSso,
  type Delivery,
  type ForumSso,
  type ForumSsoEvent,
  type ForumSsoStore,
  type Pace,
  type PushQueue,
  refusal,
  type SiteUser,
} from '@forum-sso/core';

/** One rule of the queue contract, as data: a check that any queue can be put through. */
export interface QueueCase {
  readonly name: string;
  /** Throws when the queue breaks the rule. */
  run(open: OpenQueue): Promise<void>;
}

/** What a case wants of a queue. */
export interface QueueWish {
  /** Queues with the same name work on the same jobs, as in several processes. */
  readonly place: string;
  readonly work?: boolean;
  readonly limit?: number;
  readonly retry?: {
    readonly attempts: number;
    readonly firstSeconds: number;
    readonly longestSeconds: number;
  };
  readonly leaseSeconds?: number;
}

/**
 * Opens one more queue, with a connection of its own where it has one, and the store that goes with it. A case opens
 * several at one place as if they were in several processes.
 */
export type OpenQueue = (
  wish: QueueWish,
) => Promise<{ readonly queue: PushQueue; readonly store?: ForumSsoStore }>;

/** What came to a community. */
export interface Sent {
  readonly kind: 'push' | 'signOut';
  readonly siteUserId: string;
  /** The state that was sent. */
  readonly name: string | undefined;
  /** `performance.now()`. */
  readonly at: number;
}

/** A community that notes what it is sent and answers as it is told. */
export class TestCommunity {
  readonly sent: Sent[] = [];
  /** What the next calls are answered with; then everything succeeds. */
  readonly answers: ((sent: Sent) => Delivery | Promise<Delivery>)[] = [];
  /** Milliseconds that each call takes. */
  duration = 0;
  /** Most calls at the same time for one person, and for all. */
  mostForOne = 0;
  mostForAll = 0;
  readonly #inside = new Map<string, number>();
  #all = 0;

  connector(name = 'community', pace?: Pace): Connector {
    return {
      kind: 'test',
      name,
      setUp: () => ({
        routes: [],
        push: (user) => this.#take('push', user.id, user.name),
        signOut: (siteUserId) => this.#take('signOut', siteUserId, undefined),
        ...(pace === undefined ? {} : { pace }),
      }),
    };
  }

  #enter(siteUserId: string): void {
    const inside = (this.#inside.get(siteUserId) ?? 0) + 1;
    this.#inside.set(siteUserId, inside);
    this.mostForOne = Math.max(this.mostForOne, inside);
    this.mostForAll = Math.max(this.mostForAll, ++this.#all);
  }

  async #take(kind: Sent['kind'], siteUserId: string, name: string | undefined): Promise<Delivery> {
    const sent = { kind, siteUserId, name, at: performance.now() };
    this.sent.push(sent);
    this.#enter(siteUserId);
    try {
      const answer = this.answers.shift();
      if (answer !== undefined) return await answer(sent);
      if (this.duration > 0) await new Promise((resolve) => setTimeout(resolve, this.duration));
      return { done: true };
    } finally {
      this.#inside.set(siteUserId, (this.#inside.get(siteUserId) ?? 1) - 1);
      this.#all--;
    }
  }
}

/** A failed delivery. */
export function failure(more: { readonly retryAfter?: number; readonly slowDown?: boolean } = {}): Delivery {
  return { done: false, refusal: refusal('ERR_DISCOURSE_UNAVAILABLE', 'The test says no.'), ...more };
}

/** The people of the test site, and what they are called now. */
export class TestPeople {
  readonly names = new Map<string, string>();
  reads = 0;

  readonly findUser = async (id: string): Promise<SiteUser | null> => {
    this.reads++;
    const name = this.names.get(id);
    return name === undefined ? null : { id, email: `${id}@example.com`, emailVerified: true, name };
  };
}

/** Everything a case starts; stopped at its end. */
export class QueueBench {
  readonly #open: OpenQueue;
  readonly #keys = randomBytes(32).toString('base64');
  readonly #running: ForumSso[] = [];
  readonly place = `place-${randomBytes(6).toString('hex')}`;
  readonly community = new TestCommunity();
  readonly people = new TestPeople();
  readonly events: ForumSsoEvent[] = [];

  constructor(open: OpenQueue) {
    this.#open = open;
  }

  /** One more process of the site. */
  async site({
    pace,
    keys = this.#keys,
    connectors,
    ...wish
  }: Partial<QueueWish> & {
    readonly pace?: Pace;
    readonly keys?: string;
    readonly connectors?: readonly Connector[];
  } = {}): Promise<ForumSso> {
    const { queue, store } = await this.#open({ place: this.place, ...wish });
    const sso = createForumSso({
      baseUrl: 'https://site.example.com/sso',
      keys,
      connectors: connectors ?? [this.community.connector('community', pace)],
      queue,
      findUser: this.people.findUser,
      events: (event) => this.events.push(event),
      ...(store === undefined ? {} : { store }),
    });
    this.#running.push(sso);
    return sso;
  }

  /** Waits until something is so. */
  async until(what: string, isSo: () => boolean | Promise<boolean>, seconds = 8): Promise<void> {
    const end = performance.now() + seconds * 1_000;
    while (!(await isSo())) {
      if (performance.now() > end) {
        const told = this.events.map((event) => JSON.stringify(event)).join('\n');
        throw new Error(`After ${seconds} seconds still not so: ${what}.\n${told.slice(-2_000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Waits until nothing waits any more. */
  async untilIdle(sso: ForumSso, seconds?: number): Promise<void> {
    await this.until('nothing waits', async () => (await waitingIn(sso)) === 0, seconds);
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((sso) => sso.close(5)));
  }
}

/** How many jobs wait or run. */
export async function waitingIn(sso: ForumSso): Promise<number> {
  return (await sso.queue.metrics()).reduce((sum, { waiting }) => sum + waiting, 0);
}
