import type { BlockList } from 'node:net';

import type { Exchange, SignedOut } from '../connector.js';
import { isRefusal, type Refusal, refusal, refusalForThrown } from '../errors.js';
import { readSiteUser } from '../read-site-user.js';
import type { SiteSession } from '../session/site-session.js';
import type { SiteUser } from '../site-user.js';
import { clientIp } from './client-ip.js';
import { type PageRenderer, pageReply } from './page.js';
import { parseQuery, type Query, queryOf, readParameter } from './query.js';
import { type ReplyHeader, redirectReply, type SsoReply } from './reply.js';
import type { SsoRequest } from './request.js';
import { safeReturnPath } from './return-path.js';
import type { SiteAddress } from './site-address.js';

/** What all exchanges of a site have in common. */
export interface ExchangeFrame {
  readonly address: SiteAddress;
  readonly trustedProxies: BlockList;
  readonly signInPath: string;
  readonly returnParameter: string;
  readonly homePath: string;
  readonly renderPage: PageRenderer;
  /** Holds a person who is signed in against what the site has decided about them. */
  readonly admit: (user: SiteUser) => Promise<SiteUser | Refusal>;
  /** Queues the news of a sign-in for the communities that want it. */
  signedIn(siteUserId: string): void;
  /** Tells all connectors that a person signs out on purpose. Never rejects. */
  signedOut(siteUserId: string | null): Promise<SignedOut>;
}

/** Largest form, in bytes. */
const formLimit = 4_096;

/**
 * The {@link Exchange} of one request. Query and address are read only when a connector asks for them.
 *
 * A class, since it is made for every request: an object literal with accessors costs V8 a shape of its own each time.
 */
export class SiteExchange implements Exchange {
  readonly request: SsoRequest;
  readonly session: SiteSession;
  readonly path: string;
  readonly refuse: Exchange['refuse'];
  readonly id: string | undefined;
  readonly #frame: ExchangeFrame;
  #query: Query | undefined;

  constructor(
    frame: ExchangeFrame,
    request: SsoRequest,
    session: SiteSession,
    path: string,
    refuse: Exchange['refuse'],
    id?: string,
  ) {
    this.#frame = frame;
    this.request = request;
    this.session = session;
    this.path = path;
    this.refuse = refuse;
    this.id = id;
  }

  get query(): Query {
    this.#query ??= parseQuery(queryOf(this.request.url));
    return this.#query;
  }

  get ip(): string | undefined {
    return clientIp(this.request, this.#frame.trustedProxies);
  }

  currentUser(): Promise<SiteUser | null | Refusal> {
    return readCurrentUser(this.session, this.#frame.admit);
  }

  async signIn(user: SiteUser): Promise<SiteUser | Refusal> {
    const person = await this.#frame.admit(user);
    if (isRefusal(person)) return person;
    if (person.suspended === true)
      return refusal('ERR_USER_SUSPENDED', 'A suspended person tried to sign in.');
    const fault = await callSite('signIn', () => this.session.signIn(person));
    if (fault !== null) return fault;
    this.#frame.signedIn(person.id);
    return person;
  }

  async signOut(): Promise<SignedOut> {
    const user = await readCurrentUser(this.session);
    const told = await this.#frame.signedOut(user === null || isRefusal(user) ? null : user.id);
    const fault = (await callSite('signOut', () => this.session.signOut())) ?? told.fault;
    return { headers: told.headers, ...(fault === undefined ? {} : { fault }) };
  }

  safePath(path: string): string | Refusal {
    return safeReturnPath(path, this.#frame.address.origin);
  }

  returnPath(): string | Refusal {
    const path = readParameter(this.query, this.#frame.returnParameter);
    if (isRefusal(path)) return path;
    return path === undefined || path === '' ? this.#frame.homePath : this.safePath(path);
  }

  async readForm(): Promise<Query> {
    return parseQuery(new TextDecoder().decode(await this.request.body(formLimit)));
  }

  signInFirst(returnPath = this.request.url): SsoReply | Refusal {
    const { signInPath, returnParameter } = this.#frame;
    const safe = this.safePath(returnPath);
    if (isRefusal(safe)) return safe;
    return redirectReply(`${signInPath}?${returnParameter}=${encodeURIComponent(safe)}`);
  }

  page(content: Parameters<Exchange['page']>[0], headers: readonly ReplyHeader[] = []): SsoReply {
    const { homePath, renderPage } = this.#frame;
    const links = [...(content.links ?? []), { text: 'Back to the site', href: homePath }];
    return pageReply({ ...content, links }, renderPage, { headers });
  }
}

/** Calls back into the site's own session, which may fail. @returns null when it did not */
async function callSite(callback: string, call: () => Promise<void>): Promise<Refusal | null> {
  try {
    await call();
    return null;
  } catch (cause) {
    return refusalForThrown(cause, 'ERR_SITE_CALLBACK_FAILED', `The site's ${callback} callback failed.`);
  }
}

/**
 * Who is signed in: the callback's answer is the site's code at work, so it may fail or be unusable.
 * @param admit has the last word on a person in whom nothing is wrong
 */
export async function readCurrentUser(
  session: SiteSession,
  admit?: ExchangeFrame['admit'],
): Promise<SiteUser | null | Refusal> {
  let user: SiteUser | null | undefined;
  try {
    user = await session.currentUser();
  } catch (cause) {
    return refusalForThrown(cause, 'ERR_SITE_CALLBACK_FAILED', "The site's currentUser callback failed.");
  }
  if (user === null || user === undefined) return null;
  const sound = readSiteUser(user);
  return isRefusal(sound) || admit === undefined ? sound : await admit(sound);
}
