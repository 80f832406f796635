import type { ActiveConnector, Connector, ConnectorSetup, Delivery, Route, Sound } from '../connector.js';
import { errorFrom, isRefusal, type Refusal } from '../errors.js';
import type { SiteUser } from '../site-user.js';
import { readServerOrigin } from './api.js';
import { apiSecretProblem } from './api-secret.js';
import { readAuthnKey } from './authn-key.js';
import { TalkyardClient } from './client.js';
import {
  type CommentsEmbed,
  type CommentsEmbedder,
  type EmbedPlace,
  prepareCommentsEmbedder,
} from './comments-embed.js';
import { createLogOutRoutes } from './log-out-routes.js';
import { createLoginHandler } from './login-route.js';
import { optionsSchema, readEmbedding, type TalkyardOptions } from './options.js';
import { readUserOptions } from './user.js';
import { createWebhookHandler } from './webhook-route.js';

/** The connector, with what pages that show comments need. */
export interface TalkyardConnector extends Connector {
  /**
   * The comments for one page and one visitor (null: a guest).
   * @throws ForumSsoError `ERR_OPTIONS_INVALID`, `ERR_TALKYARD_KEY_UNUSABLE` when `pasetoSecret` is missing or unusable
   */
  embedComments(user: SiteUser | null, place?: EmbedPlace): CommentsEmbed;
}

/** Talkyard's limit for its setting, less one. */
const ssoUrlLimit = 199;
const pathSecretKind = {
  minimum: 22,
  alphabet: { pattern: /^[A-Za-z0-9_-]+$/, name: 'letters, digits, "_" and "-"' },
} as const;

/**
 * Logs people in to a Talkyard community with their account at the site, and to Talkyard comments embedded in the site's
 * pages. For Talkyard's setting "single sign-on URL": `{baseUrl}/{name}` and
 * `?returnOrigin=${returnToOrigin}&returnPath=${returnToPathQueryHash}`; for "log-out redirect URL":
 * `{baseUrl}/{name}/logged-out`; for the webhook: `{baseUrl}/{name}/webhook/{pathSecret}`.
 */
export function talkyard(options: TalkyardOptions): TalkyardConnector {
  let embedder: CommentsEmbedder | undefined;
  return {
    kind: 'talkyard',
    name: options?.name ?? 'talkyard',
    setUp: (setup) =>
      setUp(options, setup, (made) => {
        embedder = made;
      }),
    embedComments(user, place) {
      if (embedder === undefined) {
        const made = prepareEmbedder(options);
        if (isRefusal(made)) throw errorFrom(made);
        embedder = made;
      }
      return embedder(user, place);
    },
  };
}

function setUp(
  options: TalkyardOptions,
  setup: ConnectorSetup,
  useEmbedder: (embedder: CommentsEmbedder) => void,
): ActiveConnector | null {
  const { sound, whole } = setup.readOptions(optionsSchema(setup.z), options);
  const server = sound.serverUrl === undefined ? null : readServerOrigin(sound.serverUrl);
  if (isRefusal(server)) setup.problem(server.detail);
  checkSecrets(options ?? {}, sound, setup);
  const origin = server === null || isRefusal(server) ? 'https://forum.invalid' : server;
  const embedding = readEmbedding(sound.allowEmbeddingFrom ?? [], origin, setup);
  const { apiSecret, pasetoSecret } = sound;
  const pathSecrets =
    sound.webhook === undefined
      ? null
      : setup.readSecrets(
          sound.webhook.pathSecret,
          "webhook.pathSecret (the end of Talkyard's webhook address)",
          pathSecretKind,
        );
  const key = pasetoSecret === undefined ? undefined : readAuthnKey(pasetoSecret);
  if (isRefusal(key)) setup.problem(`pasetoSecret (TALKYARD_PASETO_SECRET): ${key.detail}`);
  else if (key !== undefined) {
    const embedder = prepareEmbedder({ ...sound, serverUrl: origin }, setup);
    if (isRefusal(embedder)) setup.problem(embedder.detail);
    else if (origin === server) useEmbedder(embedder);
  }
  if (!whole || server === null || isRefusal(server) || embedding === null) return null;
  warnOfLongSsoUrl(setup);
  const { webhook } = options;

  const allowed = { server, embedding };
  const client =
    apiSecret === undefined
      ? null
      : new TalkyardClient({ origin: server, apiSecret, fetch: setup.fetch, timeoutMs: 10_000 });
  const routes: Route[] = [
    {
      method: 'GET',
      path: '',
      caller: 'navigation',
      handle: createLoginHandler(options, allowed, client, setup),
    },
    ...createLogOutRoutes(options, allowed, setup),
  ];
  if (webhook !== undefined && pathSecrets !== null && client !== null) {
    const connector = options.name ?? 'talkyard';
    const parts = { connector, serverOrigin: server, secrets: pathSecrets, client, onHint: webhook.onHint };
    routes.push({
      method: 'POST',
      path: '/webhook/{id}',
      caller: 'machine',
      handle: createWebhookHandler(parts, setup),
    });
  }
  return {
    routes,
    logsInOnPages: key !== undefined,
    push:
      client === null
        ? 'Without apiSecret nothing can be sent to Talkyard; a comment token brings the details of new users.'
        : (user) => push(client, options, user),
    signOut:
      'Talkyard has no way for a site to end the sessions of a person: they end at Talkyard, or on a page without a comment token.',
    suspend:
      'Talkyard has no API to suspend people: do it in its admin pages. The site lets nobody in who is suspended here.',
    remove: 'Talkyard has no API to remove people: do it in its admin pages.',
    restore: 'Talkyard has no API to end a suspension: do it in its admin pages.',
    ...(client === null ? {} : { check: () => checkTalkyard(client) }),
  };
}

