import { isRefusal, type Refusal, refusal, refusalForThrown } from '../../errors.js';
import { parseQuery, queryOf, readParameter } from '../../http/query.js';
import type { ReplyHeader } from '../../http/reply.js';
import type { SsoRequest } from '../../http/request.js';
import type { SecretRing } from '../../secrets.js';
import type { OneTimeValues } from '../../store/store.js';
import type { DiscourseFields } from '../protocol/fields.js';
import type { ForumFlavour } from '../protocol/flavour.js';
import { messageUrl, openMessage, sealMessage } from '../protocol/message.js';
import { type Attempt, type AttemptCookies, attemptLife } from './attempt.js';
import { type ForumUser, readForumUser } from './forum-user.js';

/** For so many seconds after the end of an attempt its nonce stays marked as used: clocks of machines differ. */
const clockSkew = 300;

export interface LoginFlowParts {
  /** Name of the connector or strategy: part of what is claimed. */
  readonly name: string;
  /** The forum's address for such requests: `https://forum.example.com/session/sso_provider`. */
  readonly providerUrl: string;
  /** Our own callback, exactly as it is told to the forum. */
  readonly callbackUrl: string;
  readonly flavour: ForumFlavour;
  readonly secrets: SecretRing;
  readonly cookies: AttemptCookies;
  readonly oneTime: OneTimeValues;
  readonly now: () => Date;
  readonly randomBytes: (size: number) => Uint8Array;
}

/** Where the browser goes next, with the cookies it takes along. */
export interface Departure {
  readonly location: string;
  readonly headers: readonly ReplyHeader[];
}

/** How an answer of the forum turned out. */
export type Arrival =
  /** The forum says who it is. */
  | {
      readonly outcome: 'user';
      readonly user: ForumUser;
      /** The verified answer, as the forum sent it. */
      readonly fields: DiscourseFields;
      readonly attempt: Attempt;
      readonly headers: readonly ReplyHeader[];
      /** Position of the secret that signed the answer; above 0, the forum still has an old one. */
      readonly secretPosition: number;
    }
  /** With `prompt=none`: nobody is signed in at the forum. */
  | {
      readonly outcome: 'nobody';
      readonly attempt: Attempt;
      readonly headers: readonly ReplyHeader[];
      readonly secretPosition: number;
    }
  /** The answer is not accepted; nothing was changed. */
  | {
      readonly outcome: 'refused';
      readonly refusal: Refusal;
      readonly headers: readonly ReplyHeader[];
      /** The attempt of this browser that the answer belongs to; absent when it belongs to none. */
      readonly attempt?: Attempt;
    };

/** The way to the forum and back (DiscourseConnect, the forum as provider), without what a site makes of it. */
export interface LoginFlow {
  depart(
    request: SsoRequest,
    details: Pick<Attempt, 'purpose' | 'returnPath' | 'requireTwoFactor' | 'linkUser'>,
  ): Promise<Departure | Refusal>;
  /** @param request the request to the callback */
  arrive(request: SsoRequest): Promise<Arrival>;
  /** Where to send the browser so that the forum ends its session there and sends it to `returnUrl`. */
  logoutUrl(returnUrl: string): string | Refusal;
}

/**
 * Only fixed fields are ever signed: whatever a request holds comes back signed, so state lives in the attempt's
 * cookie and never in the message.
 */
