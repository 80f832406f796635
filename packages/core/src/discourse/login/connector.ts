import type {
  ActiveConnector,
  Connector,
  ConnectorSetup,
  Delivery,
  Exchange,
  Route,
} from '../../connector.js';
import { isForumSsoError, isRefusal, type Refusal, refusal } from '../../errors.js';
import { addressList } from '../../http/client-ip.js';
import { type ReplyHeader, redirectReply, type SsoReply } from '../../http/reply.js';
import { routePath } from '../../http/routing.js';
import { readPeerUrl } from '../../http/site-address.js';
import { secretKinds } from '../../secrets.js';
import type { Links, Locks, Profiles } from '../../store/store.js';
import { DiscourseApi } from '../api/discourse-api.js';
import { type AccountLinking, createAccountLinking } from './accounts.js';
import { createAttemptCookies } from './attempt.js';
import { createForumAccounts } from './forum-accounts.js';
import { type AccountLink, createAccountLink } from './link-account.js';
import { type Arrival, createLoginFlow, type LoginFlow } from './login-flow.js';
import { logoutRoutes } from './logout.js';
import { contradictions, type DiscourseLoginOptions, discourseLoginOptionsSchema } from './options.js';
import { createSilentLogin, type SilentLogin } from './silent-login.js';
import { createWebhookReceiver, type WebhookParts } from './webhooks.js';

const loginSetting =
  'secret (DISCOURSE_LOGIN_SECRET; Discourse: the line of this site in "discourse connect provider secrets")';
const webhookSetting = 'webhook.secret (DISCOURSE_WEBHOOK_SECRET; Discourse: the secret of the webhook)';

/**
 * Signs people in to the site with their account at a Discourse forum (DiscourseConnect, the forum as provider).
 *
 * Without `findSiteUser` and `createSiteUser` the site has no accounts of its own: the person is the forum's, with the
 * id `{name}:{forum id}`, and lives in the session alone.
 */
export function discourseLogin(options: DiscourseLoginOptions): Connector {
  return {
    kind: 'discourse-login',
    name: options?.name ?? 'discourse-login',
    setUp: (setup) => setUp(options, setup),
  };
}

function setUp(options: DiscourseLoginOptions, setup: ConnectorSetup): ActiveConnector | null {
  if (!setup.checkOptions(discourseLoginOptionsSchema(setup.z), options)) return null;
  const faults = contradictions(options);
  faults.forEach(setup.problem);
  const forumUrl = readPeerUrl(options.forumUrl, 'forumUrl (DISCOURSE_URL)');
  if (isRefusal(forumUrl)) setup.problem(forumUrl.detail);
  const secrets = setup.readSecrets(options.secret, loginSetting, secretKinds.connect);
  const api = readApi(options, setup);
  const { links, profiles, locks, oneTime } = setup.store;
  if (links === undefined || profiles === undefined || locks === undefined) {
    setup.problem('the store keeps no links: use one that does, such as @forum-sso/sql.');
    return null;
  }
  const webhook = readWebhook(options, setup);
  if (isRefusal(forumUrl) || secrets === null || api === null || webhook === null || faults.length > 0)
    return null;

  const name = options.name ?? 'discourse-login';
  const base = forumUrl.href.replace(/\/+$/, '');
  const flavour = options.flavour ?? 'discourse';
  // WordPress answers to its one configured address, whatever the request says.
  const callback = {
    path: flavour === 'wordpress' ? '/session/sso_login' : '/callback',
    absolute: flavour === 'wordpress',
  };
  const { now, address } = setup;
  const flow = createLoginFlow({
    name,
    providerUrl: base + (options.providerPath ?? (flavour === 'wordpress' ? '/' : '/session/sso_provider')),
    callbackUrl: address.origin + routePath(address, name, callback),
    flavour,
    secrets,
    cookies: createAttemptCookies(address, name, setup.createSealer('attempt'), now),
    oneTime,
    now,
    randomBytes: setup.randomBytes,
  });
  const silent = createSilentLogin({
    name,
    address,
    flow,
    seamless: options.seamlessLogin === true,
    relogin: options.autoRelogin === true,
    exceptPaths: [setup.signInPath],
  });
  const linking = createLinking(options, setup, name, links, locks);
  const requireTwoFactor = options.requireTwoFactor === true;
  const link = createAccountLink({
    setup,
    name,
    flow,
    linking,
    sealer: setup.createSealer('link'),
    requireTwoFactor,
    forumOrigin: forumUrl.origin,
    confirmPath: routePath(address, name, { path: '/link/confirm' }),
  });
  const logout = logoutRoutes({
    setup,
    flow,
    silent,
    api,
    offerEverywhere: options.logout?.offerEverywhere === true,
    forwardToForum: options.logout?.forwardToForum === true,
    forumOrigin: forumUrl.origin,
    path: routePath(address, name, { path: '/logout' }),
    forumUserOf: linking.forumUserOf,
  });
  const login: LoginParts = {
    setup,
    flow,
    silent,
    linking,
    link,
    requireTwoFactor,
    startPath: routePath(address, name, { path: '/start' }),
  };
  const receiver: readonly Route[] =
    webhook === undefined
      ? []
      : [
          {
            method: 'POST',
            path: '/webhook',
            caller: 'machine',
            handle: createWebhookReceiver({
              ...webhook,
              name,
              followLogout: options.logout?.followForum === true,
              linking,
              links,
              profiles,
              oneTime,
              api,
              endSessions: setup.endSessions,
              emit: setup.emit,
              now,
            }),
          },
        ];
  return {
    routes: [
      { method: 'GET', path: '/start', caller: 'navigation', handle: (exchange) => start(login, exchange) },
      {
        method: 'GET',
        ...callback,
        caller: 'navigation',
        handle: (exchange) => arrive(login, exchange),
      },
      ...link.routes,
      ...logout,
      ...receiver,
    ],
    visit: silent.visit,
    signOut:
      api === undefined
        ? 'Without the option api the sessions at the forum cannot be ended from here.'
        : (siteUserId) => logOutAtForum(api, linking, siteUserId),
    remove: (siteUserId) => forgetForumAccount({ name, linking, links, profiles }, siteUserId),
  };
}

