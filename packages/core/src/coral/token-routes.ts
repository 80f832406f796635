import type { ConnectorSetup, Exchange, Route } from '../connector.js';
import { errorTable, isRefusal, type Refusal, refusal } from '../errors.js';
import { answerHeaders, jsonReply, type ReplyHeader, type SsoReply } from '../http/reply.js';
import { readHeader } from '../http/request.js';
import type { CoralSettings } from './options.js';

/**
 * The two addresses that scripts of pages with comments call: `/token` gives the person whose session it is a
 * fresh token, `/sign-out` ends that session. Both answer POST only, and pages of the site and of the listed
 * origins only.
 */
export function tokenRoutes(settings: CoralSettings, setup: ConnectorSetup): readonly Route[] {
  return [
    ...scriptRoute('/token', settings, setup, (exchange) => giveToken(settings, setup, exchange)),
    ...scriptRoute('/sign-out', settings, setup, signOut),
  ];
}

function scriptRoute(
  path: string,
  { origins }: CoralSettings,
  { address }: ConnectorSetup,
  act: (exchange: Exchange) => Promise<SsoReply | Refusal>,
): readonly Route[] {
  const guarded =
    (answer: (exchange: Exchange) => Promise<SsoReply | Refusal>) =>
    async (exchange: Exchange): Promise<SsoReply | Refusal> => {
      const gate = gateOrigin(exchange, address.origin, origins);
      if (isRefusal(gate)) return exchange.refuse(gate, { headers: [vary] });
      const result = await answer(exchange);
      // The page must be able to read a refusal as well, or it takes it for a network failure.
      return isRefusal(result)
        ? exchange.refuse(result, { headers: gate })
        : { ...result, headers: [...result.headers, ...gate] };
    };
  return [
    { method: 'POST', path, caller: 'script', handle: guarded(act) },
    { method: 'OPTIONS', path, caller: 'script', handle: guarded(async () => preflight) },
  ];
}

const vary: ReplyHeader = ['Vary', 'Origin'];

const preflight: SsoReply = {
  status: 204,
  headers: [
    ...answerHeaders,
    ['Access-Control-Allow-Methods', 'POST'],
    ['Access-Control-Allow-Headers', 'Content-Type'],
    ['Access-Control-Max-Age', '600'],
  ],
};

/**
 * Lets pages of this site and of the listed origins pass, and what is no browser; `Origin: null` is a stranger.
 * @returns the headers by which a page of another origin may read the answer
 */
function gateOrigin(
  { request: { headers } }: Exchange,
  own: string,
  listed: ReadonlySet<string>,
): readonly ReplyHeader[] | Refusal {
  const origin = readHeader(headers, 'origin');
  if (origin === undefined) {
    const site = readHeader(headers, 'sec-fetch-site');
    return site === undefined || site === 'same-origin' || site === 'none' ? [vary] : foreignOrigin();
  }
  if (origin === own) return [vary];
  if (!listed.has(origin)) return foreignOrigin();
  return [vary, ['Access-Control-Allow-Origin', origin], ['Access-Control-Allow-Credentials', 'true']];
}

function foreignOrigin(): Refusal {
  return refusal(
    'ERR_ORIGIN_FOREIGN',
    'The call came from a page of another origin. If it is one of yours with comments, add it to the option origins.',
  );
}

async function giveToken(
  { sign, expiresIn }: CoralSettings,
  { now, emit, pseudonym }: ConnectorSetup,
  exchange: Exchange,
): Promise<SsoReply | Refusal> {
  const user = await exchange.currentUser();
  if (user === null) {
    // Every page that a guest opens asks this: nothing for the log of refusals.
    const { status, publicMessage } = errorTable.ERR_SIGN_IN_REQUIRED;
    return jsonReply(status, { error: 'ERR_SIGN_IN_REQUIRED', message: publicMessage });
  }
  if (isRefusal(user)) return user;
  const token = await sign(user, { now: now() });
  if (isRefusal(token)) return token;
  emit({ type: 'login.answered', user: pseudonym(user.id) });
  return jsonReply(200, { accessToken: token, expiresIn });
}

async function signOut(exchange: Exchange): Promise<SsoReply> {
  const { headers, fault } = await exchange.signOut();
  if (fault !== undefined) return exchange.refuse(fault, { headers });
  return { status: 204, headers: [...answerHeaders, ...headers] };
}
