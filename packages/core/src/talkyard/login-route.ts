import type { ConnectorSetup, Exchange } from '../connector.js';
import { isRefusal, type Refusal, refusal } from '../errors.js';
import { queryOf } from '../http/query.js';
import { redirectReply, type SsoReply } from '../http/reply.js';
import { loginWithSecretUrl, type TalkyardClient } from './client.js';
import { createLoginPace } from './login-pace.js';
import type { TalkyardOptions } from './options.js';
import { readReturnTarget, resolveReturnTarget } from './return-target.js';
import type { AllowedOrigins } from './then-go-to.js';
import { readUserOptions } from './user.js';

/** Logins that one person may make in a minute. */
const loginsPerMinute = 10;

/**
 * Answers at Talkyard's single sign-on URL. Where the login leads is decided before Talkyard is asked for a secret, and the
 * secret goes out with the very answer that it was asked for: it works once, for half a minute.
 *
 * @param client null when there is no API secret: then people can only be led back to embedding pages
 */
export function createLoginHandler(
  options: TalkyardOptions,
  allowed: AllowedOrigins,
  client: TalkyardClient | null,
  setup: ConnectorSetup,
): (exchange: Exchange) => Promise<SsoReply | Refusal> {
  const mayLogIn = createLoginPace(loginsPerMinute, setup.now);
  const direct = options.embeddedReturn === 'direct' || client === null;

  return async (exchange) => {
    const target = readReturnTarget(queryOf(exchange.request.url));
    if (isRefusal(target)) return target;
    const thenGoTo = resolveReturnTarget(target, allowed);
    if (isRefusal(thenGoTo)) return thenGoTo;

    const user = await exchange.currentUser();
    if (user === null) return exchange.signInFirst();
    if (isRefusal(user)) return user;
    if (user.suspended === true) {
      return refusal('ERR_USER_SUSPENDED', 'A suspended person tried to go to Talkyard.');
    }
    if (direct && !thenGoTo.startsWith('/')) return redirectReply(thenGoTo);
    if (client === null) {
      return refusal(
        'ERR_TALKYARD_API_SECRET_MISSING',
        'Somebody wants to log in at Talkyard itself: set apiSecret (TALKYARD_API_SECRET) for that.',
      );
    }
    if (!mayLogIn(user.id)) {
      return refusal(
        'ERR_RATE_LIMITED',
        `A person logged in more than ${loginsPerMinute} times within a minute.`,
      );
    }
    const userOptions = readUserOptions(options, user);
    if (isRefusal(userOptions)) return userOptions;
    const secret = await client.loginSecret(user, userOptions);
    if (isRefusal(secret)) return secret;
    setup.emit({ type: 'login.answered', user: setup.pseudonym(user.id) });
    return redirectReply(loginWithSecretUrl(allowed.server, secret, thenGoTo));
  };
}
