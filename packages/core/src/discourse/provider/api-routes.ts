import { createHash, timingSafeEqual } from 'node:crypto';

import type { ConnectorSetup, Delivery, Exchange, Route } from '../../connector.js';
import { isRefusal, type Refusal, refusal } from '../../errors.js';
import { jsonReply, type SsoReply } from '../../http/reply.js';
import { readHeader } from '../../http/request.js';
import type { SiteUser } from '../../site-user.js';
import type { ReadyClient } from './clients.js';
import { type PersonNumbers, readNumber } from './numbers.js';
import type { DiscourseConnectProviderOptions } from './options.js';
import { createCallLimit } from './rate-limit.js';
import { readSync, syncedPerson } from './sync-receiver.js';

export interface ApiParts {
  readonly setup: ConnectorSetup;
  /** Name of the connector: what the authority declared is kept under it. */
  readonly name: string;
  readonly apiKey: string;
  readonly numbers: PersonNumbers;
  /** The client that may bring people, with its rules; undefined when none may. */
  readonly authority:
    | {
        readonly client: ReadyClient;
        readonly rules: NonNullable<DiscourseConnectProviderOptions['authority']>;
      }
    | undefined;
  /** Tells the other clients that one of them ended someone's sessions; undefined when none wants to hear. */
  readonly tellLogOut: ((siteUserId: string) => Promise<Delivery>) | undefined;
}

/** Calls of the API in a minute, as many as a forum allows; and how long its callers wait for more. */
const callsPerMinute = 60;

/**
 * The parts of a forum's API that clients call: log-out everywhere, look-up by the client's own id, and pushes from a
 * client that is the authority. Errors have the bodies that a forum's have, since clients read them.
 */
export function apiRoutes(parts: ApiParts): readonly Route[] {
  const keyDigest = digest(parts.apiKey);
  const limit = createCallLimit(callsPerMinute, 60);

  /** The key first, then the pace, then the call. */
  const guarded =
    (call: (exchange: Exchange) => Promise<SsoReply | Refusal>): Route['handle'] =>
    async (exchange) => {
      const key = readHeader(exchange.request.headers, 'api-key');
      if (key === undefined || !timingSafeEqual(digest(key), keyDigest)) {
        return refused(
          exchange,
          refusal('ERR_PROVIDER_KEY_REFUSED', 'The Api-Key is missing or wrong (DISCOURSE_API_KEY).'),
          'invalid_access',
        );
      }
      const wait = limit.take(parts.setup.now());
      if (wait !== null) return slowDown(exchange, wait);
      const reply = await call(exchange);
      return isRefusal(reply) ? refused(exchange, reply, errorType(reply)) : reply;
    };
  const routes = (
    method: Route['method'],
    paths: readonly string[],
    call: (exchange: Exchange) => Promise<SsoReply | Refusal>,
  ) =>
    paths.map((path): Route => ({ method, path, absolute: true, caller: 'machine', handle: guarded(call) }));

  return [
    ...routes('POST', ['/admin/users/{id}/log_out', '/admin/users/{id}/log_out.json'], (exchange) =>
      logOut(parts, exchange),
    ),
    ...routes('GET', ['/u/by-external/{id}.json', '/users/by-external/{id}.json'], (exchange) =>
      byExternal(parts, exchange),
    ),
    ...routes('POST', ['/admin/users/sync_sso', '/admin/users/sync_sso.json'], (exchange) =>
      sync(parts, exchange),
    ),
  ];
}

async function logOut(
  { setup, numbers, tellLogOut }: ApiParts,
  { id }: Exchange,
): Promise<SsoReply | Refusal> {
  const number = readNumber(id);
  const siteUserId = number === null ? null : await numbers.siteUserOf(number);
  if (siteUserId === null) return unknownUser();
  await setup.endSessions(siteUserId);
  // The caller waits for one answer, not for all the others.
  void tellLogOut?.(siteUserId);
  // Clients compare the text: nothing else counts as done.
  return jsonReply(200, { success: 'OK' });
}

