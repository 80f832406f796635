import type { z } from 'zod';

import type { Refusal } from './errors.js';
import type { NewEvent } from './events/event.js';
import type { PageContent } from './http/page.js';
import type { Query } from './http/query.js';
import type { ReplyHeader, SsoReply } from './http/reply.js';
import type { SsoRequest } from './http/request.js';
import type { SiteAddress } from './http/site-address.js';
import type { KeyRing } from './keys/key-ring.js';
import type { JobKind } from './push/job.js';
import type { Pace } from './push/pace.js';
import type { SecretKind, SecretRing } from './secrets.js';
import type { Sealer } from './session/sealer.js';
import type { SiteSession } from './session/site-session.js';
import type { SiteUser } from './site-user.js';
import type { ForumSsoStore } from './store/store.js';

/** The validation library, handed in, so that a connector's module costs nothing to import. */
export type Zod = typeof z;

/**
 * One relation between the site and one other system. A connector is made by a function such as `discourse(options)`
 * that does nothing but keep its options; `createForumSso` then calls {@link Connector.setUp} once.
 */
export interface Connector {
  /** What it is: `discourse`, `coral`, … */
  readonly kind: string;
  /** Unique among the connectors of a site; part of its addresses, cookies and keys. Default: its kind. */
  readonly name: string;
  /**
   * Checks the options and gets everything ready that need not be done for each request.
   * @returns null when a problem was reported through `setup.problem`
   */
  setUp(setup: ConnectorSetup): ActiveConnector | null;
}

/** What the engine gives a connector at start. */
export interface ConnectorSetup {
  readonly z: Zod;
  readonly address: SiteAddress;
  /** Absolute URL of one of this connector's routes: `https://site.example.com/sso/discourse/start`. */
  routeUrl(path: string): string;
  readonly keys: KeyRing;
  /** A sealer of this connector's own: what it seals, nobody else can read, change or open for another purpose. */
  createSealer(purpose: string): Sealer;
  /** Holds what a callback of the site returned against the schema of a site user. */
  readSiteUser(value: unknown): SiteUser | Refusal;
  readonly store: ForumSsoStore;
  readonly now: () => Date;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly fetch: typeof fetch;
  /** The site's way to read a person by id; undefined when the site gave none. */
  readonly findUser: ((siteUserId: string) => Promise<SiteUser | null>) | undefined;
  /**
   * Holds options against a schema and reports each fault as a problem.
   * @returns false when there was one
   */
  checkOptions(schema: z.ZodType, options: unknown): boolean;
  /**
   * {@link checkOptions} for connectors that have more to look at than a schema can say: a fault in the shape of one
   * option hides none in another.
   * @returns the options without those that have a fault, at whatever depth, and whether there was none
   */
  readOptions<Options extends object>(
    schema: z.ZodType,
    options: Options,
  ): { readonly sound: Sound<Options>; readonly whole: boolean };
  /**
   * Reads the secrets of one peer and reports what is wrong with them, too short or shared with another purpose.
   * @param setting names the option and the setting on the other side: `secret (Discourse: "discourse connect secret")`
   * @returns null when a problem was reported
   */
  readSecrets(option: unknown, setting: string, kind: SecretKind): SecretRing | null;
  /** Reports something that must be fixed before the site can start; one sentence that says how. */
  problem(sentence: string): void;
  /** Reports something that works but should be changed. */
  warning(sentence: string): void;
  /**
   * Names a secret that {@link readSecrets} did not read, so that no two purposes share one.
   * @param label the option or the setting on the other side, for the problem's text
   */
  useSecret(label: string, value: string): void;
  /**
   * Queues a job for a person at each of this connector's systems that can do it; by default a push of their details.
   * @returns false when it needs a `findUser` and there is none, or the queue took nothing; never rejects
   */
  pushLater(siteUserId: string, kind?: JobKind): Promise<boolean>;
  /**
   * Ends all sessions of a person at the site: the built-in ones, and the site's own through its callback. All
   * connectors are told.
   * @throws what the store, the callback or a connector throws
   */
  endSessions(siteUserId: string): Promise<void>;
  /** The site's sign-in page: a path of the site. */
  readonly signInPath: string;
  /** Where our small pages lead back to: a path of the site. */
  readonly homePath: string;
  /** The query parameter that tells a page where to return to. */
  readonly returnParameter: string;
  /** Tells the audit log. The connector's name and the time are added. */
  emit(event: NewEvent): void;
  /** The pseudonym of a person for events. */
  pseudonym(siteUserId: string): string;
}

/** A connector at work. */
export interface ActiveConnector extends Deliverer {
  readonly routes: readonly Route[];
  /**
   * True when the site can put logins of this connector into its pages. `forumSso.visit` then holds whoever is signed in
   * against what the site has decided about them.
   */
  readonly logsInOnPages?: boolean;
  /** Asked at each page for which the site calls `forumSso.visit`; a reply is sent instead of the page. */
  visit?(exchange: Exchange): Promise<SsoReply | null>;
  /**
   * Told when sessions at the site end on purpose: by a person who signs out, wherever at the site that happens, or all
   * of a person's by {@link ConnectorSetup.endSessions}. Whatever was handed out with the session is to end as well.
   * @param siteUserId who it was; null when that is not known
   * @returns what the person's browser is to be told
   */
  signedOut?(siteUserId: string | null): Promise<readonly ReplyHeader[]>;
  /**
   * Further systems that this connector delivers to, each with jobs, retries and results of its own, so that none hears
   * something twice because of another. They go by `{name of the connector}-{name}`.
   */
  readonly others?: readonly (Deliverer & { readonly name: string })[];
}

