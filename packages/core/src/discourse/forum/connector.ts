import type { z } from 'zod';

import type { ActiveConnector, Connector, ConnectorSetup, Exchange, Sound, Zod } from '../../connector.js';
import { isForumSsoError, isRefusal, type Refusal, refusal } from '../../errors.js';
import { redirectReply, type SsoReply } from '../../http/reply.js';
import { readPeerUrl } from '../../http/site-address.js';
import { type SecretOption, secretKinds } from '../../secrets.js';
import type { SiteUser } from '../../site-user.js';
import { DiscourseApi } from '../api/discourse-api.js';
import { sealedMessageUrl } from '../protocol/message.js';
import { accountLife, type ForumApi, loginOnly, type RemovalMode } from './account-life.js';
import { readLoginRequest } from './login-request.js';
import { redirectLimit, sealSlimAnswer } from './slim-answer.js';
import {
  externalIdOf,
  type FieldsDraft,
  type GroupsOption,
  groupNameProblem,
  type UserFieldsMapper,
  userFields,
} from './user-fields.js';

/** Options of {@link discourse}. */
export interface DiscourseOptions {
  /** Name of the connector, part of its address. Default `discourse`; needed when there are several forums. */
  readonly name?: string | undefined;
  /** The forum's base URL, e.g. `https://forum.example.com`. */
  readonly forumUrl: string;
  /** The forum's "discourse connect secret"; several while it is being changed, the newest first. */
  readonly secret: SecretOption;
  /** Which of the forum's groups follow the site. Default: none. */
  readonly groups?: GroupsOption | undefined;
  /**
   * Changes what is sent about a person. Called with the fields made from the user; returns those to send. The nonce
   * is added afterwards, and an address that is not verified is always marked so; another address than the user's as
   * well, unless the fields say `requireActivation: false`. A throw refuses the login, and so do another `externalId` and,
   * in mode `exact`, `groups` left out.
   */
  readonly mapUser?: UserFieldsMapper | undefined;
  /**
   * Makes the id under which the forum knows a person of the site's id; always the same of the same, and of no other.
   * Default: it is the site's id itself.
   */
  readonly externalId?: ((siteUserId: string) => string) | undefined;
  /** An API key of an admin of the forum: for pushes, log-out, suspension and removal. */
  readonly api?:
    | {
        readonly key: string;
        /** The user name that the key acts as. Default `system`. */
        readonly user?: string | undefined;
        /**
         * How many API calls a minute the forum takes from all keys together (its setting `max_admin_api_reqs_per_minute`).
         * Default 60; the push queue stays just below.
         */
        readonly callsPerMinute?: number | undefined;
      }
    | undefined;
  /** What `forumSso.remove` does at the forum. Default `anonymize`, which keeps the posts. */
  readonly removal?: RemovalMode | undefined;
}

const setting = 'secret (DISCOURSE_CONNECT_SECRET; Discourse: "discourse connect secret")';

/**
 * Logs people in to a Discourse forum with their account at the site (DiscourseConnect, the site as provider). The
 * address for the forum's setting "discourse connect url" is `{baseUrl}/{name}`.
 */
export function discourse(options: DiscourseOptions): Connector {
  return { kind: 'discourse', name: options?.name ?? 'discourse', setUp: (setup) => setUp(options, setup) };
}

function optionsSchema(zod: Zod): z.ZodType {
  const names = zod.array(
    zod.string().superRefine((name, context) => {
      const problem = groupNameProblem(name);
      if (problem !== null) context.addIssue({ code: 'custom', message: problem });
    }),
  );
  return zod.strictObject({
    name: zod.string().optional(),
    forumUrl: zod.string(),
    // What a secret must be is checked where it is read.
    secret: zod.unknown().optional(),
    groups: zod
      .discriminatedUnion('mode', [
        zod.strictObject({ mode: zod.literal('exact') }),
        zod.strictObject({ mode: zod.literal('managed'), names: names.min(1) }),
      ])
      .optional(),
    api: zod
      .strictObject({
        key: zod.string(),
        user: zod.string().optional(),
        callsPerMinute: zod.number().int().min(1).max(100_000).optional(),
      })
      .optional(),
    removal: zod.enum(['anonymize', 'delete']).optional(),
    mapUser: zod.custom((value) => typeof value === 'function', 'must be a function').optional(),
    externalId: zod.custom((value) => typeof value === 'function', 'must be a function').optional(),
  });
}