function createLinking(
  options: DiscourseLoginOptions,
  { readSiteUser }: ConnectorSetup,
  name: string,
  links: Links,
  locks: Locks,
): AccountLinking {
  const { findSiteUser, createSiteUser, updateSiteUser } = options;
  const forumConfirmsEmails = options.forumConfirmsEmails === true;
  if (findSiteUser === undefined || createSiteUser === undefined) {
    return createForumAccounts(name, forumConfirmsEmails, locks, readSiteUser);
  }
  return createAccountLinking({
    name,
    accounts: { findSiteUser, createSiteUser, ...(updateSiteUser === undefined ? {} : { updateSiteUser }) },
    rules: {
      linkBy: options.linkBy ?? [],
      forumConfirmsEmails,
      exposeName: options.exposeName !== false,
      exposeEmail: options.exposeEmail !== false,
      groupMap: options.groupMap ?? {},
    },
    links,
    locks,
    readSiteUser,
  });
}

/** Forgets what the site knows of a person's forum account. The account itself is not the site's. */
async function forgetForumAccount(
  {
    name,
    linking,
    links,
    profiles,
  }: {
    readonly name: string;
    readonly linking: AccountLinking;
    readonly links: Links;
    readonly profiles: Profiles;
  },
  siteUserId: string,
): Promise<Delivery> {
  const forumUserId = await linking.forumUserOf(siteUserId);
  if (forumUserId === null) return { done: true, notes: ['The person has no account at the forum.'] };
  await profiles.remove(name, forumUserId);
  await links.unlink(name, forumUserId);
  return {
    done: true,
    notes: ['The link to the forum account and what the forum told about it are forgotten here.'],
    byHand: ['The account at the forum belongs to the person, who can have it anonymized there.'],
  };
}

/** The webhook's secret and senders; undefined when no webhooks are wanted, null when the options are wrong. */
function readWebhook(
  { webhook }: DiscourseLoginOptions,
  setup: ConnectorSetup,
): Pick<WebhookParts, 'secrets' | 'allowedIps' | 'ignoredEvents'> | undefined | null {
  if (webhook === undefined) return undefined;
  const secrets = setup.readSecrets(webhook.secret, webhookSetting, secretKinds.webhook);
  const allowedIps = addressList(webhook.allowedIps ?? []);
  if ('invalid' in allowedIps) {
    setup.problem(`webhook.allowedIps: "${allowedIps.invalid}" is neither an address nor a CIDR range.`);
  }
  if (secrets === null || 'invalid' in allowedIps) return null;
  return {
    secrets,
    allowedIps: webhook.allowedIps === undefined ? null : allowedIps,
    ignoredEvents: new Set(webhook.ignoredEvents ?? ['user_created']),
  };
}

