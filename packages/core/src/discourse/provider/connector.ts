import type { ActiveConnector, Connector, ConnectorSetup, Exchange } from '../../connector.js';
import { isForumSsoError, isRefusal, type Refusal, refusal } from '../../errors.js';
import { redirectReply, type SsoReply } from '../../http/reply.js';
import { readPeerUrl } from '../../http/site-address.js';
import { secretKinds, secretProblems } from '../../secrets.js';
import type { SiteUser } from '../../site-user.js';
import type { DiscourseFields } from '../protocol/fields.js';
import { messageUrl, sealMessage } from '../protocol/message.js';
import { type ApiParts, apiRoutes } from './api-routes.js';
import {
  createClientTable,
  isBroad,
  type ProviderClient,
  type ReadyClient,
  readClientLines,
} from './clients.js';
import { type PersonNumbers, personNumbers } from './numbers.js';
import {
  type DiscourseConnectProviderOptions,
  providerOptionsSchema,
  type WebhookTarget,
} from './options.js';
import { failedAnswer, type TwoFactorState, userAnswer } from './provider-answer.js';
import { type ProviderRequest, readProviderRequest } from './provider-request.js';
import { webhookLife } from './webhook-life.js';
import type { ReadyTarget } from './webhook-sender.js';

const variable = 'DISCOURSE_CONNECT_PROVIDER_SECRETS';

/**
 * The site in the place of a Discourse forum: any DiscourseConnect client, such as MediaWiki or WordPress with their
 * plugins, logs people in with the site's accounts. Its addresses stand where a forum's do, at the site's root.
 */
export function discourseConnectProvider(options: DiscourseConnectProviderOptions): Connector {
  return {
    kind: 'discourse-connect-provider',
    name: options?.name ?? 'discourse-connect-provider',
    setUp: (setup) => setUp(options, setup),
  };
}

function setUp(options: DiscourseConnectProviderOptions, setup: ConnectorSetup): ActiveConnector | null {
  if (!setup.checkOptions(providerOptionsSchema(setup.z), options)) return null;
  const clients = readClients(options, setup);
  const numbers = personNumbers(options, setup.store.numbers);
  if ((options.numberOf === undefined) !== (options.siteUserOf === undefined)) {
    setup.problem('numberOf and siteUserOf belong together: give both, or neither.');
  }
  if (numbers === null) {
    setup.problem(
      'clients know people by whole numbers that are never reused: use a store that keeps them, such as @forum-sso/sql, or give numberOf and siteUserOf.',
    );
  }
  const authority = readAuthority(options, clients ?? [], setup);
  const apiKey = readApiKey(options, setup);
  const targets = readTargets(options, setup);
  if (clients === null || numbers === null || authority === null || apiKey === null || targets === null) {
    return null;
  }

  const name = options.name ?? 'discourse-connect-provider';
  const table = createClientTable(clients);
  const parts: ProviderParts = { setup, options, numbers };
  const life = targets.length === 0 ? undefined : webhookLife({ setup, name, targets, numbers });
  return {
    routes: [
      {
        method: 'GET',
        path: options.path ?? '/session/sso_provider',
        absolute: true,
        caller: 'navigation',
        handle: async (exchange) => {
          const request = readProviderRequest(exchange.query, table, setup.now());
          return isRefusal(request) ? request : answer(parts, exchange, request);
        },
      },
      ...(apiKey === undefined
        ? []
        : apiRoutes({ setup, name, apiKey, numbers, authority, tellLogOut: life?.signOut })),
    ],
    ...life,
  };
}

interface ProviderParts {
  readonly setup: ConnectorSetup;
  readonly options: DiscourseConnectProviderOptions;
  readonly numbers: PersonNumbers;
}

