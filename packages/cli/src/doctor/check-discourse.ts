import { randomBytes } from 'node:crypto';

import { type Environment, isForumSsoError } from '@forum-sso/core';
import { messageUrl, signMessage, verifyMessage } from '@forum-sso/core/discourse/message';

import { error, type Finding, ok, warning } from './finding.js';
import { networkFault } from './network-fault.js';

/** What is asked of a forum, and where the site is. */
export interface DiscourseProbe {
  readonly environment: Environment;
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
}

/** Milliseconds for one call. */
const timeoutMs = 10_000;

/** Lets the forum begin a login, and looks whether it sends people to the site with a signature that is right. */
export async function checkDiscourseConnect({
  environment,
  baseUrl,
  fetch,
}: DiscourseProbe): Promise<Finding | null> {
  const { DISCOURSE_URL, DISCOURSE_CONNECT_SECRET } = environment;
  if (DISCOURSE_URL === undefined || DISCOURSE_CONNECT_SECRET === undefined) return null;
  const about = 'discourse login';
  const reply = await call(fetch, `${DISCOURSE_URL.replace(/\/+$/, '')}/session/sso`);
  if ('fault' in reply) return error(about, `The forum cannot be reached: ${reply.fault}.`, reply.fix);
  if (reply.status === 404) {
    return error(
      about,
      'The forum does not use DiscourseConnect.',
      'Switch on "enable discourse connect" in its settings.',
    );
  }
  const target = reply.location === null ? null : new URL(reply.location, DISCOURSE_URL);
  if (target === null)
    return warning(about, `The forum answered with status ${reply.status} instead of a login.`);
  const expected = `${baseUrl}/discourse`;
  if (target.origin + target.pathname !== expected) {
    return error(
      about,
      `The forum sends people to ${target.origin}${target.pathname}, and the site answers at ${expected}.`,
      `Set "discourse connect url" to ${expected} in the forum's settings, or correct FORUM_SSO_BASE_URL.`,
    );
  }
  return isSigned(target, DISCOURSE_CONNECT_SECRET)
    ? ok(about, `The forum sends people to ${expected}, and both sides have the same secret.`)
    : error(
        about,
        'The forum signs with another secret than DISCOURSE_CONNECT_SECRET.',
        'Enter the same text in "discourse connect secret"; "forum-sso inspect" on an address of such a login tells more.',
      );
}

/** Asks the forum who is there, as nobody, and looks whether its answer is signed with the secret that we have. */
export async function checkDiscourseLogin({
  environment,
  baseUrl,
  fetch,
}: DiscourseProbe): Promise<Finding | null> {
  const { DISCOURSE_URL, DISCOURSE_LOGIN_SECRET } = environment;
  if (DISCOURSE_URL === undefined || DISCOURSE_LOGIN_SECRET === undefined) return null;
  const about = 'discourse-login';
  const returnSsoUrl = `${baseUrl}/discourse-login/callback`;
  const [secret] = DISCOURSE_LOGIN_SECRET;
  const question = signMessage(
    { nonce: randomBytes(16).toString('hex'), returnSsoUrl, prompt: 'none' },
    secret,
  );
  const url = messageUrl(`${DISCOURSE_URL.replace(/\/+$/, '')}/session/sso_provider`, question);
  const reply = await call(fetch, url);
  if ('fault' in reply) return error(about, `The forum cannot be reached: ${reply.fault}.`, reply.fix);
  const host = new URL(baseUrl).hostname;
  if (reply.status === 404) {
    return error(
      about,
      'The forum logs nobody in to sites.',
      'Switch on "enable discourse connect provider" in its settings.',
    );
  }
  if (reply.status === 400) {
    return error(
      about,
      `The forum has no secret for ${host}.`,
      `Add a line "${host}|<secret>" to "discourse connect provider secrets".`,
    );
  }
  if (reply.status === 422) {
    return error(
      about,
      `The forum has another secret for ${host} than DISCOURSE_LOGIN_SECRET.`,
      'Compare it with its line in "discourse connect provider secrets": only what follows the "|" is the secret.',
    );
  }
  const target = reply.location === null ? null : new URL(reply.location, DISCOURSE_URL);
  const isOurs = target?.href.startsWith(returnSsoUrl) ?? false;
  if (target !== null && isOurs && isSigned(target, DISCOURSE_LOGIN_SECRET)) {
    return ok(about, 'The forum answers the site, and both sides have the same secret.');
  }
  return warning(about, `The forum answered in an unexpected way (status ${reply.status}).`);
}

type Reply =
  | { readonly status: number; readonly location: string | null }
  | { readonly fault: string; readonly fix: string };

/** One call as a browser without cookies would make it; redirects are looked at, not followed. */
async function call(send: typeof fetch, url: string): Promise<Reply> {
  try {
    const response = await send(url, {
      headers: { Accept: 'text/html', 'User-Agent': 'forum-sso' },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    return { status: response.status, location: response.headers.get('location') };
  } catch (cause) {
    const { text, fix } = networkFault(cause);
    return { fault: text, fix };
  }
}

function isSigned({ searchParams }: URL, secrets: readonly string[]): boolean {
  try {
    verifyMessage({ sso: searchParams.get('sso') ?? '', sig: searchParams.get('sig') ?? '' }, secrets);
    return true;
  } catch (cause) {
    if (isForumSsoError(cause)) return false;
    throw cause;
  }
}
