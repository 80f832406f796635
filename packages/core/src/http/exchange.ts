import type { BlockList } from 'node:net';

import type { Exchange, SignedOut } from '../connector.js';
import { isForumSsoError, isRefusal, type Refusal, refusal } from '../errors.js';
import type { SiteSession } from '../session/site-session.js';
import { readSiteUser, type SiteUser } from '../site-user.js';
import { clientIp } from './client-ip.js';
import { type PageRenderer, pageReply } from './page.js';
import { parseQuery, type Query, queryOf, readParameter } from './query.js';
import { redirectReply } from './reply.js';
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
  admit(user: SiteUser): Promise<SiteUser | Refusal>;
  /** Queues the news of a sign-in for the communities that want it. */
  signedIn(siteUserId: string): void;
  /** Tells all connectors that a person signs out on purpose. Never rejects. */
  signedOut(siteUserId: string | null): Promise<SignedOut>;
}

/** Largest form, in bytes. */
const formLimit = 4_096;

/** Makes the {@link Exchange} of one request. Query and address are read only when a connector asks for them. */
export function createExchange(
  frame: ExchangeFrame,
  request: SsoRequest,
  session: SiteSession,
  path: string,
  refuse: Exchange['refuse'],
  id?: string,
): Exchange {
  let query: Query | undefined;
  return {
    request,
    path,
    id,
    session,
    get query() {
      query ??= parseQuery(queryOf(request.url));
      return query;
    },
    get ip() {
      return clientIp(request, frame.trustedProxies);
    },
    async currentUser() {
      const user = await readCurrentUser(session);
      return user === null || isRefusal(user) ? user : frame.admit(user);
    },
    async signIn(user) {
      const person = await frame.admit(user);
      if (isRefusal(person)) return person;
      if (person.suspended === true)
        return refusal('ERR_USER_SUSPENDED', 'A suspended person tried to sign in.');
      const fault = await callSite('signIn', () => session.signIn(person));
      if (fault !== null) return fault;
      frame.signedIn(person.id);
      return person;
    },
    async signOut() {
      const user = await readCurrentUser(session);
      const told = await frame.signedOut(user === null || isRefusal(user) ? null : user.id);
      const fault = (await callSite('signOut', () => session.signOut())) ?? told.fault;
      return { headers: told.headers, ...(fault === undefined ? {} : { fault }) };
    },
    safePath: (path) => safeReturnPath(path, frame.address.origin),
    returnPath() {
      const path = readParameter(this.query, frame.returnParameter);
      if (isRefusal(path)) return path;
      return path === undefined || path === '' ? frame.homePath : safeReturnPath(path, frame.address.origin);
    },
    readForm: async () => parseQuery(new TextDecoder().decode(await request.body(formLimit))),
    refuse,
    signInFirst(returnPath = request.url) {
      const safe = safeReturnPath(returnPath, frame.address.origin);
      if (isRefusal(safe)) return safe;
      return redirectReply(`${frame.signInPath}?${frame.returnParameter}=${encodeURIComponent(safe)}`);
    },
    page: (content, headers = []) =>
      pageReply(
        { ...content, links: [...(content.links ?? []), { text: 'Back to the site', href: frame.homePath }] },
        frame.renderPage,
        { headers },
      ),
  };
}

/** Calls back into the site's own session, which may fail. @returns null when it did not */
async function callSite(callback: string, call: () => Promise<void>): Promise<Refusal | null> {
  try {
    await call();
    return null;
  } catch (cause) {
    if (isForumSsoError(cause)) return refusal(cause.code, cause.detail, cause.cause);
    return refusal('ERR_SITE_CALLBACK_FAILED', `The site's ${callback} callback failed.`, cause);
  }
}

/** Who is signed in: the callback's answer is the site's code at work, so it may fail or be unusable. */
export async function readCurrentUser(session: SiteSession): Promise<SiteUser | null | Refusal> {
  let user: SiteUser | null | undefined;
  try {
    user = await session.currentUser();
  } catch (cause) {
    if (isForumSsoError(cause)) return refusal(cause.code, cause.detail, cause.cause);
    return refusal('ERR_SITE_CALLBACK_FAILED', "The site's currentUser callback failed.", cause);
  }
  return user === null || user === undefined ? null : readSiteUser(user);
}