async function answer(
  parts: ProviderParts,
  exchange: Exchange,
  request: ProviderRequest,
): Promise<SsoReply | Refusal> {
  const { setup } = parts;
  if (request.position > 0) setup.emit({ type: 'secret.old_used', position: request.position });
  if (request.logout) {
    // Ended before anything leaves for the client: it may show its page to the next person.
    const { headers, fault } = await exchange.signOut();
    return fault === undefined
      ? redirectReply(request.returnUrl, headers)
      : exchange.refuse(fault, { headers });
  }
  const user = await exchange.currentUser();
  if (isRefusal(user)) return user;
  if (user === null)
    return request.silent ? sendAnswer(request, failedAnswer(request)) : exchange.signInFirst();
  const obstacle = obstacleFor(user);
  if (obstacle !== null) return request.silent ? sendAnswer(request, failedAnswer(request)) : obstacle;

  const twoFactor = await secondFactor(parts, exchange, request, user);
  if (typeof twoFactor !== 'string') return twoFactor;
  const number = await parts.numbers.numberOf(user);
  if (isRefusal(number)) return number;
  setup.emit({ type: 'login.answered', user: setup.pseudonym(user.id) });
  return sendAnswer(request, userAnswer(request, user, number, twoFactor));
}

/** Who may not be vouched for: clients take an address from us for confirmed. */
function obstacleFor(user: SiteUser): Refusal | null {
  if (user.suspended === true)
    return refusal('ERR_USER_SUSPENDED', 'A suspended person tried to log in at a client.');
  if (!user.emailVerified) {
    return refusal(
      'ERR_EMAIL_NOT_VERIFIED',
      'A person without a verified address tried to log in at a client.',
    );
  }
  return null;
}

async function secondFactor(
  { options }: ProviderParts,
  exchange: Exchange,
  request: ProviderRequest,
  user: SiteUser,
): Promise<TwoFactorState | SsoReply | Refusal> {
  if (!request.requireTwoFactor) return 'notAsked';
  if (options.twoFactor === undefined) return 'none';
  const returnPath = exchange.safePath(exchange.request.url);
  if (isRefusal(returnPath)) return returnPath;
  let state: Awaited<ReturnType<NonNullable<typeof options.twoFactor>>>;
  try {
    state = await options.twoFactor(user, returnPath);
  } catch (cause) {
    if (isForumSsoError(cause)) return refusal(cause.code, cause.detail, cause.cause);
    return refusal('ERR_SITE_CALLBACK_FAILED', "The site's twoFactor callback failed.", cause);
  }
  if (state === 'confirmed' || state === 'none') return state;
  // The second factor takes a page, and this request must not show one.
  if (request.silent) return sendAnswer(request, failedAnswer(request));
  const path = exchange.safePath(state.path);
  return isRefusal(path)
    ? refusal('ERR_SITE_CALLBACK_FAILED', `twoFactor returned no path of the site: ${path.detail}`)
    : redirectReply(path);
}

function sendAnswer(request: ProviderRequest, fields: DiscourseFields): SsoReply | Refusal {
  const message = sealMessage(fields, request.key);
  return isRefusal(message) ? message : redirectReply(messageUrl(request.returnUrl, message));
}

/** All clients of the options, checked; null when a problem was reported. */
function readClients(
  options: DiscourseConnectProviderOptions,
  setup: ConnectorSetup,
): readonly ReadyClient[] | null {
  const given: ProviderClient[] = [];
  const lines =
    typeof options.clients === 'string'
      ? [options.clients]
      : options.clients.filter((c) => typeof c === 'string');
  const read = readClientLines(lines.flatMap((text) => text.split(/\r?\n/)));
  if ('problem' in read) setup.problem(`clients (DISCOURSE_CONNECT_PROVIDER_SECRETS): ${read.problem}`);
  else given.push(...read);
  if (typeof options.clients !== 'string')
    given.push(...options.clients.filter((c) => typeof c !== 'string'));
  if (given.length === 0)
    setup.problem('clients (DISCOURSE_CONNECT_PROVIDER_SECRETS) is empty: nobody could log in.');

  const shared = sharedSecrets(read);
  if (shared.size > 0) {
    setup.warning(
      'clients: lines of different domains have the same secret. Give each client its own, so that none can speak for another.',
    );
  }
  const ready: ReadyClient[] = [];
  for (const client of given) {
    if (isBroad(client.domain) && options.allowBroadWildcard !== true) {
      setup.problem(
        `clients: "${client.domain}" matches hosts of strangers as well: name the hosts, or set allowBroadWildcard if all of them share the secret.`,
      );
    }
    // Pasted lines may share a secret; between any other two uses that is an error.
    const isShared =
      Array.isArray(client.secret) &&
      client.secret.some((secret) => typeof secret === 'string' && shared.has(secret));
    const secrets = setup.readSecrets(
      client.secret,
      isShared ? `clients (${variable})` : `the secret of the client "${client.domain}" (${variable})`,
      secretKinds.connect,
    );
    const returnUrls = readReturnUrls(client, setup);
    if (secrets !== null) ready.push({ domain: client.domain, secrets, returnUrls });
  }
  return ready.length > 0 && ready.length === given.length ? ready : null;
}

