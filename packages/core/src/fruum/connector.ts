import type { ActiveConnector, Connector, ConnectorSetup, Delivery, Exchange } from '../connector.js';
import {
  ForumSsoError,
  isForumSsoError,
  isRefusal,
  type Refusal,
  refusal,
  refusalForThrown,
} from '../errors.js';
import { requestRefused } from '../events/request-refused.js';
import { gateFormPost } from '../http/browser-gate.js';
import { jsonReply, type SsoReply } from '../http/reply.js';
import { parseJson } from '../json.js';
import type { SiteUser } from '../site-user.js';
import { type AuthAnswer, decideAuthRequest } from './answer.js';
import { checkCaller } from './caller.js';
import { checkFruum } from './check.js';
import { withinDeadline } from './deadline.js';
import type { FruumReply } from './fields.js';
import { type FruumOptions, type FruumSettings, readFruumOptions } from './options.js';
import { type FruumPageSettings, type FruumUserPayload, fruumPageHtml } from './page.js';
import { createRateLimit } from './rate-limit.js';
import { createSignOutTimes, issueSecond, type SignOutTimes } from './sign-out-times.js';
import { makeUserHash, secretSetting } from './user-hash.js';

/** Largest body that is read from Fruum, in bytes: our payloads have about 150. */
const bodyLimit = 4_096;

/** How much of a hash's life has passed when an open page fetches the next one. */
const renewalShare = 0.8;

/** Who a page is for: the site's user, or null for a guest. */
export type FruumVisitor = Pick<SiteUser, 'id' | 'suspended'> | null;

/** The connector, with what the site's pages need of it. */
export interface FruumConnector extends Connector {
  /**
   * The script elements for a page with the forum in it: settings, renewal, loader. Send the page with
   * `fruumPageHeaders`. For a guest, and when the store does not answer, no user is handed to Fruum.
   *
   * @throws ForumSsoError `ERR_FRUUM_NOT_SET_UP` before `createForumSso`, or without the option `fruumUrl`
   */
  embed(
    visitor: FruumVisitor,
    options?: { readonly settings?: FruumPageSettings; readonly nonce?: string },
  ): Promise<string>;
  /**
   * The value for `fruumSettings.user`, for pages that are put together in another way; null for a guest.
   *
   * @throws ForumSsoError `ERR_FRUUM_NOT_SET_UP` before `createForumSso`
   */
  userPayload(visitor: FruumVisitor): Promise<FruumUserPayload | null>;
}

/** One forum at work. */
interface Forum {
  readonly settings: FruumSettings;
  readonly setup: ConnectorSetup;
  readonly signOuts: SignOutTimes;
  readonly admit: (siteUserId: string) => boolean;
}

/**
 * Connects a Fruum forum: the site says who its visitors are. Two routes:
 *
 * - `POST {baseUrl}/{name}/auth`, the auth URL to be given to Fruum. Answers 200 and JSON whatever happens, since Fruum
 *   reads nothing but the body: a user for a valid hash, else `{}`.
 * - `POST {baseUrl}/{name}/user`, by which an open page of the site renews its hash.
 *
 * A sign-out makes all hashes of the person void, whether it begins in a connector, on a page of the site through the
 * built-in session, or with `forumSso.signOut`. Everything else Fruum learns at the next connection.
 */
export function fruum(options: FruumOptions): FruumConnector {
  const name = options?.name ?? 'fruum';
  let forum: Forum | undefined;
  const ready = (): Forum => {
    if (forum !== undefined) return forum;
    throw new ForumSsoError('ERR_FRUUM_NOT_SET_UP', 'Give the connector to createForumSso before using it.');
  };
  return {
    kind: 'fruum',
    name,
    setUp(setup) {
      const settings = readFruumOptions(options, setup);
      if (settings === null) return null;
      forum = {
        settings,
        setup,
        signOuts: createSignOutTimes(setup.store.revocations, name),
        admit: createRateLimit(settings.rateLimit, setup.now),
      };
      return activate(forum);
    },
    async userPayload(visitor) {
      return issueOrGuest(ready(), visitor);
    },
    async embed(visitor, { settings, nonce } = {}) {
      const { settings: own, setup } = ready();
      if (own.fruumUrl === undefined) {
        throw new ForumSsoError(
          'ERR_FRUUM_NOT_SET_UP',
          'embed needs the option fruumUrl: the address of Fruum.',
        );
      }
      return fruumPageHtml({
        fruumUrl: own.fruumUrl,
        forumId: own.forumId,
        user: await issueOrGuest(ready(), visitor),
        renewal: { url: setup.routeUrl('/user'), after: renewAfter(own) },
        settings,
        nonce,
      });
    },
  };
}

