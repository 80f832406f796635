import type { z } from 'zod';

import type { ConnectorSetup, Sound, Zod } from '../connector.js';
import { isRefusal } from '../errors.js';
import { readPeerUrl } from '../http/site-address.js';
import type { SecretOption, SecretRing } from '../secrets.js';
import { accessTokenProblem } from './api/access-token.js';
import { CoralApi, readCoralOrigin } from './api/coral-api.js';
import type { CoralUserMapping } from './claims.js';
import { defaultTokenSeconds, type TokenSigner, tokenSigner } from './sign-access-token.js';
import { keyIdFault, signingSecretFault } from './signing-secret.js';
import type { CoralEvent } from './webhook.js';

/** Options of {@link coral}. */
export interface CoralOptions extends CoralUserMapping {
  /** Name of the connector, part of its address. Default `coral`; needed when there are several. */
  readonly name?: string | undefined;
  /** Coral's address, `https://comments.example.com`; http on this machine only. */
  readonly coralUrl: string;
  /** The key that Coral shows under Configure > Authentication > Single Sign On, `ssosec_` included. */
  readonly secret: string;
  /** The key's ID, shown beside it. Without it, Coral tries all its keys in turn. */
  readonly kid?: string | undefined;
  /** Life of a token in seconds, at most 900, which is the default. Pages fetch the next one by themselves. */
  readonly expiresIn?: number | undefined;
  /**
   * Origins of pages that may fetch tokens, besides the site's own: `https://news.example.com`. They must be of
   * the same registrable domain as the site, or browsers keep the session's cookie from their requests.
   */
  readonly origins?: readonly string[] | undefined;
  /** Account changes over Coral's API: push, suspend, remove, check. */
  readonly api?: CoralApiAccess | undefined;
  /** Takes Coral's webhooks at `{baseUrl}/{name}/webhook`. */
  readonly webhook?: CoralWebhookOptions | undefined;
}

export interface CoralApiAccess {
  /** A personal access token of an administrator. */
  readonly accessToken: string;
  /** True: `push` also makes accounts for people who never opened a page with comments. Default false. */
  readonly provision?: boolean | undefined;
}

export interface CoralWebhookOptions {
  /** The endpoint's signing secret, `whsec_…`; several while it is being changed, the newest first. */
  readonly secret: SecretOption;
  /**
   * Called once for each event. Coral sends an event only once: what is thrown away here does not come again.
   */
  readonly onEvent: (event: CoralEvent) => void | Promise<void>;
}

/** The options, read and ready for use. */
export interface CoralSettings {
  readonly origin: string;
  readonly secret: string;
  readonly kid: string | undefined;
  readonly expiresIn: number;
  readonly mapping: CoralUserMapping;
  readonly sign: TokenSigner;
  /** Listed origins, the site's own not among them. */
  readonly origins: ReadonlySet<string>;
  readonly api: CoralApi | undefined;
  readonly provision: boolean;
  readonly webhook:
    | { readonly secrets: SecretRing; readonly onEvent: CoralWebhookOptions['onEvent'] }
    | undefined;
}

/** Longest life of a token in seconds: whoever steals one has it no longer than that. */
const tokenLimit = 900;

const secretSetting =
  'secret (CORAL_SSO_SECRET; Coral: Configure > Authentication > Single Sign On, the key)';
const kidSetting = 'kid (CORAL_SSO_KID; Coral: the ID beside that key)';
const accessTokenSetting = 'api.accessToken (CORAL_ACCESS_TOKEN; Coral: a personal access token)';
const webhookSetting =
  'webhook.secret (CORAL_WEBHOOK_SECRET; Coral: Configure > Webhooks, the signing secret)';

