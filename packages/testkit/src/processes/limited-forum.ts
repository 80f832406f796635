import { createServer, type Server } from 'node:http';

import { type Connector, refusal } from '@forum-sso/core';

/** A connector that posts a person's name to a forum and obeys its 429. */
export function forumConnector(
  forumUrl: string,
  pace: { readonly calls: number; readonly seconds: number },
): Connector {
  return {
    kind: 'test',
    name: 'forum',
    setUp: ({ fetch }) => ({
      routes: [],
      pace,
      async push({ id, name = '' }) {
        try {
          const answer = await fetch(`${forumUrl}/${encodeURIComponent(id)}`, { method: 'POST', body: name });
          await answer.arrayBuffer();
          if (answer.ok) return { done: true };
          const retryAfter = Number(answer.headers.get('retry-after') ?? '1');
          const slowDown = answer.status === 429;
          const why = refusal('ERR_DISCOURSE_RATE_LIMITED', `The forum answered with ${answer.status}.`);
          return { done: false, refusal: why, retryAfter, slowDown };
        } catch (cause) {
          const why = refusal('ERR_DISCOURSE_UNAVAILABLE', 'The forum could not be reached.', cause);
          return { done: false, refusal: why, retryAfter: 0.1 };
        }
      },
    }),
  };
}

/** A forum by hand, with a limit in a sliding window, as Discourse keeps one: what is refused counts for nothing. */
export class LimitedForum {
  /** When each accepted call came, in milliseconds. */
  readonly accepted: number[] = [];
  refused = 0;
  /** When calls came although the forum wanted silence, in milliseconds. */
  readonly disobeyed: number[] = [];
  readonly names = new Map<string, string>();
  /** How often each person was sent. */
  readonly times = new Map<string, number>();
  /** Milliseconds that an answer takes. */
  duration = 0;
  /** What `GET /name` answers, which counts for nothing: what everybody is called at the site. */
  nameNow = '';
  /** Until when everybody is refused, by `performance.now()`. */
  closedUntil = 0;
  url = '';
  readonly #calls: number;
  readonly #milliseconds: number;
  readonly #server: Server;

  private constructor(calls: number, seconds: number) {
    this.#calls = calls;
    this.#milliseconds = seconds * 1_000;
    this.#server = createServer(async (request, response) => {
      const now = performance.now();
      if (request.url === '/name') {
        response.end(this.nameNow);
        return;
      }
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const wait = this.#take(now);
      if (this.duration > 0) await new Promise((resolve) => setTimeout(resolve, this.duration));
      if (wait > 0) {
        this.refused++;
        response.writeHead(429, { 'Retry-After': String(Math.ceil(wait / 1_000)) }).end('Slow down');
        return;
      }
      const id = decodeURIComponent((request.url ?? '').slice(1));
      this.names.set(id, body);
      this.times.set(id, (this.times.get(id) ?? 0) + 1);
      response.writeHead(200).end('{}');
    });
  }

  static async start(calls: number, seconds: number): Promise<LimitedForum> {
    const forum = new LimitedForum(calls, seconds);
    await new Promise<void>((resolve) => forum.#server.listen(0, '127.0.0.1', resolve));
    const address = forum.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    forum.url = `http://127.0.0.1:${address.port}`;
    return forum;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Share of the limit that was used from the first accepted call to the last. */
  get used(): number {
    const [first = 0] = this.accepted;
    const last = this.accepted.at(-1) ?? 0;
    return (this.accepted.length - 1) / (((last - first) / this.#milliseconds) * this.#calls);
  }

  /** @returns 0 when the call is accepted, else milliseconds to wait */
  #take(now: number): number {
    if (now < this.closedUntil) {
      this.disobeyed.push(now);
      return this.closedUntil - now;
    }
    const within = this.accepted.filter((at) => at > now - this.#milliseconds);
    if (within.length < this.#calls) {
      this.accepted.push(now);
      return 0;
    }
    return (within[0] ?? now) + this.#milliseconds - now;
  }
}
