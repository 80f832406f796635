import type { ConnectorSetup, Exchange, Route } from '../connector.js';
import { isRefusal, type Refusal } from '../errors.js';
import { parseUrl } from '../http/parse-url.js';
import { redirectReply, type SsoReply } from '../http/reply.js';
import { readHeader } from '../http/request.js';
import type { TalkyardOptions } from './options.js';
import type { AllowedOrigins } from './then-go-to.js';

const landingPath = '/logged-out';
const signOutPath = '/sign-out';

/**
 * Where Talkyard sends people after its log-out, and the form on that page. Anybody can lead a browser here, and nothing
 * is signed, so the session at the site ends when the person says so, or, if the site wants that, when the browser names
 * Talkyard or a page that embeds it as the page before.
 *
 * Talkyard redirects with 307, so a log-out by POST arrives as a POST, without the site's cookies: it becomes a GET.
 */
export function createLogOutRoutes(
  options: TalkyardOptions,
  allowed: AllowedOrigins,
  setup: ConnectorSetup,
): readonly Route[] {
  const community = [{ text: 'To the community', href: `${allowed.server}/` }];

  const end = async (exchange: Exchange): Promise<SsoReply | Refusal> => {
    const user = await exchange.currentUser();
    if (isRefusal(user)) return user;
    const { headers, fault } = user === null ? { headers: [] } : await exchange.signOut();
    if (fault !== undefined) return exchange.refuse(fault, { headers });
    if (user !== null)
      setup.emit({ type: 'logout.completed', user: setup.pseudonym(user.id), everywhere: false });
    return exchange.page(
      {
        status: 200,
        title: 'You are signed out',
        paragraphs: ['You are signed out of the community and of this site.'],
        links: community,
      },
      headers,
    );
  };

  const land = async (exchange: Exchange): Promise<SsoReply | Refusal> => {
    if (options.afterLogOut === 'sign-out' && comesFrom(exchange, allowed)) return end(exchange);
    const user = await exchange.currentUser();
    if (isRefusal(user)) return user;
    if (user === null) return end(exchange);
    return exchange.page({
      status: 200,
      title: 'You are signed out of the community',
      paragraphs: ['At this site you are still signed in.'],
      form: {
        action: new URL(setup.routeUrl(signOutPath)).pathname,
        fields: {},
        button: 'Sign out here, too',
      },
      links: community,
    });
  };

  return [
    { method: 'GET', path: landingPath, caller: 'navigation', handle: land },
    {
      method: 'POST',
      path: landingPath,
      caller: 'navigation',
      handle: async () => ({ ...redirectReply(setup.routeUrl(landingPath)), status: 303 }),
    },
    { method: 'POST', path: signOutPath, caller: 'form', handle: end },
  ];
}

function comesFrom({ request }: Exchange, { server, embedding }: AllowedOrigins): boolean {
  const referer = readHeader(request.headers, 'referer');
  const origin = referer === undefined ? undefined : parseUrl(referer)?.origin;
  if (origin === undefined) return false;
  return origin === server || embedding.includes(origin);
}