function setUp(options: DiscourseOptions, setup: ConnectorSetup): ActiveConnector | null {
  const { sound, whole } = setup.readOptions(optionsSchema(setup.z), options);
  const forumUrl =
    sound.forumUrl === undefined ? null : readPeerUrl(sound.forumUrl, 'forumUrl (DISCOURSE_URL)');
  if (isRefusal(forumUrl)) setup.problem(forumUrl.detail);
  const secrets = setup.readSecrets(sound.secret, setting, secretKinds.connect);
  const forumApi = readApi(
    sound,
    {
      forumUrl: forumUrl === null || isRefusal(forumUrl) ? 'https://forum.invalid' : forumUrl.href,
      connectSecret: secrets === null ? undefined : lastingSecret(options.secret),
    },
    setup,
  );
  if (!whole || forumUrl === null || isRefusal(forumUrl) || secrets === null || forumApi === null)
    return null;

  const returnUrl = new URL(`${forumUrl.href.replace(/\/+$/, '')}/session/sso_login`);

  const answerLogin = async (exchange: Exchange): Promise<SsoReply | Refusal> => {
    const request = readLoginRequest(exchange.query, secrets.keysAt(setup.now), returnUrl);
    if (isRefusal(request)) return request;

    const user = await exchange.currentUser();
    if (user === null) return exchange.signInFirst();
    if (isRefusal(user)) return user;
    if (user.suspended === true) {
      return refusal('ERR_USER_SUSPENDED', 'A suspended person tried to go to the forum.');
    }
    const fields = mapFields(user);
    if (isRefusal(fields)) return fields;
    fields.nonce = request.nonce;
    const answer = sealSlimAnswer(fields, request.key);
    if (isRefusal(answer)) return answer;

    if (request.position > 0) setup.emit({ type: 'secret.old_used', position: request.position });
    if (answer.fullLength > redirectLimit) {
      const { leftOut, fullLength: length } = answer;
      const pushed = leftOut.length > 0 && forumApi !== undefined && (await setup.pushLater(user.id));
      setup.emit({ type: 'login.slimmed', user: setup.pseudonym(user.id), leftOut, length, pushed });
    }
    setup.emit({ type: 'login.answered', user: setup.pseudonym(user.id) });
    return redirectReply(sealedMessageUrl(returnUrl.href, answer.message));
  };

  const mapFields = (user: SiteUser): FieldsDraft | Refusal => {
    try {
      return userFields(user, options);
    } catch (cause) {
      return refusal('ERR_SITE_CALLBACK_FAILED', "The site's mapUser failed.", cause);
    }
  };

  return {
    routes: [{ method: 'GET', path: '', caller: 'navigation', handle: answerLogin }],
    ...(forumApi === undefined
      ? loginOnly
      : accountLife(forumApi, {
          removal: options.removal ?? 'anonymize',
          callsPerMinute: options.api?.callsPerMinute ?? 60,
          fieldsOf: mapFields,
          externalIdOf: (siteUserId) => externalIdOf(siteUserId, options.externalId),
        })),
  };
}

/** The API client in the forum's mode for groups; undefined when there is no key, null when the options are wrong. */
function readApi(
  { api, groups }: Sound<DiscourseOptions>,
  { forumUrl, connectSecret }: { readonly forumUrl: string; readonly connectSecret: string | undefined },
  setup: ConnectorSetup,
): ForumApi | undefined | null {
  if (api === undefined) return undefined;
  if (api.key === undefined) return null;
  setup.useSecret('api.key (DISCOURSE_ADMIN_API_KEY)', api.key);
  const options = {
    forumUrl,
    apiKey: api.key,
    ...(connectSecret === undefined ? {} : { connectSecret }),
    fetch: setup.fetch,
    ...(api.user === undefined ? {} : { apiUser: api.user }),
  };
  try {
    return groups?.mode === 'exact'
      ? { mode: 'exact', api: new DiscourseApi({ ...options, groupsMode: 'exact' }) }
      : { mode: 'managed', api: new DiscourseApi({ ...options, groupsMode: 'managed' }) };
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    setup.problem(error.detail);
    return null;
  }
}

/** Signs what nobody asked for: the newest that is not on its way out. There always is one. */
function lastingSecret(option: SecretOption): string | undefined {
  if (typeof option === 'string') return option;
  const lasting = option.find((item) => typeof item === 'string' || item.until === undefined);
  return typeof lasting === 'object' ? lasting.secret : lasting;
}