/** The API client; undefined when it is not wanted, null when its options are wrong. */
function readApi(
  { forumUrl, api }: DiscourseLoginOptions,
  setup: ConnectorSetup,
): DiscourseApi | undefined | null {
  if (api === undefined) return undefined;
  try {
    setup.useSecret('api.key (DISCOURSE_ADMIN_API_KEY)', api.key);
    return new DiscourseApi({
      forumUrl,
      apiKey: api.key,
      fetch: setup.fetch,
      ...(api.user === undefined ? {} : { apiUser: api.user }),
      ...(api.logOutPath === undefined ? {} : { logOutPath: api.logOutPath }),
    });
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    setup.problem(error.detail);
    return null;
  }
}

async function logOutAtForum(
  api: DiscourseApi,
  linking: AccountLinking,
  siteUserId: string,
): Promise<Delivery> {
  const forumUserId = await linking.forumUserOf(siteUserId);
  if (forumUserId === null) return { done: true, notes: ['The person has no linked forum account.'] };
  try {
    await api.logOut(forumUserId);
    return { done: true };
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    return { done: false, refusal: refusal(error.code, error.detail, error.cause) };
  }
}

interface LoginParts {
  readonly setup: ConnectorSetup;
  readonly flow: LoginFlow;
  readonly silent: SilentLogin;
  readonly linking: AccountLinking;
  readonly link: AccountLink;
  readonly requireTwoFactor: boolean;
  /** Path of the start route on this site. */
  readonly startPath: string;
}

async function start(
  { flow, requireTwoFactor }: LoginParts,
  exchange: Exchange,
): Promise<SsoReply | Refusal> {
  const returnPath = exchange.returnPath();
  if (isRefusal(returnPath)) return returnPath;
  const departure = await flow.depart(exchange.request, { purpose: 'login', returnPath, requireTwoFactor });
  return isRefusal(departure) ? departure : redirectReply(departure.location, departure.headers);
}

async function arrive(parts: LoginParts, exchange: Exchange): Promise<SsoReply | Refusal> {
  const { silent, setup } = parts;
  const arrival = await parts.flow.arrive(exchange.request);
  if (arrival.outcome === 'refused') return refuse(parts, exchange, arrival.refusal, arrival.headers);
  const { attempt, headers } = arrival;

  if (attempt.purpose === 'logoutCheck') {
    if (arrival.outcome === 'user') return redirectReply(attempt.returnPath, headers);
    const user = await exchange.currentUser();
    if (isRefusal(user)) return user;
    await exchange.session.signOut();
    if (user !== null)
      setup.emit({ type: 'logout.completed', user: setup.pseudonym(user.id), everywhere: false });
    return redirectReply(attempt.returnPath, [...headers, silent.mark('out')]);
  }
  if (arrival.outcome === 'nobody') {
    return attempt.purpose === 'probe'
      ? redirectReply(attempt.returnPath, [...headers, silent.mark('tried')])
      : refuse(
          parts,
          exchange,
          refusal('ERR_LOGIN_NOBODY', 'The forum answered that nobody is signed in.'),
          headers,
        );
  }
  return attempt.purpose === 'link'
    ? parts.link.confirm(exchange, arrival)
    : finish(parts, exchange, arrival);
}

/** The forum's person becomes the site's: account, then session. */
async function finish(
  parts: LoginParts,
  exchange: Exchange,
  { user: forumUser, attempt, headers }: Extract<Arrival, { outcome: 'user' }>,
): Promise<SsoReply | Refusal> {
  const { setup, linking, silent } = parts;
  const user = await linking.alone(forumUser.id, () => linking.signIn(forumUser));
  if (isRefusal(user)) return refuse(parts, exchange, user, headers);
  if (user.suspended === true) {
    return refuse(
      parts,
      exchange,
      refusal('ERR_USER_SUSPENDED', 'A suspended person tried to sign in.'),
      headers,
    );
  }
  try {
    await exchange.session.signIn(user);
  } catch (cause) {
    const why = isForumSsoError(cause)
      ? refusal(cause.code, cause.detail, cause.cause)
      : refusal('ERR_SITE_CALLBACK_FAILED', "The site's signIn callback failed.", cause);
    return refuse(parts, exchange, why, headers);
  }
  setup.emit({
    type: 'login.completed',
    user: setup.pseudonym(user.id),
    silent: attempt.purpose === 'probe',
  });
  return redirectReply(attempt.returnPath, [...headers, silent.mark('in')]);
}

/** A page that says what happened, with a way to begin anew. */
function refuse(
  { startPath }: LoginParts,
  exchange: Exchange,
  why: Refusal,
  headers: readonly ReplyHeader[],
): SsoReply {
  return exchange.refuse(why, { links: [{ text: 'Sign in again', href: startPath }], headers });
}