export function createLoginFlow(parts: LoginFlowParts): LoginFlow {
  const { name, providerUrl, callbackUrl, flavour, secrets, cookies, oneTime, now } = parts;
  const newNonce = (): string => Buffer.from(parts.randomBytes(16)).toString('hex');

  function ask(fields: Parameters<typeof sealMessage>[0]): string | Refusal {
    const [newest] = secrets.keysAt(now);
    if (newest === undefined) return refusal('ERR_INTERNAL', 'There is no secret left to sign with.');
    const message = sealMessage(fields, newest);
    return isRefusal(message) ? message : messageUrl(providerUrl, message);
  }

  /** All checks of an answer, in the order that gives a stranger nothing. */
  async function judge(request: SsoRequest): Promise<Arrival> {
    const refused = (why: Refusal, headers: readonly ReplyHeader[] = [], attempt?: Attempt): Arrival => ({
      outcome: 'refused',
      refusal: why,
      headers,
      ...(attempt === undefined ? {} : { attempt }),
    });

    const query = parseQuery(queryOf(request.url));
    const sso = readParameter(query, 'sso');
    if (isRefusal(sso)) return refused(sso);
    const sig = readParameter(query, 'sig');
    if (isRefusal(sig)) return refused(sig);
    const opened = openMessage({ sso, sig }, secrets.keysAt(now));
    if (isRefusal(opened)) return refused(opened);
    const { fields, keyIndex: secretPosition } = opened;

    if (fields.nonce === undefined || fields.nonce === '') {
      return refused(refusal('ERR_SSO_NONCE_MISSING', 'The answer has no nonce.'));
    }
    const attempt = await cookies.find(request, fields.nonce);
    if (isRefusal(attempt)) {
      const over = attempt.refused === 'ERR_LOGIN_ATTEMPT_EXPIRED';
      return refused(attempt, over ? [cookies.clear(fields.nonce)] : []);
    }
    const headers = [cookies.clear(attempt.nonce)];

    const absentIsFine = flavour === 'wordpress' && fields.returnSsoUrl === undefined;
    if (fields.returnSsoUrl !== callbackUrl && !absentIsFine) {
      return refused(
        refusal('ERR_LOGIN_RETURN_URL_WRONG', `The answer was made for another address than ${callbackUrl}.`),
        headers,
        attempt,
      );
    }
    const claimed = await claim(attempt);
    // The attempt stays in the browser: nothing was used up, and a reload is another try.
    if (isRefusal(claimed)) return refused(claimed, [], attempt);
    if (!claimed) {
      return refused(refusal('ERR_LOGIN_ALREADY_USED', 'The answer was used before.'), headers, attempt);
    }
    if (fields.failed === true) return { outcome: 'nobody', attempt, headers, secretPosition };
    if (isQuestion(fields)) {
      return refused(
        refusal(
          'ERR_LOGIN_NOT_AN_ANSWER',
          'The message is signed and says nothing about anybody: it is a request of this site, not an answer of the forum.',
        ),
        headers,
        attempt,
      );
    }
    const user = readForumUser(fields, flavour);
    if (isRefusal(user)) return refused(user, headers, attempt);
    if (attempt.requireTwoFactor && !user.twoFactor) {
      return refused(
        refusal(
          'ERR_LOGIN_TWO_FACTOR_MISSING',
          'A second factor was asked for, and the forum did not confirm one.',
        ),
        headers,
        attempt,
      );
    }
    return { outcome: 'user', user, fields, attempt, headers, secretPosition };
  }

  /** Takes the attempt's nonce: true once. A store that is silent lets nobody in. */
  async function claim({ nonce, expiresAt }: Attempt): Promise<boolean | Refusal> {
    const life = Math.ceil((expiresAt - now().getTime()) / 1_000) + clockSkew;
    try {
      return await oneTime.claim(`attempt|${name}|${nonce}`, life);
    } catch (error) {
      return refusalForThrown(error, 'ERR_STORE_UNAVAILABLE', 'The store answered with an error.');
    }
  }

  return {
    async depart(request, details) {
      const attempt: Attempt = {
        ...details,
        nonce: newNonce(),
        expiresAt: now().getTime() + attemptLife * 1_000,
      };
      const silent = details.purpose === 'probe' || details.purpose === 'logoutCheck';
      const location = ask({
        nonce: attempt.nonce,
        returnSsoUrl: callbackUrl,
        ...(silent ? { prompt: 'none' } : {}),
        ...(details.requireTwoFactor ? { require2fa: true } : {}),
      });
      if (isRefusal(location)) return location;
      return { location, headers: await cookies.store(request, attempt) };
    },
    arrive: judge,
    logoutUrl: (returnUrl) => ask({ nonce: newNonce(), returnSsoUrl: returnUrl, logout: true }),
  };
}

/** A request of ours that was sent back as it is: the forum's answer always names somebody, or says `failed`. */
function isQuestion({ externalId, username, email }: DiscourseFields): boolean {
  return externalId === undefined && username === undefined && email === undefined;
}
