import type { ActiveConnector, Connector, ConnectorSetup, Exchange, Sound } from '../../connector.js';
import { isRefusal, type Refusal, refusal, refusalForThrown } from '../../errors.js';
import { redirectReply, type SsoReply } from '../../http/reply.js';
import type { SiteUser } from '../../site-user.js';
import type { DiscourseFields } from '../protocol/fields.js';
import { messageUrl, sealMessage } from '../protocol/message.js';
import { type ApiKeys, readApiKeys } from './api-keys.js';
import { type ApiParts, apiRoutes } from './api-routes.js';
import { readClients } from './client-options.js';
import { clientPerson } from './client-person.js';
import { createClientTable, type ReadyClient } from './clients.js';
import { type PersonNumbers, personNumbers } from './numbers.js';
import { type DiscourseConnectProviderOptions, providerOptionsSchema } from './options.js';
import { failedAnswer, type TwoFactorState, userAnswer } from './provider-answer.js';
import { type ProviderRequest, readProviderRequest } from './provider-request.js';
import { type WebhookLife, webhookLife } from './webhook-life.js';
import { readTargets } from './webhook-targets.js';

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
  const { sound, whole } = setup.readOptions(providerOptionsSchema(setup.z), options);
  // Whether one was given, with whatever faults.
  const given: Partial<DiscourseConnectProviderOptions> = options ?? {};
  const list = sound.clients ?? [];
  const clients = !whole && list.length === 0 ? null : readClients({ ...sound, clients: list }, setup);
  const numbers = personNumbers(given, setup.store.numbers);
  if ((given.numberOf === undefined) !== (given.siteUserOf === undefined)) {
    setup.problem('numberOf and siteUserOf belong together: give both, or neither.');
  }
  if (numbers === null) {
    setup.problem(
      'clients know people by whole numbers that are never reused: use a store that keeps them, such as @forum-sso/sql, or give numberOf and siteUserOf.',
    );
  }
  const keys = readApiKeys({ ...sound, clients: list }, setup);
  const authority = readAuthority(sound.authority, clients, keys, setup);
  const targets = readTargets(sound, setup);
  if (clients === null || numbers === null || authority === null || keys === null || targets === null) {
    return null;
  }
  if (!whole) return null;

  const name = options.name ?? 'discourse-connect-provider';
  const table = createClientTable(clients);
  const webhooks = targets.map((target) => webhookLife({ setup, name, target, numbers }));
  const parts: ProviderParts = { setup, options, numbers, webhooks };
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
      ...(keys === undefined ? [] : apiRoutes({ setup, name, keys, numbers, authority })),
    ],
    others: webhooks.map(({ deliverer }) => deliverer),
  };
}

interface ProviderParts {
  readonly setup: ConnectorSetup;
  readonly options: DiscourseConnectProviderOptions;
  readonly numbers: PersonNumbers;
  readonly webhooks: readonly WebhookLife[];
}

async function answer(
  parts: ProviderParts,
  exchange: Exchange,
  request: ProviderRequest,
): Promise<SsoReply | Refusal> {
  const { setup } = parts;
  if (request.position > 0) setup.emit({ type: 'secret.old_used', position: request.position });
  if (request.logout) return logOut(setup, exchange, request);
  const reply = await answerAboutPerson(parts, exchange, request);
  if (!request.silent || !isRefusal(reply)) return reply;
  // It must not end on a page, whatever is the matter; the operator hears of it all the same.
  exchange.refuse(reply, {});
  return sendAnswer(request, failedAnswer(request));
}

async function answerAboutPerson(
  parts: ProviderParts,
  exchange: Exchange,
  request: ProviderRequest,
): Promise<SsoReply | Refusal> {
  const user = await exchange.currentUser();
  if (isRefusal(user)) return user;
  if (user === null)
    return request.silent ? sendAnswer(request, failedAnswer(request)) : exchange.signInFirst();
  const obstacle = obstacleFor(user);
  if (obstacle !== null) return obstacle;

  const twoFactor = await secondFactor(parts, exchange, request, user);
  if (typeof twoFactor !== 'string') return twoFactor;
  const number = await parts.numbers.numberOf(user);
  if (isRefusal(number)) return number;
  const { setup, webhooks } = parts;
  const person = clientPerson(user, number);
  setup.emit({ type: 'login.answered', user: setup.pseudonym(user.id) });
  // No login waits for it or fails with it: the client would hear what it knows, at worst.
  for (const one of webhooks) one.loginAnswered(request.returnUrl, user.id, person).catch(() => {});
  return sendAnswer(request, userAnswer(request, person, twoFactor));
}

/** Ends the session before anything leaves for the client: it may show its page to the next person. */
async function logOut(
  setup: ConnectorSetup,
  exchange: Exchange,
  request: ProviderRequest,
): Promise<SsoReply | Refusal> {
  const user = await exchange.currentUser();
  const { headers, fault } = await exchange.signOut();
  if (fault !== undefined) return exchange.refuse(fault, { headers });
  if (user !== null && !isRefusal(user)) {
    setup.emit({ type: 'logout.completed', user: setup.pseudonym(user.id), everywhere: false });
  }
  return redirectReply(request.returnUrl, headers);
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
    return refusalForThrown(cause, 'ERR_SITE_CALLBACK_FAILED', "The site's twoFactor callback failed.");
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

/** @param clients null, like `keys`, when there are problems with them already */
function readAuthority(
  authority: Sound<DiscourseConnectProviderOptions>['authority'],
  clients: readonly ReadyClient[] | null,
  keys: ApiKeys | undefined | null,
  setup: ConnectorSetup,
): ApiParts['authority'] | null {
  if (authority === undefined) return undefined;
  const { domain, applyUser, ...flags } = authority;
  const client = clients?.find((one) => one.domain === domain);
  if (clients !== null && domain !== undefined && client === undefined)
    setup.problem(`authority: "${domain}" is not the domain of a client.`);
  if (keys === undefined) setup.problem('authority needs apiKey (DISCOURSE_API_KEY), with which it calls.');
  const keepsPeople = setup.store.links !== undefined && setup.store.locks !== undefined;
  if (!keepsPeople)
    setup.problem('authority needs a store that keeps links and locks, such as @forum-sso/sql.');
  if (client === undefined || domain === undefined || applyUser === undefined) return null;
  return keys === undefined || !keepsPeople ? null : { client, rules: { domain, applyUser, ...flags } };
}
