import type { Request, Response } from 'express';

import { queryOf } from '../php/form.js';
import { WikiFault, WikiTypeError } from './accounts.js';
import { readAuthCookie, setAuthCookie } from './auth-cookie.js';
import { sendLoginPage } from './pages.js';
import { freshNonce, readAnswer, requestUrl } from './sso-message.js';
import { UnusableName } from './user-name.js';
import type { StartedLogin, Wiki } from './wiki.js';

/** The page that answers come back to. */
export const loginTitle = 'Special:PluggableAuthLogin';

/** `Special:UserLogin`: with one button alone, PluggableAuth goes on to the forum at once. */
export function beginLogin(wiki: Wiki, request: Request, response: Response): void {
  const query = queryOf(request.url);
  const session = wiki.sessions.open(request, response);
  session.login = {
    nonce: null,
    probe: null,
    returnTo: query.get('returnto') ?? 'Main Page',
    returnToQuery: query.get('returntoquery') ?? '',
  };
  response.redirect(302, wiki.urlOf(loginTitle));
}

/** `Special:PluggableAuthLogin`: on the way to the forum, and on the way back. */
export function continueLogin(wiki: Wiki, request: Request, response: Response): void {
  const session = wiki.sessions.open(request, response);
  const { login } = session;
  if (login === null) {
    fail(wiki, response, 'There is no login in progress in this browser.');
  } else if (login.nonce === null) {
    leaveForForum(wiki, request, response, login);
  } else {
    // Whatever comes of it, the same answer is worth nothing a second time.
    session.login = null;
    finish(wiki, request, response, login, login.nonce);
  }
}

function leaveForForum(wiki: Wiki, request: Request, response: Response, login: StartedLogin): void {
  const cookie = readAuthCookie(wiki, request);
  login.probe = cookie === 'probing_quiet' ? 'quiet' : cookie === 'probing_noisy' ? 'noisy' : null;
  login.nonce = freshNonce();
  // Written before leaving, so that an attempt that nobody finishes does not begin anew at each page.
  setAuthCookie(wiki, response, 'no');
  const returnUrl = wiki.urlOf(loginTitle);
  response.redirect(
    302,
    requestUrl(wiki.config, { nonce: login.nonce, returnUrl, probe: login.probe !== null }),
  );
}

function finish(
  wiki: Wiki,
  request: Request,
  response: Response,
  { probe, returnTo, returnToQuery }: StartedLogin,
  nonce: string,
): void {
  const back = wiki.urlOf(returnTo, returnToQuery);
  try {
    const person = readAnswer(queryOf(request.url), nonce, wiki.config);
    if (person === null) {
      if (probe !== 'quiet') throw new WikiFault('Authentication failed/declined/aborted.');
      response.redirect(302, back);
      return;
    }
    const account = wiki.accounts.settle(person);
    setAuthCookie(wiki, response, 'yes');
    wiki.sessions.renew(request, response).accountId = account?.id ?? null;
    response.redirect(302, back);
  } catch (error) {
    const known =
      error instanceof WikiFault || error instanceof WikiTypeError || error instanceof UnusableName;
    if (!known) throw error;
    fail(wiki, response, error.message);
  }
}

function fail(wiki: Wiki, response: Response, message: string): void {
  wiki.note(`Login failed: ${message}`);
  setAuthCookie(wiki, response, 'no');
  sendLoginPage(wiki, response, message);
}
