import type { RequestListener } from 'node:http';

import { createForumSso, type ForumSso, type ForumSsoEvent, type ForumSsoOptions } from '@forum-sso/core';

import type { AdapterHarness, SiteSetUp } from './harness.js';
import { BrowserClient } from './http/browser-client.js';
import { listenOnFreePort } from './http/listen.js';
import type { HeaderLine, WireReply } from './http/reply.js';
import { sendRequest, WireSocket } from './http/send.js';
import { type NormalReply, normalise } from './normalise.js';
import { pagesPath } from './site/pages.js';
import { findPerson } from './site/people.js';

/** One case of a suite, as data: whoever runs it decides how. It throws when the adapter fails it. */
export interface ConformanceCase {
  readonly name: string;
  run(context: CaseContext): Promise<void>;
}

/** The options of the engine for one case; the rest has defaults for tests. */
export type CaseOptions = Partial<Omit<ForumSsoOptions, 'baseUrl' | 'events'>> & {
  /** Path of the mount point below the server's origin. Default `/sso`. */
  readonly basePath?: string;
  /** A whole `baseUrl`, for a site whose public address is not that of the server. */
  readonly baseUrl?: string;
  /** Wraps the engine, to make it fail. */
  readonly wrap?: (sso: ForumSso) => ForumSso;
};

/** Key ring of all test sites. */
export const testKeys = '7f0e3b5a9c1d48e6b2a4f8c0d6e1935774bb20aa5ce94f3182d3906fe7c1ab58';

/** What a case works with. Everything it starts is stopped afterwards; every answer it gets is written down. */
export class CaseContext {
  readonly #harness: AdapterHarness;
  readonly #running: { close(): Promise<void> }[] = [];
  /** What stands in the transcript for other servers. */
  readonly #names: Record<string, string> = {};
  /** All answers so far, in the order in which they came. */
  readonly transcript: NormalReply[] = [];

  constructor(harness: AdapterHarness) {
    this.#harness = harness;
  }

  /** Starts a site. */
  async start(options: CaseOptions = {}, setUp: SiteSetUp = {}): Promise<CaseSite> {
    const events: ForumSsoEvent[] = [];
    const { basePath = '/sso', baseUrl, wrap = (sso) => sso, ...others } = options;
    const made: ForumSso[] = [];
    const running = await this.#harness.start((origin) => {
      const sso = createForumSso({
        baseUrl: baseUrl ?? origin + basePath,
        keys: testKeys,
        connectors: [],
        findUser: findPerson,
        signInPath: `${pagesPath}/sign-in`,
        ...others,
        events: (event) => events.push(event),
      });
      made.push(sso);
      return wrap(sso);
    }, setUp);
    this.#running.push(running);
    const [sso] = made;
    if (sso === undefined) throw new Error('The harness did not build the engine.');
    const { port } = new URL(running.origin);
    const keep = (reply: WireReply): void => {
      this.transcript.push(normalise(reply, { ...this.#names, origin: running.origin, port }));
    };
    return new CaseSite(running.origin, sso, events, keep);
  }

  /**
   * Starts another server, such as a forum's API.
   * @param name what stands in the transcript for its origin
   * @returns its origin
   */
  async serve(name: string, listener: RequestListener): Promise<string> {
    const running = await listenOnFreePort(() => listener);
    this.#running.push(running);
    this.#names[name] = running.origin;
    return running.origin;
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((running) => running.close()));
  }
}

/** A running site, seen from outside, and its event log, seen from inside. */
export class CaseSite {
  readonly origin: string;
  readonly sso: ForumSso;
  readonly events: readonly ForumSsoEvent[];
  readonly #keep: (reply: WireReply) => void;

  constructor(
    origin: string,
    sso: ForumSso,
    events: readonly ForumSsoEvent[],
    keep: (reply: WireReply) => void,
  ) {
    this.origin = origin;
    this.sso = sso;
    this.events = events;
    this.#keep = keep;
  }

  /** A new browser without cookies. */
  browser(): BrowserClient {
    return new BrowserClient(this.#keep);
  }

  /** A browser in which a person has signed in at the site. */
  async browserOf(name: string): Promise<BrowserClient> {
    const browser = this.browser();
    const reply = await browser.submit(
      this.url(`${pagesPath}/sign-in?user=${name}`),
      {},
      { from: this.origin },
    );
    if (reply.status !== 200) throw new Error(`Signing ${name} in was answered with ${reply.status}.`);
    return browser;
  }

  /** Sends one request as it stands, from no browser. */
  async send(
    method: string,
    target: string,
    {
      headers = [],
      body,
      chunked = false,
    }: {
      readonly headers?: readonly HeaderLine[];
      readonly body?: string | Uint8Array;
      readonly chunked?: boolean;
    } = {},
  ): Promise<WireReply> {
    const reply = await sendRequest({ method, origin: this.origin, target, headers, body, chunked });
    this.#keep(reply);
    return reply;
  }

  /** A bare connection. */
  socket(): Promise<WireSocket> {
    return WireSocket.open(this.origin);
  }

  url(path: string): string {
    return this.origin + path;
  }
}

/**
 * Runs one case with an adapter.
 * @returns the answers it got, sorted
 * @throws what the case throws
 */
export async function runCase(
  conformanceCase: ConformanceCase,
  harness: AdapterHarness,
): Promise<readonly NormalReply[]> {
  const context = new CaseContext(harness);
  try {
    await conformanceCase.run(context);
    // What was asked at the same time comes in any order.
    return context.transcript.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  } finally {
    await context.close();
  }
}

/** The answers that an adapter has given so far, by the case's name. */
const given = new WeakMap<AdapterHarness, Map<string, readonly NormalReply[]>>();

/**
 * The answers of {@link runCase}; a case that this adapter has passed before is not run again.
 * @throws what the case throws
 */
export async function answersOf(
  conformanceCase: ConformanceCase,
  harness: AdapterHarness,
): Promise<readonly NormalReply[]> {
  const known = given.get(harness) ?? new Map<string, readonly NormalReply[]>();
  given.set(harness, known);
  const answers = known.get(conformanceCase.name) ?? (await runCase(conformanceCase, harness));
  known.set(conformanceCase.name, answers);
  return answers;
}

/**
 * The answers to all cases, normalised: with two adapters, the two must be equal. Cases that either leaves out are to be
 * left out of both.
 */
export async function transcribe(
  cases: readonly ConformanceCase[],
  harness: AdapterHarness,
  leftOut: readonly string[] = Object.keys(harness.leftOut ?? {}),
): Promise<Readonly<Record<string, readonly NormalReply[]>>> {
  const transcripts: Record<string, readonly NormalReply[]> = {};
  for (const one of cases) {
    if (!leftOut.includes(one.name)) transcripts[one.name] = await answersOf(one, harness);
  }
  return transcripts;
}
