import type { Connector, Environment } from '@forum-sso/core';

import type { DemoSecrets } from '../demo-secrets.js';

/**
 * One kind of community that the demo shows. Each is a file of this folder and an entry in `index.ts`: the emulator
 * that stands in for it, its connector's options from the environment, and its card on the home page.
 */
export interface Community {
  /** The connector's name, and the key of {@link StartedDemo.communities}. */
  readonly name: string;
  /** True when the environment names a real one, which is then used instead of the emulator. */
  isReal(environment: Environment): boolean;
  /** What is missing or does not fit together in the environment, one sentence each. */
  problems(environment: Environment): readonly string[];
  /**
   * The connector.
   * @param url where the community is: the real one or the emulator
   * @param secrets for what the environment leaves open
   */
  connector(environment: Environment, url: string, secrets: DemoSecrets): Connector;
  /** The real community's address; only asked when {@link Community.isReal}. */
  realUrl(environment: Environment): string;
  /** Starts the emulator, already set up for this site. */
  emulate(options: EmulateOptions): Promise<Emulated>;
  /**
   * What the home page says about it.
   * @param connectorPath path of the connector on the site: `/sso/discourse`
   */
  card(real: boolean, connectorPath: string): CommunityCard;
}

export interface EmulateOptions {
  readonly environment: Environment;
  readonly secrets: DemoSecrets;
  /** Where the site answers this community's requests: `http://localhost:3000/sso/discourse`. */
  readonly connectorUrl: string;
  readonly port: number;
  /** Origin at which browsers see the emulator. */
  readonly publicUrl: string;
}

/** A running emulator. */
export interface Emulated {
  close(): Promise<void>;
}

export interface CommunityCard {
  /** For the bar and headings: "Forum". */
  readonly title: string;
  /** The product: "Discourse". */
  readonly product: string;
  /** What to do there, in order. */
  readonly steps: readonly string[];
  /** What else there is to see. */
  readonly tries: readonly CommunityTry[];
}

export interface CommunityTry {
  readonly title: string;
  readonly text: string;
  readonly link?: { readonly text: string; readonly href: string };
}
