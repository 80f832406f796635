import type { BrowserClient } from '../http/browser-client.js';
import type { WireReply } from '../http/reply.js';

/** Somebody with an account at the provider. */
export interface ProviderPerson {
  /** Number by which clients know the person. */
  readonly id: number;
  readonly username: string;
  /** Confirmed. */
  readonly email: string;
  readonly name?: string;
  readonly admin?: boolean;
  readonly moderator?: boolean;
  readonly groups?: readonly string[];
  readonly avatarUrl?: string;
  /** Whether there is a second factor to ask for. */
  readonly secondFactor?: boolean;
}

export interface ProviderSetUp {
  /** Lines `domain|secret`, as in the setting of a forum. */
  readonly lines: readonly string[];
  readonly people: readonly ProviderPerson[];
  /** False: nobody logs in with this forum. Default true. */
  readonly enabled?: boolean;
}

/**
 * Something that answers at `/session/sso_provider` as a Discourse forum does, under test. Whatever only looks like a
 * forum lists where it differs on purpose: those cases must fail, and what no longer differs must leave the list.
 */
export interface ProviderRoleHarness {
  readonly name: string;
  /** By the name of the case: why it is different. */
  readonly differences: Readonly<Record<string, string>>;
  /** True when pictures in answers are at the provider's own addresses. */
  readonly ownPictures: boolean;
  start(setUp: ProviderSetUp): Promise<RunningProvider>;
}

export interface RunningProvider {
  readonly origin: string;
  /** Logs a person in at the provider itself. */
  logIn(browser: BrowserClient, username: string): Promise<void>;
  /**
   * Goes through the provider's own login page.
   * @param asked the redirect that leads there
   * @returns the redirect that leads to the client
   */
  logInOnTheWay(browser: BrowserClient, asked: WireReply, username: string): Promise<WireReply>;
  /**
   * Goes through the provider's own page for a second factor.
   * @param asked the redirect that leads there
   * @returns the redirect that leads to the client
   */
  confirmSecondFactor(browser: BrowserClient, asked: WireReply): Promise<WireReply>;
  /** Who is logged in at the provider in this browser. */
  whoIs(browser: BrowserClient): Promise<string | null>;
  suspend(username: string): Promise<void>;
  /** What the provider has written down of requests, as one text. */
  log(): string;
  close(): Promise<void>;
}