/** Only ids that a client declared by a push: the site's own ids are other names in another space. */
async function byExternal(parts: ApiParts, { id = '' }: Exchange): Promise<SsoReply | Refusal> {
  const siteUserId = (await parts.setup.store.links?.findByCommunityUser(parts.name, id)) ?? null;
  const user = siteUserId === null ? null : await parts.setup.findUser?.(siteUserId);
  if (user === null || user === undefined) return unknownUser();
  const account = await accountOf(parts, user);
  return isRefusal(account) ? account : jsonReply(200, { user: account });
}

async function sync(parts: ApiParts, exchange: Exchange): Promise<SsoReply | Refusal> {
  const { setup, name, authority } = parts;
  const { links } = setup.store;
  // As a forum does that takes no pushes: 404 without a body.
  if (authority === undefined || links === undefined) return { status: 404, headers: [] };
  const fields = await readSync(exchange, authority.client, setup.now());
  if (isRefusal(fields)) return syncFailed(exchange, fields);
  const { externalId = '' } = fields;
  const known = await links.findByCommunityUser(name, externalId);
  const { applyUser, acceptEmail = false, acceptStaffFlags = false } = authority.rules;
  let applied: SiteUser | null;
  try {
    applied = await applyUser(
      syncedPerson({ ...fields, externalId }, known, { acceptEmail, acceptStaffFlags }),
    );
  } catch (cause) {
    return refusal('ERR_SITE_CALLBACK_FAILED', "The site's applyUser failed.", cause);
  }
  if (applied === null)
    return syncFailed(
      exchange,
      refusal('ERR_PROVIDER_SYNC_REFUSED', "The site's applyUser refused the person."),
      403,
    );
  const user = setup.readSiteUser(applied);
  if (isRefusal(user)) return user;
  if (known === null && !['linked', 'existed'].includes(await links.link(name, externalId, user.id))) {
    return syncFailed(
      exchange,
      refusal('ERR_PROVIDER_SYNC_REFUSED', 'The person is known under another external_id.'),
      403,
    );
  }
  const account = await accountOf(parts, user);
  return isRefusal(account) ? account : jsonReply(200, account);
}

/** The fields of a person that clients read from the API. */
async function accountOf({ numbers }: ApiParts, user: SiteUser) {
  const id = await numbers.numberOf(user);
  if (isRefusal(id)) return id;
  return {
    id,
    username: user.username ?? `user${id}`,
    name: user.name ?? null,
    active: true,
    admin: user.admin === true,
    moderator: user.moderator === true,
    groups: (user.groups ?? []).map((group, index) => ({ id: index + 1, name: group, automatic: false })),
  };
}

function unknownUser(): Refusal {
  return refusal('ERR_PROVIDER_USER_UNKNOWN', 'No such person, or none that this client declared.');
}

function errorType({ refused: code }: Refusal): string {
  return code === 'ERR_PROVIDER_USER_UNKNOWN' ? 'not_found' : 'invalid_parameters';
}

/** The event is ours, the body a forum's. */
function refused(exchange: Exchange, why: Refusal, type: string): SsoReply {
  const { status, headers } = exchange.refuse(why, {});
  return {
    ...jsonReply(status, { errors: [messages[type] ?? 'The request is not accepted.'], error_type: type }),
    headers,
  };
}

const messages: Readonly<Record<string, string>> = {
  invalid_access: 'You are not permitted to view the requested resource.',
  not_found: 'The requested URL or resource could not be found.',
};

function syncFailed(exchange: Exchange, why: Refusal, status = 422): SsoReply {
  exchange.refuse(why, {});
  return jsonReply(status, { failed: 'FAILED', message: 'Login Error' });
}

function slowDown(exchange: Exchange, seconds: number): SsoReply {
  exchange.refuse(refusal('ERR_RATE_LIMITED', `More than ${callsPerMinute} calls a minute.`), {});
  const body = {
    errors: ['You have performed this action too many times, please try again later.'],
    error_type: 'rate_limit',
    extras: { wait_seconds: seconds, time_left: `${seconds} seconds` },
  };
  return jsonReply(429, body, [
    ['Retry-After', String(seconds)],
    ['Discourse-Rate-Limit-Error-Code', 'admin_api_key_rate_limit'],
  ]);
}

/** Compared as digests: of equal length, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
