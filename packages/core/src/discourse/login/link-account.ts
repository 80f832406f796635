import type { ConnectorSetup, Exchange, Route } from '../../connector.js';
import { isRefusal, type Refusal, refusal } from '../../errors.js';
import { readParameter } from '../../http/query.js';
import { redirectReply, type SsoReply, withHeaders } from '../../http/reply.js';
import { isRecord } from '../../json.js';
import type { Sealer } from '../../session/sealer.js';
import type { AccountLinking } from './accounts.js';
import { userDigest } from './attempt.js';
import type { ForumUser } from './forum-user.js';
import type { Arrival, LoginFlow } from './login-flow.js';

/** How long the confirm page may stay open, in seconds. */
const confirmationLife = 300;
/** Bytes of JSON that a confirmation may hold: sealed, it has to fit into a form. */
const confirmationRoom = 2_600;

export interface LinkParts {
  readonly setup: ConnectorSetup;
  /** Name of the connector: part of what is claimed. */
  readonly name: string;
  readonly flow: LoginFlow;
  readonly linking: AccountLinking;
  readonly sealer: Sealer;
  readonly requireTwoFactor: boolean;
  /** Path of the confirm route on this site. */
  readonly confirmPath: string;
  /** Remembers what the forum said. */
  readonly keepProfile: (forumUser: ForumUser) => Promise<void>;
}

export interface AccountLink {
  readonly routes: readonly Route[];
  /** Back from the forum: asks whether the two accounts shall be linked. */
  confirm(exchange: Exchange, arrival: Extract<Arrival, { outcome: 'user' }>): Promise<SsoReply | Refusal>;
}

/**
 * Links the forum account to the account a person is signed in to. That never happens by the way: it starts with a
 * form of this site, is bound to the person in the attempt, and ends with a question that names both accounts.
 */
export function createAccountLink(parts: LinkParts): AccountLink {
  return {
    routes: [
      { method: 'POST', path: '/link', caller: 'form', handle: (exchange) => start(parts, exchange) },
      {
        method: 'POST',
        path: '/link/confirm',
        caller: 'form',
        handle: (exchange) => carryOut(parts, exchange),
      },
    ],
    confirm: (exchange, arrival) => ask(parts, exchange, arrival),
  };
}

async function start(
  { setup, flow, requireTwoFactor }: LinkParts,
  exchange: Exchange,
): Promise<SsoReply | Refusal> {
  const user = await exchange.currentUser();
  if (isRefusal(user)) return user;
  if (user === null) return exchange.signInFirst(setup.homePath);
  const form = await exchange.readForm();
  if (isRefusal(form)) return form;
  const wanted = readParameter(form, setup.returnParameter);
  if (isRefusal(wanted)) return wanted;
  const returnPath = wanted === undefined || wanted === '' ? setup.homePath : exchange.safePath(wanted);
  if (isRefusal(returnPath)) return returnPath;
  const departure = await flow.depart(exchange.request, {
    purpose: 'link',
    returnPath,
    requireTwoFactor,
    linkUser: userDigest(user.id),
  });
  return isRefusal(departure) ? departure : redirectReply(departure.location, departure.headers);
}

async function ask(
  { setup, sealer, confirmPath }: LinkParts,
  exchange: Exchange,
  { user: forumUser, attempt, headers }: Extract<Arrival, { outcome: 'user' }>,
): Promise<SsoReply | Refusal> {
  const user = await exchange.currentUser();
  if (isRefusal(user)) return user;
  if (user === null || userDigest(user.id) !== attempt.linkUser)
    return exchange.refuse(userChanged(), { headers });
  const end = new Date(setup.now().getTime() + confirmationLife * 1_000);
  const { nonce, returnPath } = attempt;
  const confirmation = await sealer.seal(
    { ...fitting({ siteUserId: user.id, forumUser, nonce, returnPath }, setup.homePath) },
    end,
  );
  const page = exchange.page({
    status: 200,
    title: 'Connect these accounts?',
    paragraphs: [
      `Forum account: ${forumUser.username}`,
      `Account at this site: ${user.username ?? user.name ?? 'the one that you are signed in to'}`,
      'From then on you can sign in here with the forum account.',
    ],
    form: { action: confirmPath, fields: { confirmation }, button: 'Connect' },
  });
  return withHeaders(page, headers);
}

async function carryOut(
  { setup, name, linking, sealer, keepProfile }: LinkParts,
  exchange: Exchange,
): Promise<SsoReply | Refusal> {
  const form = await exchange.readForm();
  if (isRefusal(form)) return form;
  const sealed = readParameter(form, 'confirmation');
  if (isRefusal(sealed)) return sealed;
  const confirmation = readConfirmation(await sealer.open(sealed ?? '', setup.now()));
  if (confirmation === null) {
    return refusal(
      'ERR_LINK_CONFIRMATION_INVALID',
      `The confirmation is no longer valid: it lasts ${confirmationLife} seconds.`,
    );
  }
  const user = await exchange.currentUser();
  if (isRefusal(user)) return user;
  if (user === null || user.id !== confirmation.siteUserId) return userChanged();
  if (!(await setup.store.oneTime.claim(`link|${name}|${confirmation.nonce}`, confirmationLife))) {
    return refusal('ERR_LINK_CONFIRMATION_INVALID', 'The confirmation was used before.');
  }
  const { forumUser } = confirmation;
  const linked = await linking.alone(forumUser.id, async () => {
    const outcome = await linking.link(forumUser, user.id);
    if (!isRefusal(outcome)) await keepProfile(forumUser);
    return outcome;
  });
  if (isRefusal(linked)) return linked;
  setup.emit({ type: 'account.linked', user: setup.pseudonym(user.id) });
  return redirectReply(confirmation.returnPath);
}

function userChanged(): Refusal {
  return refusal('ERR_LINK_USER_CHANGED', 'The person who came back is not the one who asked for the link.');
}

interface Confirmation {
  readonly siteUserId: string;
  readonly forumUser: ForumUser;
  readonly nonce: string;
  readonly returnPath: string;
}

/**
 * What of a confirmation fits into a form. Without groups the link changes none; the next login or webhook brings
 * them.
 */
function fitting(whole: Confirmation, homePath: string): Confirmation {
  const { groups: _groups, ...withoutGroups } = whole.forumUser;
  const { avatarUrl: _avatarUrl, ...least } = withoutGroups;
  const candidates = [
    whole,
    { ...whole, forumUser: withoutGroups },
    { ...whole, forumUser: withoutGroups, returnPath: homePath },
  ];
  const fits = candidates.find((one) => Buffer.byteLength(JSON.stringify(one)) <= confirmationRoom);
  return fits ?? { ...whole, forumUser: least, returnPath: homePath };
}

/** The text was sealed here, so its shape is ours; the types are checked all the same. */
function readConfirmation(claims: Readonly<Record<string, unknown>> | null): Confirmation | null {
  if (claims === null) return null;
  const { siteUserId, forumUser, nonce, returnPath } = claims;
  if (typeof siteUserId !== 'string' || typeof nonce !== 'string' || typeof returnPath !== 'string')
    return null;
  return isForumUser(forumUser) ? { siteUserId, forumUser, nonce, returnPath } : null;
}

function isForumUser(value: unknown): value is ForumUser {
  return (
    isRecord(value) &&
    typeof value.id === 'string' &&
    typeof value.username === 'string' &&
    typeof value.email === 'string'
  );
}