/** Reads the options and reports everything that is wrong with them; null when there is a problem. */
export function readCoralOptions(options: CoralOptions, setup: ConnectorSetup): CoralSettings | null {
  const { sound, whole } = setup.readOptions(optionsSchema(setup.z), options);
  let failed = !whole;
  const problem = (sentence: string): void => {
    failed = true;
    setup.problem(sentence);
  };
  const { coralUrl, secret, kid, expiresIn = defaultTokenSeconds, usernames, roles, api } = sound;

  const origin = coralUrl === undefined ? null : readCoralOrigin(coralUrl);
  if (isRefusal(origin)) problem(origin.detail);
  const secretFault = secret === undefined ? null : signingSecretFault(secret, secretSetting);
  if (secretFault !== null) problem(secretFault.detail);
  else if (secret !== undefined) setup.useSecret(secretSetting, secret);
  if (whole || kid !== undefined) checkKeyId(kid, setup, problem);
  const origins = readOrigins(sound.origins ?? [], setup, problem);

  const accessToken = api?.accessToken;
  const tokenProblem = accessToken === undefined ? null : accessTokenProblem(accessToken, accessTokenSetting);
  if (tokenProblem !== null) problem(tokenProblem);
  else if (accessToken !== undefined) setup.useSecret(accessTokenSetting, accessToken);
  const webhook = readWebhook(sound.webhook, setup, problem);

  if (failed || origin === null || isRefusal(origin) || secret === undefined || webhook === null) return null;
  const mapping = {
    ...(usernames === undefined ? {} : { usernames }),
    ...(roles === undefined ? {} : { roles }),
  };
  const sign = tokenSigner({ secret, expiresIn, ...(kid === undefined ? {} : { kid }), ...mapping });
  if (isRefusal(sign)) {
    setup.problem(sign.detail);
    return null;
  }
  return {
    origin,
    secret,
    kid,
    expiresIn,
    mapping,
    sign,
    origins,
    api:
      accessToken === undefined
        ? undefined
        : new CoralApi({ coralUrl: origin, accessToken, fetch: setup.fetch }),
    provision: api?.provision === true,
    webhook,
  };
}

function optionsSchema(zod: Zod): z.ZodType {
  const callback = zod.custom((value) => typeof value === 'function', 'must be a function');
  return zod.strictObject({
    name: zod.string().optional(),
    coralUrl: zod.string(),
    secret: zod.string(),
    kid: zod.string().optional(),
    expiresIn: zod
      .number()
      .int('is a whole number of seconds')
      .min(1, 'is at least 1 second')
      .max(tokenLimit, `is at most ${tokenLimit} seconds: pages fetch the next token by themselves`)
      .optional(),
    usernames: zod.enum(['as-is', 'coral-safe']).optional(),
    roles: zod.union([zod.enum(['coral', 'site']), callback]).optional(),
    origins: zod.array(zod.string()).optional(),
    api: zod.strictObject({ accessToken: zod.string(), provision: zod.boolean().optional() }).optional(),
    // What a secret must be is checked where it is read.
    webhook: zod.strictObject({ secret: zod.unknown(), onEvent: callback }).optional(),
  });
}

function checkKeyId(
  kid: string | undefined,
  setup: ConnectorSetup,
  problem: (sentence: string) => void,
): void {
  if (kid === undefined) {
    setup.warning(
      `${kidSetting} is missing: Coral then tries all its keys in turn. Copy it from beside the key.`,
    );
    return;
  }
  const fault = keyIdFault(kid, kidSetting);
  if (fault !== null) problem(fault.detail);
  else if (!/^[\da-f]{16,20}$/.test(kid)) {
    setup.warning(
      `${kidSetting} is not of the form that Coral makes (16 to 20 hexadecimal digits): compare it.`,
    );
  }
}

function readOrigins(
  texts: readonly string[],
  { address }: ConnectorSetup,
  problem: (sentence: string) => void,
): ReadonlySet<string> {
  const origins = new Set<string>();
  for (const [index, text] of texts.entries()) {
    const url = readPeerUrl(text, `origins[${index}]`);
    if (isRefusal(url)) problem(url.detail);
    else if (url.origin !== text) {
      problem(
        `origins[${index}] must be an origin only, such as ${url.origin}: scheme, host and port, no slash at the end.`,
      );
    } else if (text !== address.origin) origins.add(text);
  }
  return origins;
}

/** Null when a problem was reported. */
function readWebhook(
  options: Sound<CoralWebhookOptions> | undefined,
  setup: ConnectorSetup,
  problem: (sentence: string) => void,
): CoralSettings['webhook'] | null {
  if (options === undefined) return undefined;
  const secrets = setup.readSecrets(options.secret, webhookSetting, { minimum: 70 });
  if (secrets === null) return null;
  if (!secrets.values.every((value) => /^whsec_[\da-f]{64,72}$/.test(value))) {
    problem(`${webhookSetting} must be "whsec_" and 64 to 72 hexadecimal digits: copy the whole text.`);
    return null;
  }
  return options.onEvent === undefined ? null : { secrets, onEvent: options.onEvent };
}