/** What can be brought to a system about people. */
export interface Deliverer {
  /** Brings the person's details to the other system now. */
  readonly push?: Capability<(user: SiteUser) => Promise<Delivery>>;
  /** Tells the other system that the person has signed in at the site. */
  readonly signIn?: Capability<(user: SiteUser) => Promise<Delivery>>;
  /** Ends the person's sessions at the other system. */
  readonly signOut?: Capability<(siteUserId: string) => Promise<Delivery>>;
  /** Keeps the person out of the other system, reversibly. */
  readonly suspend?: Capability<(siteUserId: string, options: SuspendOptions) => Promise<Delivery>>;
  /** Removes or anonymizes the person there. */
  readonly remove?: Capability<(siteUserId: string) => Promise<Delivery>>;
  /** Ends a suspension there. */
  readonly restore?: Capability<(siteUserId: string) => Promise<Delivery>>;
  /** How fast the push queue may call the other system; left out: as fast as it answers. */
  readonly pace?: Pace;
  /** Finds out whether the other system answers and accepts our keys. */
  check?(): Promise<Delivery>;
}

/** A function, or one sentence that says why the other system cannot do it ("Talkyard has no API for groups."). */
export type Capability<F> = F | string;

export interface SuspendOptions {
  /** Shown to the person where the other system does so. */
  readonly reason?: string;
  /** Until when; absent means until further notice. */
  readonly until?: Date;
}

/** How one delivery to one other system ended. */
export type Delivery =
  | {
      readonly done: true /** What was left out, or why nothing was to be done. */;
      readonly notes?: readonly string[];
      /** What a person still has to do at the other system, one sentence each. */
      readonly byHand?: readonly string[];
    }
  | {
      readonly done: false;
      readonly refusal: Refusal;
      /** Seconds to wait, when it is worth another try; 0 when the other system did not say how long. */
      readonly retryAfter?: number;
      /** True when the other system asks everybody to wait, not about this person alone. */
      readonly slowDown?: boolean;
    };

/**
 * One address of a connector. `caller` says who calls it, and so which gate it has and what an error looks like:
 * - `navigation`: a person opens it as a page; fetch metadata is checked, errors are pages;
 * - `form`: a person sends a form of this site; the origin is checked, errors are pages;
 * - `script`: a script in a browser calls it; the connector checks the origin itself, errors are JSON;
 * - `machine`: another server calls it; errors are JSON.
 */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'OPTIONS';
  /** Below `{baseUrl}/{name}`: the empty string or `/callback`. With `absolute`, a path of the site. `{id}` stands for one segment. */
  readonly path: string;
  readonly absolute?: boolean;
  readonly caller: 'navigation' | 'form' | 'script' | 'machine';
  /** A refusal becomes an event and an answer that fits the caller; see {@link Exchange.refuse} for more control. */
  handle(exchange: Exchange): Promise<SsoReply | Refusal>;
}

/** Options as far as their shape is right: any may be missing, those within others as well. */
export type Sound<Options> = { readonly [Name in keyof Options]?: SoundValue<Options[Name]> };

type SoundValue<Value> = Value extends WholeValue ? Value : Value extends object ? Sound<Value> : Value;

/** What is sound or not as a whole. */
type WholeValue = readonly unknown[] | ((...args: never[]) => unknown) | Date;

/** How the end of a session went. */
export interface SignedOut {
  /** What the answer must tell the browser, whatever else went wrong. */
  readonly headers: readonly ReplyHeader[];
  /** Why not everything has ended: the site's callback, the store or a connector failed. */
  readonly fault?: Refusal;
}

/** One request at work. */
export interface Exchange {
  readonly request: SsoRequest;
  /** Path without the query, without a slash at the end. */
  readonly path: string;
  readonly query: Query;
  /** What stood for `{id}` in the route's path, percent-decoded; undefined when the route has none. */
  readonly id: string | undefined;
  /** The sender's address, seen through trusted proxies. */
  readonly ip: string | undefined;
  /** The site's session for this request. Use {@link Exchange.currentUser} to read the person. */
  readonly session: SiteSession;
  /** Who is signed in: validated, or null, or a refusal when the site's callback failed. */
  currentUser(): Promise<SiteUser | null | Refusal>;
  /**
   * Starts a session for a person in this browser. Somebody whom the site has suspended or removed gets none.
   * @returns the person, or a refusal: `ERR_USER_SUSPENDED`, `ERR_USER_REMOVED`, or what the site's callback led to
   */
  signIn(user: SiteUser): Promise<SiteUser | Refusal>;
  /** Ends this browser's session, because the person wants it to end, and tells all connectors. Never rejects. */
  signOut(): Promise<SignedOut>;
  /** Checks a path of this site that came from outside; see `safeReturnPath`. */
  safePath(path: string): string | Refusal;
  /** The return path in this request's query, checked; the home page when there is none. */
  returnPath(): string | Refusal;
  /** Reads a form's fields from the body; at most 4 kB. */
  readForm(): Promise<Query | Refusal>;
  /** Refuses as the engine does, with an event, but with links and headers of the connector's own. */
  refuse(
    refusal: Refusal,
    more: { readonly links?: PageContent['links']; readonly headers?: readonly ReplyHeader[] },
  ): SsoReply;
  /**
   * Sends the person to the site's sign-in page and back.
   * @param returnPath where to come back to; default: this very request, whole
   */
  signInFirst(returnPath?: string): SsoReply | Refusal;
  /** A small page in the site's look. The way back to the site is added. */
  page(
    content: Omit<PageContent, 'links'> & { readonly links?: PageContent['links'] },
    headers?: readonly ReplyHeader[],
  ): SsoReply;
}
