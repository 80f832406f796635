import type { Request, Response } from 'express';

import { readForm } from '../../server/index.js';
import { isObject, parseJson } from '../json.js';
import type { WikiAccount } from './accounts.js';
import { setAuthCookie } from './auth-cookie.js';
import { sendLoggedOutPage, sendLogOutPage, sendServerError } from './pages.js';
import { freshNonce, requestUrl } from './sso-message.js';
import type { Wiki } from './wiki.js';

export const logOutTitle = 'Special:UserLogout';

/** The question, or the words that it is done. */
export function showLogOut(wiki: Wiki, request: Request, response: Response): void {
  const account = accountOf(wiki, request);
  if (account === null) sendLoggedOutPage(wiki, response);
  else sendLogOutPage(wiki, response, account);
}

/** Logs out here; if asked, everywhere; and at the forum as well, when the wiki forwards log-outs. */
export async function logOut(wiki: Wiki, request: Request, response: Response): Promise<void> {
  const form = await readForm(request);
  const account = accountOf(wiki, request);
  setAuthCookie(wiki, response, 'no');
  wiki.sessions.end(request, response);
  const { OfferGlobalOptionToUser, ForwardToDiscourse } = wiki.config.Logout;
  if (account !== null && OfferGlobalOptionToUser && form.has('dssoc-global-logout')) {
    // Forwarding ends the request before the database has taken this down: then the other sessions live on.
    if (!ForwardToDiscourse) wiki.sessions.endWhere(({ accountId }) => accountId === account.id);
    else if (!(await logOutAtForum(wiki, account))) {
      sendServerError(wiki, response, 'DiscourseApi logout request failed.');
      return;
    }
  }
  if (!ForwardToDiscourse) {
    sendLoggedOutPage(wiki, response);
    return;
  }
  const returnUrl = wiki.urlOf(logOutTitle);
  response.redirect(302, requestUrl(wiki.config, { nonce: freshNonce(), returnUrl, logout: true }));
}

function accountOf(wiki: Wiki, request: Request): WikiAccount | null {
  return wiki.accounts.byId(wiki.sessions.read(request)?.accountId ?? null);
}

/** `POST /admin/users/ID/log_out.json`: only status 200 with `success` equal to `OK` counts. */
async function logOutAtForum(wiki: Wiki, { discourseId }: WikiAccount): Promise<boolean> {
  if (discourseId === null) return true;
  const { LogoutEndpoint, Key, Username } = wiki.config.DiscourseApi;
  const url = wiki.config.DiscourseUrl + LogoutEndpoint.replace('{id}', discourseId);
  try {
    const answer = await wiki.fetch(url, {
      method: 'POST',
      headers: { Accept: 'application/json', 'Api-Key': Key ?? '', 'Api-Username': Username },
      redirect: 'manual',
    });
    const text = await answer.text();
    wiki.note(`POST ${LogoutEndpoint} was answered with ${answer.status}.`);
    return answer.status === 200 && successOf(text) === 'OK';
  } catch {
    wiki.note(`POST ${LogoutEndpoint} was not answered.`);
    return false;
  }
}

function successOf(text: string): unknown {
  const value = parseJson(text);
  return isObject(value) ? value.success : undefined;
}
