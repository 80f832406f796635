import type {
  ActiveConnector,
  Connector,
  ConnectorSetup,
  Delivery,
  Exchange,
  Route,
  Sound,
} from '../../connector.js';
import { isForumSsoError, isRefusal, type Refusal, refusal, refusalFrom } from '../../errors.js';
import { addressList } from '../../http/client-ip.js';
import { type ReplyHeader, redirectReply, type SsoReply } from '../../http/reply.js';
import { routePath } from '../../http/routing.js';
import { readPeerUrl } from '../../http/site-address.js';
import { secretKinds } from '../../secrets.js';
import type { ForumSsoStore, Profiles } from '../../store/store.js';
import { DiscourseApi } from '../api/discourse-api.js';
import { type AccountLinking, createAccountLinking } from './accounts.js';
import { type Attempt, createAttemptCookies } from './attempt.js';
import { createForumAccounts } from './forum-accounts.js';
import { writeLoginProfile } from './forum-profile.js';
import type { ForumUser } from './forum-user.js';
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
  const { sound, whole } = setup.readOptions(discourseLoginOptionsSchema(setup.z), options);
  const faults = [...contradictions(options ?? {}, sound), ...missingParts(options ?? {}, setup.store)];
  faults.forEach(setup.problem);
  const forumUrl =
    sound.forumUrl === undefined ? null : readPeerUrl(sound.forumUrl, 'forumUrl (DISCOURSE_URL)');
  if (isRefusal(forumUrl)) setup.problem(forumUrl.detail);
  const secrets = setup.readSecrets(sound.secret, loginSetting, secretKinds.connect);
  const api = readApi(
    sound,
    forumUrl === null || isRefusal(forumUrl) ? 'https://forum.invalid' : forumUrl.href,
    setup,
  );
  const { profiles, locks, oneTime } = setup.store;
  const webhook = readWebhook(sound, setup);
  if (forumUrl === null || isRefusal(forumUrl) || secrets === null || api === null || webhook === null)
    return null;
  if (!whole || faults.length > 0) return null;

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
  const linking = createLinking(options, setup, name);
  const requireTwoFactor = options.requireTwoFactor === true;
  const keepProfile = async (forumUser: ForumUser): Promise<void> => {
    if (profiles === undefined || !keepsPeople(options)) return;
    await writeLoginProfile(profiles, name, linking.exposed(forumUser), now());
  };
  const link = createAccountLink({
    setup,
    name,
    flow,
    linking,
    sealer: setup.createSealer('link'),
    requireTwoFactor,
    confirmPath: routePath(address, name, { path: '/link/confirm' }),
    keepProfile,
  });
  const logout = logoutRoutes({
    setup,
    flow,
    silent,
    canProbe: flavour !== 'wordpress',
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
    keepProfile,
    startPath: routePath(address, name, { path: '/start' }),
  };
  const receiver: readonly Route[] =
    webhook === undefined || profiles === undefined || locks === undefined
      ? []
      : [
          {
            method: 'POST',
            path: '/webhook',
            caller: 'machine',
            handle: createWebhookReceiver({
              ...webhook,
              name,
              createAccounts: options.webhook?.createAccounts === true,
              followLogout: options.logout?.followForum === true,
              forumOrigin: forumUrl.origin,
              linking,
              profiles,
              locks,
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
      // A site without accounts of its own has nothing to link.
      ...(linking.sessionHoldsRights ? [] : link.routes),
      ...logout,
      ...receiver,
    ],
    visit: silent.visit,
    signedOut: async () => [silent.mark('out')],
    signOut:
      api === undefined
        ? 'Without the option api the sessions at the forum cannot be ended from here.'
        : (siteUserId) => logOutAtForum(api, linking, siteUserId),
    remove: (siteUserId) => forgetForumAccount(name, linking, profiles, siteUserId),
    ...(api === undefined || webhook === undefined ? {} : { check: () => readSomebody(api) }),
  };
}

/** Whether anything is stored about people. Without accounts and webhooks all that is known of one is in their session. */
function keepsPeople({ findSiteUser, webhook }: Partial<DiscourseLoginOptions>): boolean {
  return findSiteUser !== undefined || webhook !== undefined;
}

/** What the store would have to keep, one sentence for each part. */
function missingParts(
  options: Partial<DiscourseLoginOptions>,
  { links, profiles, locks }: ForumSsoStore,
): readonly string[] {
  const remedy = 'take these from one that does, such as @forum-sso/sql.';
  if (!keepsPeople(options)) return [];
  const parts = [
    ...(options.findSiteUser !== undefined && links === undefined ? ['no links'] : []),
    ...(profiles === undefined ? ['no profiles'] : []),
    ...(locks === undefined ? ['no locks'] : []),
  ];
  return parts.map((part) => `the store keeps ${part}: ${remedy}`);
}

function createLinking(
  options: DiscourseLoginOptions,
  { readSiteUser, store: { links, locks } }: ConnectorSetup,
  name: string,
): AccountLinking {
  const { findSiteUser, createSiteUser, updateSiteUser } = options;
  const forumConfirmsEmails = options.forumConfirmsEmails === true;
  const exposeName = options.exposeName !== false;
  const own = findSiteUser !== undefined && createSiteUser !== undefined;
  if (!own || links === undefined || locks === undefined) {
    const needed = keepsPeople(options) ? (locks ?? null) : null;
    return createForumAccounts(name, { forumConfirmsEmails, exposeName }, needed, readSiteUser);
  }
  return createAccountLinking({
    name,
    accounts: { findSiteUser, createSiteUser, ...(updateSiteUser === undefined ? {} : { updateSiteUser }) },
    rules: {
      linkBy: options.linkBy ?? [],
      forumConfirmsEmails,
      exposeName,
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
  name: string,
  linking: AccountLinking,
  profiles: Profiles | undefined,
  siteUserId: string,
): Promise<Delivery> {
  const forumUserId = await linking.forumUserOf(siteUserId);
  if (forumUserId === null) return { done: true, notes: ['The person has no account at the forum.'] };
  await profiles?.remove(name, forumUserId);
  await linking.unlink(forumUserId);
  return {
    done: true,
    notes: ['The link to the forum account and what the forum told about it are forgotten here.'],
    byHand: ['The account at the forum belongs to the person, who can have it anonymized there.'],
  };
}

/** The webhook's secret and senders; undefined when no webhooks are wanted, null when the options are wrong. */
function readWebhook(
  { webhook }: Sound<DiscourseLoginOptions>,
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
  { api }: Sound<DiscourseLoginOptions>,
  forumUrl: string,
  setup: ConnectorSetup,
): DiscourseApi | undefined | null {
  if (api === undefined) return undefined;
  if (api.key === undefined) return null;
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
  return deliver(() => api.logOut(forumUserId));
}

/** Whether webhooks can be checked: the key must be able to read people. Every forum has the account -1, "system". */
function readSomebody(api: DiscourseApi): Promise<Delivery> {
  return deliver(() => api.readUser('-1'));
}

async function deliver(call: () => Promise<unknown>): Promise<Delivery> {
  try {
    await call();
    return { done: true };
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    return { done: false, refusal: refusalFrom(error) };
  }
}

interface LoginParts {
  readonly setup: ConnectorSetup;
  readonly flow: LoginFlow;
  readonly silent: SilentLogin;
  readonly linking: AccountLinking;
  readonly link: AccountLink;
  readonly requireTwoFactor: boolean;
  /** Remembers what the forum said. */
  readonly keepProfile: (forumUser: ForumUser) => Promise<void>;
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
  const arrival = await parts.flow.arrive(exchange.request);
  const { headers, attempt } = arrival;
  if (arrival.outcome === 'refused') return refuse(parts, exchange, arrival.refusal, { headers, attempt });
  if (arrival.secretPosition > 0) {
    parts.setup.emit({ type: 'secret.old_used', position: arrival.secretPosition });
  }
  try {
    const result = await conclude(parts, exchange, arrival);
    return isRefusal(result) ? refuse(parts, exchange, result, { headers, attempt }) : result;
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    return refuse(parts, exchange, refusalFrom(error), { headers, attempt });
  }
}

/** What an accepted answer leads to, by what it was asked for. */
async function conclude(
  parts: LoginParts,
  exchange: Exchange,
  arrival: Exclude<Arrival, { outcome: 'refused' }>,
): Promise<SsoReply | Refusal> {
  const { attempt, headers } = arrival;
  if (attempt.purpose === 'logoutCheck') {
    return arrival.outcome === 'user'
      ? redirectReply(attempt.returnPath, headers)
      : signOutHere(parts, exchange, attempt, headers);
  }
  if (arrival.outcome === 'nobody') {
    return attempt.purpose === 'probe'
      ? redirectReply(attempt.returnPath, [...headers, parts.silent.mark('tried')])
      : refusal('ERR_LOGIN_NOBODY', 'The forum answered that nobody is signed in.');
  }
  return attempt.purpose === 'link'
    ? parts.link.confirm(exchange, arrival)
    : signInHere(parts, exchange, arrival);
}

/** The forum says that nobody is signed in there any more: this browser's session ends, and no other. */
async function signOutHere(
  { setup }: LoginParts,
  exchange: Exchange,
  { returnPath }: Attempt,
  headers: readonly ReplyHeader[],
): Promise<SsoReply | Refusal> {
  const user = await exchange.currentUser();
  if (isRefusal(user)) return user;
  const out = await exchange.signOut();
  const all = [...headers, ...out.headers];
  if (out.fault !== undefined) return exchange.refuse(out.fault, { headers: all });
  if (user !== null)
    setup.emit({ type: 'logout.completed', user: setup.pseudonym(user.id), everywhere: false });
  return redirectReply(returnPath, all);
}

/** The forum's person becomes the site's: account, then session. */
async function signInHere(
  { setup, linking, silent, keepProfile }: LoginParts,
  exchange: Exchange,
  { user: forumUser, attempt, headers }: Extract<Arrival, { outcome: 'user' }>,
): Promise<SsoReply | Refusal> {
  const user = await linking.alone(forumUser.id, async () => {
    const account = await linking.signIn(forumUser, 'login');
    if (!isRefusal(account)) await keepProfile(forumUser);
    return account;
  });
  if (isRefusal(user)) return user;
  const signedIn = await exchange.signIn(user);
  if (isRefusal(signedIn)) return signedIn;
  setup.emit({
    type: 'login.completed',
    user: setup.pseudonym(user.id),
    silent: attempt.purpose === 'probe',
  });
  return redirectReply(attempt.returnPath, [...headers, silent.mark('in')]);
}

/**
 * A page that says what happened, with a way to begin anew. Somebody who only opened a page and was looked up at the
 * forum by the way gets that page: the operator hears of it, and the browser, marked when it left, is not sent again.
 */
function refuse(
  { startPath }: LoginParts,
  exchange: Exchange,
  why: Refusal,
  { headers, attempt }: { readonly headers: readonly ReplyHeader[]; readonly attempt: Attempt | undefined },
): SsoReply {
  const purpose = attempt?.purpose ?? 'login';
  const links = purpose === 'login' ? [{ text: 'Sign in again', href: startPath }] : [];
  const page = exchange.refuse(why, { links, headers });
  return attempt?.purpose === 'probe' ? redirectReply(attempt.returnPath, headers) : page;
}
