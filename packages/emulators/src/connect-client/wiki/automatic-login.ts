import type { Request, Response } from 'express';

import { queryOf } from '../php/form.js';
import { readAuthCookie, setAuthCookie } from './auth-cookie.js';
import type { Wiki } from './wiki.js';

const cookieTest = 'DssocNoCookies';

/**
 * Seamless login (first visit) and automatic re-login (the session ran out): before any page for an anonymous visitor.
 * @returns true when the visitor was sent on
 */
export function loginByItself(wiki: Wiki, request: Request, response: Response, title: string): boolean {
  const { Enable, EnableSeamlessLogin, EnableAutoRelogin } = wiki.config.Sso;
  if (!Enable || request.method !== 'GET') return false;
  if ((wiki.sessions.read(request)?.accountId ?? null) !== null) return false;
  const cookie = readAuthCookie(wiki, request);
  if (cookie === 'no') return false;
  if (cookie === 'yes') return EnableAutoRelogin && probe(wiki, request, response, title, 'probing_noisy');
  if (!EnableSeamlessLogin) return false;
  if (cookie !== null) return probe(wiki, request, response, title, 'probing_quiet');
  if (queryOf(request.url).has(cookieTest)) return false;
  setAuthCookie(wiki, response, 'present');
  response.redirect(
    302,
    `${wiki.address.origin}${request.url}${request.url.includes('?') ? '&' : '?'}${cookieTest}=1`,
  );
  return true;
}

function probe(
  wiki: Wiki,
  request: Request,
  response: Response,
  title: string,
  how: 'probing_quiet' | 'probing_noisy',
): true {
  setAuthCookie(wiki, response, how);
  const query = (request.url.split('?')[1] ?? '')
    .split('&')
    .filter((pair) => pair !== '' && !/^(?:title|DssocNoCookies)=/.test(pair))
    .join('&');
  const back = `returnto=${encodeURIComponent(title)}&returntoquery=${encodeURIComponent(query)}`;
  response.redirect(302, wiki.urlOf('Special:UserLogin', back));
  return true;
}
