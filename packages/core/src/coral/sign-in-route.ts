import type { ConnectorSetup, Route } from '../connector.js';
import { isRefusal } from '../errors.js';
import { readParameter } from '../http/query.js';
import { redirectReply } from '../http/reply.js';
import type { CoralSettings } from './options.js';
import { returnTarget } from './return-target.js';

/**
 * Where "Sign in" in the comments leads: to the site's sign-in page, and then back to the page with the
 * comments.
 */
export function signInRoute(
  { origins }: CoralSettings,
  { address, homePath, returnParameter }: ConnectorSetup,
): Route {
  return {
    method: 'GET',
    path: '/sign-in',
    caller: 'navigation',
    async handle(exchange) {
      const wanted = readParameter(exchange.query, returnParameter);
      if (isRefusal(wanted)) return wanted;
      const target = returnTarget(wanted ?? homePath, address.origin, origins);
      if (isRefusal(target)) return target;
      const user = await exchange.currentUser();
      if (isRefusal(user)) return user;
      return user === null ? exchange.signInFirst() : redirectReply(target);
    },
  };
}
