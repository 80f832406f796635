import type { ConnectorSetup, Exchange, Route } from '../connector.js';
import { isRefusal, type Refusal } from '../errors.js';
import { redirectReply, type SsoReply } from '../http/reply.js';
import { readHeader } from '../http/request.js';
import type { TalkyardOptions } from './options.js';
import type { AllowedOrigins } from './then-go-to.js';

/**
 * Where Talkyard sends people after its log-out. Anybody can lead a browser here, and nothing is signed, so the session at
 * the site ends only if the site wants that and the browser names Talkyard, or a page that embeds it,
 * as the page before. Talkyard redirects with
 * 307, so a log-out by POST arrives as a POST, without the site's cookies: it is turned into a GET.
 */
export function createLogOutRoutes(
  options: TalkyardOptions,
  allowed: AllowedOrigins,
  setup: ConnectorSetup,
): readonly Route[] {
  const path = '/logged-out';
  const land = async (exchange: Exchange): Promise<SsoReply | Refusal> => {
    const before = refererOrigin(exchange);
    const fromTalkyard =
      before === allowed.server || (before !== undefined && allowed.embedding.includes(before));
    const ends = options.afterLogOut === 'sign-out' && fromTalkyard;
    if (ends) await exchange.session.signOut();
    const user = ends ? null : await exchange.currentUser();
    if (isRefusal(user)) return user;
    return exchange.page({
      status: 200,
      title: 'You are signed out of the community',
      paragraphs: [user === null ? 'You are signed out here, too.' : 'At this site you are still signed in.'],
      links: [{ text: 'To the community', href: `${allowed.server}/` }],
    });
  };
  return [
    { method: 'GET', path, caller: 'navigation', handle: land },
    {
      method: 'POST',
      path,
      caller: 'navigation',
      handle: async () => ({ ...redirectReply(setup.routeUrl(path)), status: 303 }),
    },
  ];
}

function refererOrigin({ request }: Exchange): string | undefined {
  const referer = readHeader(request.headers, 'referer');
  return referer !== undefined && URL.canParse(referer) ? new URL(referer).origin : undefined;
}
