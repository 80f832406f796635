import type { Connector, Environment, ForumSsoStore, ReplyHeader, SiteUser } from '@forum-sso/core';

import type { DemoSecrets } from '../demo-secrets.js';
import type { Markup } from '../http/html.js';
import type { People } from '../people.js';

/**
 * One kind of community that the demo shows. Each is a file of this folder and an entry in `index.ts`: the emulator
 * that stands in for it, its connector's options from the environment, the site's pages with it inside, and its card on
 * the home page.
 */
export interface Community {
  /** The connector's name, and the key of {@link StartedDemo.communities}. */
  readonly name: string;
  /** True when the environment names a real one, which is then used instead of the emulator. */
  isReal(environment: Environment): boolean;
  /** What is missing or does not fit together in the environment, one sentence each. */
  problems(environment: Environment): readonly string[];
  /** The connector, and what the site shows of the community in its own pages. */
  connect(options: ConnectOptions): Connection;
  /** The real community's address; only asked when {@link Community.isReal}. */
  realUrl(environment: Environment): string;
  /** Starts the emulator, already set up for this site. */
  emulate(options: EmulateOptions): Promise<Emulated>;
  /** What the home page says about it. */
  card(options: CardOptions): CommunityCard;
}

export interface ConnectOptions {
  readonly environment: Environment;
  /** For what the environment leaves open. */
  readonly secrets: DemoSecrets;
  /** Where the community is: the real one or the emulator. */
  readonly url: string;
  /** False: an emulator. */
  readonly real: boolean;
  /** The site's origin: `http://localhost:3000`. */
  readonly siteOrigin: string;
  /** Path of the connector on the site: `/sso/discourse`. */
  readonly connectorPath: string;
  readonly people: People;
  /** Where Forum SSO keeps links and profiles. */
  readonly store: ForumSsoStore;
  /** True when signing in at the site needs the demo's password. */
  readonly asksPassword: boolean;
  /** True: at its first visit a browser is signed in with a forum account, where it is signed in at the forum. */
  readonly seamlessLogin: boolean;
  /** To be called when the community changed an account of the site: the others follow. */
  accountChanged(id: string): Promise<unknown>;
}

/** The site's side of a community. */
export interface Connection {
  readonly connector: Connector;
  /** Pages of the site with the community in them. */
  readonly pages: readonly CommunityPage[];
  /**
   * Where a form of the site may end at it, for `form-action`, when that is more than the origin of its address: a form
   * signs people in, and leads on.
   */
  readonly formTargets?: readonly string[];
  /** Given when people can sign in to the site with their account at this community. */
  readonly signIn?: CommunitySignIn;
}

/** Signing in to the site with an account of a community. */
export interface CommunitySignIn {
  /**
   * Path of the connector on this site: `/sso/discourse-login`. Below it, `/start` begins the sign-in and `/logout` asks
   * where to sign out; both take `returnTo`.
   */
  readonly path: string;
  /** For the sign-in page: what comes of it, in a sentence. */
  readonly note: string;
  /** What the account page says about the person's account at the community. */
  account(user: SiteUser): Promise<AccountSection>;
}

/** A part of the account page. */
export interface AccountSection {
  readonly body: Markup;
  /** Addresses of the pictures in it. */
  readonly pictures: readonly string[];
}

/** A page of the site that holds a part of a community: comments, a panel. */
export interface CommunityPage {
  /** Path on the site: `/blog`. */
  readonly path: string;
  readonly title: string;
  /**
   * What stands on it for this person, or for a guest (null).
   * @param nonce of the page's content security policy, for script elements
   */
  show(user: SiteUser | null, nonce: string): Promise<CommunityPageContent>;
}

export interface CommunityPageContent {
  readonly body: Markup;
  /** To be sent with the page. */
  readonly headers: readonly ReplyHeader[];
}

export interface EmulateOptions {
  readonly environment: Environment;
  readonly secrets: DemoSecrets;
  /** Where the site answers this community's requests, for browsers: `http://localhost:3000/sso/discourse`. */
  readonly connectorUrl: string;
  /** The same for requests of the emulator itself; names are not looked up: `http://127.0.0.1:3000/sso/discourse`. */
  readonly callbackUrl: string;
  readonly port: number;
  /** Origin at which browsers see the emulator. */
  readonly publicUrl: string;
  readonly now: () => Date;
}

/** A running emulator. */
export interface Emulated {
  /** What one would copy from its admin pages: variables that the environment leaves open. */
  readonly variables?: Environment;
  close(): Promise<void>;
}

export interface CardOptions {
  readonly environment: Environment;
  readonly real: boolean;
  /** Where the community is. */
  readonly url: string;
  /** Path of the connector on the site: `/sso/discourse`. */
  readonly connectorPath: string;
}

export interface CommunityCard {
  /** For the bar and headings: "Forum". */
  readonly title: string;
  /** The product: "Discourse". */
  readonly product: string;
  /** What it is, in a sentence. */
  readonly summary: string;
  /** Text of the button: "Open the forum". */
  readonly open: string;
  /** Page of the site to open it at; absent: its own address. */
  readonly opensAt?: string;
  /** Page of the site that the button leads to instead. */
  readonly startsAt?: string;
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
