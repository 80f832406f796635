import { communityRoutes } from './community-pages.js';
import type { PageRoute } from './http/page-route.js';
import { accountPage } from './pages/account-page.js';
import { homePage } from './pages/home-page.js';
import { profileRoutes } from './profile.js';
import { signInRoutes } from './sign-in.js';
import type { SiteContext } from './site-context.js';
import { staffRoutes } from './staff.js';

/** All pages of the site. A new one is an entry here, and nothing else: every framework serves this list. */
export function siteRoutes(site: SiteContext): readonly PageRoute[] {
  const { communities, reply, frame, hasRealPeers } = site;
  return [
    {
      method: 'GET',
      path: '/',
      visitors: 'everybody',
      answer: (request) => reply.page(homePage(frame(request), communities)),
    },
    {
      method: 'GET',
      path: '/account',
      visitors: 'members',
      async answer(request) {
        const signIns = communities.flatMap(({ signIn }) => (signIn === undefined ? [] : [signIn]));
        const sections = await Promise.all(signIns.map(({ account }) => account(request.user)));
        return reply.page(
          accountPage(frame(request), request.user, {
            sections,
            canConfirmAddress: !hasRealPeers,
          }),
          { pictures: sections.flatMap(({ pictures }) => pictures) },
        );
      },
    },
    ...profileRoutes(site),
    ...staffRoutes(site),
    ...communityRoutes(site),
    ...signInRoutes(site),
  ];
}
