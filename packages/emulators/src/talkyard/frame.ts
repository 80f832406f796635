import type { Request, Response } from 'express';

import { createPageShell, type Html, html, type Page, sendPage } from '../server/index.js';
import type { Member } from './community.js';
import type { Site } from './site.js';
import { fillSsoUrl } from './sso-url.js';

export const shell = createPageShell({ product: 'Talkyard', accent: '#1f6f54' });

/** Who looks at a page: with the session by cookie. */
export function readVisitor(request: Request, site: Site): Member | undefined {
  const session = site.sessions.read(request);
  return session === undefined ? undefined : site.community.byId(session.memberId);
}

/**
 * The address of the site's login for this page, with the placeholders replaced; undefined while single sign-on is off.
 * The server does not see a fragment: the page's script puts it in when the link is clicked.
 */
export function ssoHref(request: Request, site: Site, anchor?: string): string | undefined {
  const { enableSso, ssoUrl } = site.settings();
  if (!enableSso) return undefined;
  return fillSsoUrl(ssoUrl, { origin: site.origin, path: request.originalUrl, hash: '', anchor });
}

/** A link to the site's login. */
export function ssoLink(request: Request, site: Site, text: string, anchor?: string): Html {
  const href = ssoHref(request, site, anchor);
  if (href === undefined) return html`<span class="quiet">Single sign-on is off.</span>`;
  return html`<a class="button" href="${href}" data-sso-template="${site.settings().ssoUrl}" data-sso-anchor="${anchor ?? ''}">${text}</a>`;
}

/** Fills the templates of log-in links in the browser, at the moment of the click, as Talkyard does. */
const ssoLinkScript = `
const fillSsoUrl = ${fillSsoUrl.toString()};
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-sso-template]');
  if (link === null) return;
  const { origin, pathname, search, hash } = location;
  const anchor = link.dataset.ssoAnchor;
  link.href = fillSsoUrl(link.dataset.ssoTemplate, {
    origin, path: pathname + search, hash, anchor: anchor === '' ? undefined : anchor,
  });
});
`;

/** Sends a forum page with the bar: who is logged in, log-in or log-out button. */
export function sendForumPage(request: Request, response: Response, site: Site, page: Page): void {
  const visitor = readVisitor(request, site);
  sendPage(response, shell, {
    navigation: [
      { href: '/', label: 'Topics' },
      { href: '/-/search', label: 'Search' },
      { href: '/-/sso-test', label: 'SSO test' },
      { href: '/-/embed-test', label: 'Comments test' },
      { href: '/-/admin/settings/login', label: 'Settings' },
    ],
    account:
      visitor === undefined
        ? html`<span id="you">You are a guest.</span> ${ssoLink(request, site, 'Log In')}`
        : html`<span id="you">You are <strong>@${visitor.username}</strong>.</span>
<form class="inline" method="post" action="/-/logout?currentUrlPath=${encodeURIComponent(request.originalUrl)}"><button>Log Out</button></form>`,
    formTargets: logOutTargets(site),
    ...page,
    script: ssoLinkScript + (page.script ?? ''),
  });
}

/** Origins that a log-out form may end up at: browsers apply the form rule to redirects, too. */
function logOutTargets(site: Site): readonly string[] {
  const { ssoLogoutRedirUrl, ssoLoginRequiredLogoutUrl } = site.settings();
  return [ssoLogoutRedirUrl, ssoLoginRequiredLogoutUrl].flatMap((url) =>
    URL.canParse(url) ? [new URL(url).origin] : [],
  );
}
