import type { Express, RequestHandler } from 'express';

import { readJsonBody } from './json-body.js';
import { readAuthnToken } from './paseto-token.js';
import { embeddingSources } from './settings.js';
import type { Site } from './site.js';
import { TalkyardError } from './talkyard-error.js';
import { judgeThenGoTo } from './then-go-to.js';
import { asObject } from './user-input.js';

/** The addresses at which browsers log in and out. */
export function mountLogins(app: Express, site: Site): void {
  const loginWithSecret: RequestHandler = (request, response) => {
    const query = new URL(request.originalUrl, site.origin).searchParams;
    for (const name of ['oneTimeSecret', 'thenGoTo']) {
      if (query.getAll(name).length > 1)
        throw new TalkyardError(400, 'TyE6ABKP2', `Parameter given twice: ${name}`);
    }
    const secret = query.get('oneTimeSecret');
    if (secret === null || secret === '')
      throw new TalkyardError(400, 'TyE7AKK25', 'Parameter missing: oneTimeSecret');
    const memberId = site.loginSecrets.redeem(secret);
    const sources = embeddingSources(site.settings(), site.origin);
    const goTo = judgeThenGoTo(query.get('thenGoTo') ?? '', site.origin, sources);
    const { weakId, xsrfToken } = site.sessions.startInBrowser(memberId, request, response);
    if (request.headers['x-requested-with'] === 'XMLHttpRequest') {
      response.json({ weakSessionId: weakId, xsrfTokenIfNoCookies: xsrfToken });
    } else {
      response.status(307).setHeader('Location', goTo).end();
    }
  };
  app.get('/-/v0/login-with-secret', loginWithSecret);
  app.get('/-/v0/sso-login', loginWithSecret);

  const pace = createPace(site.now);
  app.post('/-/v0/upsert-user-and-login', async (request, response) => {
    const body = asObject(await readJsonBody(request, 5_000));
    pace(request.socket.remoteAddress ?? '');
    const token = body?.userAuthnToken;
    if (typeof token !== 'string') throw new TalkyardError(400, 'TyE0SSOTKN', 'No userAuthnToken');
    const input = readAuthnToken(token, site.settings().ssoPasetoV2LocalSecret, site.now());
    const { weakId, xsrfToken } = site.sessions.start(site.community.logIn(input).id);
    response.json({ weakSessionId: weakId, xsrfTokenIfNoCookies: xsrfToken });
  });

  const logOut: RequestHandler = (request, response) => {
    const query = new URL(request.originalUrl, site.origin).searchParams;
    const current = query.get('currentUrlPath') ?? '/';
    site.sessions.endInBrowser(request, response);
    const goTo = afterLogOut(site);
    // The site's landing page may tell by the Referer that people come from here; our pages' own policy would hide it.
    response.setHeader('Referrer-Policy', 'strict-origin-when-cross-origin');
    if (request.headers['x-requested-with'] === 'XMLHttpRequest') response.json({ goToUrl: goTo ?? null });
    else
      response
        .status(307)
        .setHeader('Location', goTo ?? (/^\/(?![/\\])/.test(current) ? current : '/'))
        .end();
  };
  app.get('/-/logout', logOut);
  app.post('/-/logout', logOut);
}

/** Where Talkyard sends somebody who has just logged out; undefined: they stay where they are. */
function afterLogOut(site: Site): string | undefined {
  const { enableSso, ssoLogoutRedirUrl, ssoLoginRequiredLogoutUrl, userMustBeAuthenticated } =
    site.settings();
  if (enableSso && ssoLogoutRedirUrl !== '') return ssoLogoutRedirUrl;
  if (!userMustBeAuthenticated) return undefined;
  return enableSso && ssoLoginRequiredLogoutUrl !== '' ? ssoLoginRequiredLogoutUrl : '/';
}

/** Talkyard's limits for browsers: 40 in 15 seconds, 150 in 15 minutes. */
function createPace(now: () => Date): (sender: string) => void {
  const calls = new Map<string, number[]>();
  return (sender) => {
    const time = now().getTime();
    const recent = (calls.get(sender) ?? []).filter((at) => at > time - 900_000);
    if (recent.filter((at) => at > time - 15_000).length >= 40) {
      throw new TalkyardError(429, 'DwE35BG8', 'Rate limited; wait 15 seconds');
    }
    if (recent.length >= 150) throw new TalkyardError(429, 'DwE8IJF4', 'Rate limited; wait 15 minutes');
    calls.set(sender, [...recent, time]);
  };
}
