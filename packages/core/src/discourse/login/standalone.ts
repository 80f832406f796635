import { randomBytes as nodeRandomBytes } from 'node:crypto';

import { ForumSsoError, isRefusal } from '../../errors.js';
import { readPeerUrl, readSiteAddress } from '../../http/site-address.js';
import { readKeyRing } from '../../keys/key-ring.js';
import { prepareSecrets, type SecretOption, secretKinds } from '../../secrets.js';
import { createSealer } from '../../session/sealer.js';
import { guardStore, tellWarning } from '../../store/guarded-store.js';
import { memoryStore } from '../../store/memory-store.js';
import type { ForumSsoStore } from '../../store/store.js';
import type { ForumFlavour } from '../protocol/flavour.js';
import { createAttemptCookies } from './attempt.js';
import { createLoginFlow, type LoginFlow } from './login-flow.js';

export { requestRefused } from '../../events/request-refused.js';
export { gateNavigation } from '../../http/browser-gate.js';
export type { ForumFlavour } from '../protocol/flavour.js';
export type { Attempt, AttemptPurpose } from './attempt.js';
export type { ForumUser } from './forum-user.js';
export type { Arrival, Departure, LoginFlow } from './login-flow.js';

/** Options of {@link createDiscourseLoginFlow}. */
export interface DiscourseLoginFlowOptions {
  /** Part of the cookies' names and of what is claimed. Default `discourse`. */
  readonly name?: string;
  /** The forum's base URL. */
  readonly forumUrl: string;
  /** The secret of this site's line in the forum's "discourse connect provider secrets". */
  readonly secret: SecretOption;
  /** Our own callback, absolute: the forum returns exactly there. */
  readonly callbackUrl: string;
  /** Keys for the attempt's cookie, newest first: each at least 32 random bytes in hex or base64. */
  readonly cookieKeys: string | readonly string[];
  /** Where used answers are remembered. Default: this process's memory. */
  readonly store?: Pick<ForumSsoStore, 'oneTime' | 'shared' | 'warning'>;
  /** Path of the forum's endpoint. Default `/session/sso_provider`; `/` for WordPress. */
  readonly providerPath?: string;
  readonly flavour?: ForumFlavour;
  /** Called with what should be changed, one sentence each. */
  readonly onWarning?: (sentence: string) => void;
  readonly now?: () => Date;
  readonly randomBytes?: (size: number) => Uint8Array;
}

/**
 * The way to the forum and back for a site that makes of it what it wants, such as a Passport strategy. For all the
 * rest (session, linking, groups, silent login, log-out, webhooks) there is the connector `discourseLogin`.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` with everything that is wrong
 */
export function createDiscourseLoginFlow(options: DiscourseLoginFlowOptions): LoginFlow {
  const {
    name = 'discourse',
    flavour = 'discourse',
    now = () => new Date(),
    randomBytes = nodeRandomBytes,
  } = options;
  const { callbackUrl } = options;
  const forumUrl = readPeerUrl(options.forumUrl, 'forumUrl (DISCOURSE_URL)');
  const callback = readPeerUrl(callbackUrl, 'callbackUrl');
  const address = readSiteAddress(isRefusal(callback) ? '' : callback.origin);
  const keys = readKeyRing(
    typeof options.cookieKeys === 'string' ? [options.cookieKeys] : (options.cookieKeys ?? []),
    isRefusal(address) ? '' : address.origin,
  );
  const secrets = prepareSecrets(
    options.secret,
    'secret (DISCOURSE_LOGIN_SECRET; Discourse: the line of this site in "discourse connect provider secrets")',
    secretKinds.connect,
    now(),
  );
  const problems = [...secrets.problems];
  for (const part of [forumUrl, callback, keys]) if (isRefusal(part)) problems.push(part.detail);
  if (!/^[a-z][a-z0-9-]{0,39}$/i.test(name))
    problems.push('name must be 1 to 40 letters, digits and hyphens.');
  if (
    isRefusal(forumUrl) ||
    isRefusal(callback) ||
    isRefusal(address) ||
    isRefusal(keys) ||
    secrets.ring === null ||
    problems.length > 0
  ) {
    const list = problems.map((problem) => `\n  - ${problem}`).join('');
    throw new ForumSsoError('ERR_OPTIONS_INVALID', `The login with Discourse cannot start:${list}`, {
      problems,
    });
  }

  const memory = memoryStore({ now });
  const store = guardStore({ ...memory, ...options.store });
  for (const warning of secrets.warnings) options.onWarning?.(warning);
  if (!store.shared && process.env.NODE_ENV === 'production') {
    options.onWarning?.(
      'The store is in memory: with several processes an answer can be used once in each. Give a shared store.',
    );
  }
  void tellWarning(store, (sentence) => options.onWarning?.(sentence));
  const base = forumUrl.href.replace(/\/+$/, '');
  return createLoginFlow({
    name,
    providerUrl: base + (options.providerPath ?? (flavour === 'wordpress' ? '/' : '/session/sso_provider')),
    callbackUrl,
    flavour,
    secrets: secrets.ring,
    cookies: createAttemptCookies(address, name, createSealer('attempt', keys.subKeys('attempt', name)), now),
    oneTime: store.oneTime,
    now,
    randomBytes,
  });
}