/** Secrets that stand in lines of more than one domain. */
function sharedSecrets(
  clients: readonly ProviderClient[] | { readonly problem: string },
): ReadonlySet<unknown> {
  const seen = new Set<unknown>();
  const shared = new Set<unknown>();
  for (const { secret } of 'problem' in clients ? [] : clients) {
    for (const one of new Set<unknown>(Array.isArray(secret) ? secret : [secret]))
      (seen.has(one) ? shared : seen).add(one);
  }
  return shared;
}

function readReturnUrls(
  { domain, returnUrls }: ProviderClient,
  setup: ConnectorSetup,
): ReadonlySet<string> | null {
  if (returnUrls === undefined) return null;
  const allowed = new Set<string>();
  for (const text of returnUrls) {
    const url = readPeerUrl(text, `returnUrls of the client "${domain}"`);
    if (isRefusal(url)) setup.problem(url.detail);
    else allowed.add(url.origin + url.pathname);
  }
  return allowed;
}

function readAuthority(
  { authority, apiKey }: DiscourseConnectProviderOptions,
  clients: readonly ReadyClient[],
  setup: ConnectorSetup,
): ApiParts['authority'] | null {
  if (authority === undefined) return undefined;
  const client = clients.find(({ domain }) => domain === authority.domain);
  if (client === undefined) setup.problem(`authority: "${authority.domain}" is not the domain of a client.`);
  if (apiKey === undefined) setup.problem('authority needs apiKey (DISCOURSE_API_KEY), with which it calls.');
  if (setup.store.links === undefined)
    setup.problem('authority needs a store that keeps links, such as @forum-sso/sql.');
  return client === undefined || apiKey === undefined || setup.store.links === undefined
    ? null
    : { client, rules: authority };
}

/** Undefined when there is to be no API, null when a problem was reported. */
function readApiKey(
  { apiKey }: DiscourseConnectProviderOptions,
  setup: ConnectorSetup,
): string | undefined | null {
  if (apiKey === undefined) return undefined;
  const setting = 'apiKey (DISCOURSE_API_KEY)';
  const problems = secretProblems(apiKey, secretKinds.inboundApiKey);
  for (const problem of problems) setup.problem(`${setting} ${problem}`);
  setup.useSecret(setting, apiKey);
  return problems.length === 0 ? apiKey : null;
}

/** The clients that get webhooks; null when a problem was reported. */
function readTargets(
  { webhooks = [] }: DiscourseConnectProviderOptions,
  setup: ConnectorSetup,
): readonly ReadyTarget[] | null {
  const ready: ReadyTarget[] = [];
  for (const given of webhooks) {
    const { url: text, secret, events } = typeof given === 'string' ? targetLine(given) : given;
    const setting = 'webhooks (WEBHOOK_TARGETS)';
    // It may have a query: a receiver is often a page with a parameter.
    const url = readPeerUrl(text.split('?')[0] ?? '', `${setting}: the address`);
    if (isRefusal(url)) setup.problem(url.detail);
    const secrets = setup.readSecrets(secret, `the secret in ${setting}`, secretKinds.webhook);
    if (secrets !== null && !isRefusal(url)) {
      ready.push({ url: text, secrets, events: events === undefined ? null : new Set(events) });
    }
  }
  return ready.length === webhooks.length ? ready : null;
}

/** `url|secret`; an address holds no bar. */
function targetLine(line: string): WebhookTarget {
  const bar = line.indexOf('|');
  return bar === -1
    ? { url: line, secret: '' }
    : { url: line.slice(0, bar).trim(), secret: line.slice(bar + 1) };
}