/**
 * Reports what is wrong with the secrets, and what is missing for other options.
 * @param given the options as they are: whether one was given, with whatever faults
 */
function checkSecrets(
  given: Partial<TalkyardOptions>,
  { apiSecret, pasetoSecret, embeddedReturn }: Sound<TalkyardOptions>,
  setup: ConnectorSetup,
): void {
  if (given.apiSecret === undefined && given.pasetoSecret === undefined) {
    setup.problem(
      'Set apiSecret (TALKYARD_API_SECRET) for logins, pasetoSecret (TALKYARD_PASETO_SECRET) for embedded comments, or both.',
    );
  }
  if (apiSecret !== undefined) {
    const problem = apiSecretProblem(apiSecret);
    if (problem !== undefined) setup.problem(problem);
    setup.useSecret('apiSecret (TALKYARD_API_SECRET)', apiSecret);
  }
  if (pasetoSecret !== undefined) setup.useSecret('pasetoSecret (TALKYARD_PASETO_SECRET)', pasetoSecret);
  if (embeddedReturn === 'through-talkyard' && given.apiSecret === undefined) {
    setup.problem(
      'embeddedReturn "through-talkyard" needs apiSecret (TALKYARD_API_SECRET): set it, or return "direct".',
    );
  }
  if (given.webhook !== undefined && given.apiSecret === undefined) {
    setup.problem('webhook needs apiSecret (TALKYARD_API_SECRET): what a webhook says is always read back.');
  }
}

async function push(client: TalkyardClient, options: TalkyardOptions, user: SiteUser): Promise<Delivery> {
  const userOptions = readUserOptions(options, user);
  return deliver(isRefusal(userOptions) ? userOptions : await client.upsertUser(user, userOptions));
}

async function checkTalkyard(client: TalkyardClient): Promise<Delivery> {
  const pong = await client.ping();
  return deliver(isRefusal(pong) ? pong : await client.apiSecretInfo());
}

function deliver(result: unknown): Delivery {
  if (!isRefusal(result)) return { done: true };
  const retryAfter =
    'retryAfter' in result && typeof result.retryAfter === 'number' ? result.retryAfter : undefined;
  const slowDown = result.refused === 'ERR_TALKYARD_RATE_LIMITED';
  return {
    done: false,
    refusal: result,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(slowDown ? { slowDown } : {}),
  };
}

function prepareEmbedder(
  options: Pick<
    TalkyardOptions,
    'serverUrl' | 'pasetoSecret' | 'tokenSeconds' | 'deliverBy' | 'ssoHow' | 'extId'
  >,
  setup?: Pick<ConnectorSetup, 'now' | 'randomBytes'>,
): CommentsEmbedder | Refusal {
  const { serverUrl, pasetoSecret = '', tokenSeconds, deliverBy, ssoHow, extId } = options;
  return prepareCommentsEmbedder({
    serverUrl,
    pasetoSecret,
    ...(tokenSeconds === undefined ? {} : { tokenSeconds }),
    ...(deliverBy === undefined ? {} : { deliverBy }),
    ...(ssoHow === undefined ? {} : { ssoHow }),
    ...(extId === undefined ? {} : { extId }),
    ...(setup === undefined ? {} : { now: setup.now, randomBytes: setup.randomBytes }),
  });
}

function warnOfLongSsoUrl(setup: ConnectorSetup): void {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Talkyard's placeholders look like JavaScript's.
  const template = `${setup.routeUrl('')}${'?returnOrigin=${returnToOrigin}&returnPath=${returnToPathQueryHash}'}`;
  if (template.length > ssoUrlLimit) {
    setup.warning(
      `Talkyard takes a single sign-on URL of at most ${ssoUrlLimit} characters, and ours has ${template.length}: shorten baseUrl or name.`,
    );
  }
}