function activate(forum: Forum): ActiveConnector {
  const { settings, setup } = forum;
  return {
    routes: [
      {
        method: 'POST',
        path: '/auth',
        caller: 'machine',
        handle: (exchange) => answerFruum(forum, exchange),
      },
      { method: 'POST', path: '/user', caller: 'script', handle: (exchange) => answerPage(forum, exchange) },
    ],
    async signedOut(siteUserId) {
      if (siteUserId !== null) await forum.signOuts.record(siteUserId, setup.now());
      return [];
    },
    signOut: (siteUserId) => noteSignOut(forum, siteUserId),
    push: 'Fruum takes details over when a person connects, and has no way to be told of them before.',
    suspend:
      'Fruum asks the site at each connection: let findUser return the person with "suspended: true" or not at all.',
    remove:
      'Fruum forgets a person by its own command line ("--delete-user"); let findUser return null, or it makes the account anew.',
    ...(settings.fruumUrl === undefined
      ? {}
      : { check: checkFruum(settings.fruumUrl, settings.forumId, setup.fetch) }),
  };
}

/** Answers Fruum. The reply is always the same but for its body: Fruum looks at nothing else. */
async function answerFruum(forum: Forum, exchange: Exchange): Promise<SsoReply> {
  const { setup } = forum;
  const decision = await decide(forum, exchange);
  if (isRefusal(decision)) {
    forum.setup.emit(requestRefused(decision, exchange.path));
    return fruumJson({});
  }
  const { reply, userId, keyPosition } = decision;
  if (keyPosition !== undefined && keyPosition > 0) {
    setup.emit({ type: 'secret.old_used', position: keyPosition });
  }
  setup.emit({ type: 'login.answered', user: setup.pseudonym(userId) });
  return fruumJson(reply);
}

const fruumJson = (reply: FruumReply): SsoReply => jsonReply(200, reply);

async function decide(
  { settings, setup, signOuts, admit }: Forum,
  { request, query }: Exchange,
): Promise<AuthAnswer | Refusal> {
  const { callers, deadline } = settings;
  const stranger = checkCaller(callers, request.headers, query);
  if (stranger !== null) return stranger;
  const payload = await withinDeadline(deadline, () => readJsonBody(request), slowBody);
  if (isRefusal(payload)) return payload;
  const now = setup.now();
  return decideAuthRequest(payload.value, {
    ...settings,
    keys: settings.secrets.keysAt(now),
    now,
    signedOutAt: signOuts.last,
    admit,
  });
}

const slowBody = refusal('ERR_BODY_UNREADABLE', 'The body did not come in time.');

async function readJsonBody(request: Exchange['request']): Promise<{ readonly value: unknown } | Refusal> {
  let value: unknown;
  try {
    value = parseJson(await request.body(bodyLimit));
  } catch (cause) {
    if (isForumSsoError(cause)) return refusal(cause.code, cause.detail);
  }
  return value === undefined ? refusal('ERR_FRUUM_PAYLOAD_MALFORMED', 'The body is not JSON.') : { value };
}

/** A fresh hash for an open page of the site; `{ "user": null }` when nobody is signed in. */
async function answerPage(forum: Forum, exchange: Exchange): Promise<SsoReply | Refusal> {
  const foreign = gateFormPost(exchange.request, forum.setup.address.origin);
  if (foreign !== null) return foreign;
  const visitor = await exchange.currentUser();
  if (isRefusal(visitor)) return visitor;
  const user = await issue(forum, visitor);
  if (isRefusal(user)) return user;
  return jsonReply(200, user === null ? { user } : { user, renewAfter: renewAfter(forum.settings) });
}

function renewAfter({ hashLife }: FruumSettings): number {
  return Math.floor(hashLife * renewalShare);
}

/** The person's payload; null for a guest. */
async function issue(
  { settings, setup, signOuts }: Forum,
  visitor: FruumVisitor,
): Promise<FruumUserPayload | null | Refusal> {
  if (visitor === null || visitor.suspended === true) return null;
  const { id } = visitor;
  const now = setup.now();
  const [key] = settings.secrets.keysAt(now);
  if (key === undefined)
    return refusal('ERR_FRUUM_SECRET_UNUSABLE', `${secretSetting} holds no secret in use.`);
  let lastSignOut: Date | null;
  try {
    lastSignOut = await signOuts.last(id);
  } catch (cause) {
    return storeRefusal(cause);
  }
  const expiresAt = new Date((issueSecond(now, lastSignOut) + settings.hashLife) * 1_000);
  const hash = makeUserHash(id, { key, forumId: settings.forumId, expiresAt });
  return isRefusal(hash) ? hash : { id, hash };
}

/** Like {@link issue}; a page of the site is not to fail with the store: its visitor is then a guest in the forum. */
async function issueOrGuest(forum: Forum, visitor: FruumVisitor): Promise<FruumUserPayload | null> {
  const user = await issue(forum, visitor);
  if (!isRefusal(user)) return user;
  forum.setup.emit(requestRefused(user, new URL(forum.setup.routeUrl('/user')).pathname));
  return null;
}

async function noteSignOut({ setup, signOuts }: Forum, siteUserId: string): Promise<Delivery> {
  try {
    await signOuts.record(siteUserId, setup.now());
  } catch (cause) {
    return {
      done: false,
      refusal: storeRefusal(cause),
      retryAfter: 0,
    };
  }
  return {
    done: true,
    notes: [
      'An open Fruum panel stays signed in until it reconnects; the page can end it at once with forumSsoFruum.signOut().',
    ],
  };
}

function storeRefusal(error: unknown): Refusal {
  return refusalForThrown(error, 'ERR_INTERNAL', 'The times of sign-outs failed unexpectedly.');
}
