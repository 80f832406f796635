import type { ConnectorSetup, Exchange, Route } from '../../connector.js';
import { isForumSsoError, isRefusal, type Refusal, refusal, refusalForThrown } from '../../errors.js';
import { readParameter } from '../../http/query.js';
import { redirectReply, type SsoReply } from '../../http/reply.js';
import type { SiteUser } from '../../site-user.js';
import type { DiscourseApi } from '../api/discourse-api.js';
import type { LoginFlow } from './login-flow.js';
import type { SilentLogin } from './silent-login.js';

export interface LogoutParts {
  readonly setup: ConnectorSetup;
  readonly flow: LoginFlow;
  readonly silent: SilentLogin;
  readonly api: DiscourseApi | undefined;
  readonly offerEverywhere: boolean;
  readonly forwardToForum: boolean;
  /** Whether the other end can be asked without a page who is signed in there; WordPress cannot. */
  readonly canProbe: boolean;
  /** The forum's origin: the log-out form may end up there. */
  readonly forumOrigin: string;
  /** Path of the log-out route on this site. */
  readonly path: string;
  /** The forum's id of a site user, or null. */
  readonly forumUserOf: (siteUserId: string) => Promise<string | null>;
}

/**
 * Log-out: `GET …/logout` asks, `POST …/logout` carries out. `GET …/forum-logout` is the address for the forum's setting
 * "logout redirect"; anybody can link to it, so it looks at the forum first and ends this browser's session only when
 * nobody is signed in there.
 */
export function logoutRoutes(parts: LogoutParts): readonly Route[] {
  const landing: Route = {
    method: 'GET',
    path: '/forum-logout',
    caller: 'navigation',
    handle: (exchange) => checkForum(parts, exchange),
  };
  return [
    { method: 'GET', path: '/logout', caller: 'navigation', handle: (exchange) => ask(parts, exchange) },
    { method: 'POST', path: '/logout', caller: 'form', handle: (exchange) => carryOut(parts, exchange) },
    ...(parts.canProbe ? [landing] : []),
  ];
}

async function ask(
  { offerEverywhere, path, forumOrigin, forwardToForum, setup }: LogoutParts,
  exchange: Exchange,
): Promise<SsoReply | Refusal> {
  const returnPath = exchange.returnPath();
  if (isRefusal(returnPath)) return returnPath;
  return exchange.page({
    status: 200,
    title: 'Sign out?',
    paragraphs: ['You will be signed out of this site.'],
    form: {
      action: path,
      fields: { [setup.returnParameter]: returnPath },
      ...(offerEverywhere
        ? { choice: { name: 'everywhere', text: 'On all my devices, and at the forum' } }
        : {}),
      button: 'Sign out',
      targets: forwardToForum ? [forumOrigin] : [],
    },
  });
}

async function carryOut(parts: LogoutParts, exchange: Exchange): Promise<SsoReply | Refusal> {
  const { setup, flow, offerEverywhere, forwardToForum } = parts;
  const form = await exchange.readForm();
  if (isRefusal(form)) return form;
  const wish = readParameter(form, 'everywhere');
  if (isRefusal(wish)) return wish;
  const user = await exchange.currentUser();

  const { headers, fault } = await exchange.signOut();
  if (fault !== undefined) return exchange.refuse(fault, { headers });
  // Who it was could not be found out; this browser has forgotten them all the same.
  if (isRefusal(user)) return exchange.refuse(user, { headers });
  if (user !== null) {
    const everywhere = offerEverywhere && wish === 'on';
    const unreached = everywhere ? await signOutEverywhere(parts, user) : null;
    setup.emit({ type: 'logout.completed', user: setup.pseudonym(user.id), everywhere });
    // Signed out here all the same; the person should know that other places are still open.
    if (unreached !== null) return exchange.refuse(unreached, { headers });
  }
  const returnPath = formReturnPath(parts, exchange, readParameter(form, setup.returnParameter));
  if (!forwardToForum) return redirectReply(returnPath, headers);
  const location = flow.logoutUrl(setup.address.origin + returnPath);
  return isRefusal(location) ? location : redirectReply(location, headers);
}

/** @returns null when all sessions are over, here and at the forum */
async function signOutEverywhere(parts: LogoutParts, user: SiteUser): Promise<Refusal | null> {
  try {
    await parts.setup.endSessions(user.id);
  } catch (cause) {
    return refusalForThrown(cause, 'ERR_SITE_CALLBACK_FAILED', "The site's endSessions callback failed.");
  }
  return logOutAtForum(parts, user);
}

async function logOutAtForum({ api, forumUserOf }: LogoutParts, user: SiteUser): Promise<Refusal | null> {
  const forumUserId = api === undefined ? null : await forumUserOf(user.id);
  if (api === undefined || forumUserId === null) return null;
  try {
    await api.logOut(forumUserId);
    return null;
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    if (error.code === 'ERR_DISCOURSE_USER_UNKNOWN') return null;
    return refusal(error.code, `The sessions at the forum could not be ended: ${error.detail}`, error.cause);
  }
}

function formReturnPath(
  { setup }: LogoutParts,
  exchange: Exchange,
  path: ReturnType<typeof readParameter>,
): string {
  if (typeof path !== 'string' || path === '') return setup.homePath;
  const safe = exchange.safePath(path);
  return isRefusal(safe) ? setup.homePath : safe;
}

/**
 * Only a session that began with the forum ends with the forum's: somebody who signed in at the site's own form would
 * otherwise be signed out by any link to this address.
 */
async function checkForum(
  { setup, flow, silent }: LogoutParts,
  exchange: Exchange,
): Promise<SsoReply | Refusal> {
  const user = await exchange.currentUser();
  if (isRefusal(user)) return user;
  if (user === null || !silent.beganHere(exchange.request)) return redirectReply(setup.homePath);
  const departure = await flow.depart(exchange.request, {
    purpose: 'logoutCheck',
    returnPath: setup.homePath,
    requireTwoFactor: false,
  });
  return isRefusal(departure) ? departure : redirectReply(departure.location, departure.headers);
}
