import type { Request, Response } from 'express';

import { queryOf } from '../php/form.js';
import type { AccountError, BlogAccount } from './accounts.js';
import type { Blog } from './blog.js';
import { isAnswer, isSignatureRight, readAnswer, requestUrl } from './sso-message.js';

/** `?discourse_sso=1&redirect_to=…`: to the forum. Whoever made the link chose where to return to. */
export function beginLogin(blog: Blog, request: Request, response: Response): boolean {
  const query = queryOf(request.url);
  if (!blog.options['sso-client-enabled'] || ['', '0'].includes(query.get('discourse_sso') ?? ''))
    return false;
  const wanted = query.get('redirect_to') ?? '';
  const returnUrl = wanted === '' ? `${blog.address.origin}/` : wanted;
  response.redirect(302, requestUrl(blog.options, blog.nonces.create(), returnUrl));
  return true;
}

/**
 * An answer of the forum, at whatever page it arrives: the signature, then the account, which may be made for it, and only
 * then the nonce.
 * @returns false when there is none, or its signature is wrong: the page is shown as if nothing were the matter
 */
export function finishLogin(blog: Blog, request: Request, response: Response): boolean {
  const query = queryOf(request.url);
  if (!blog.options['sso-client-enabled'] || !isAnswer(query)) return false;
  if (!isSignatureRight(query, blog.options)) {
    blog.note('parse_request.invalid_signature');
    return false;
  }
  const answer = readAnswer(query);
  const visitor = blog.accounts.byId(blog.sessions.read(request)?.accountId ?? null);
  if (visitor !== null) {
    linkVisitor(blog, response, visitor, answer);
    return true;
  }
  if (answer === null) return refuse(blog, response, 'expired_nonce');
  const account = accountFor(blog, answer);
  if (typeof account === 'string') return refuse(blog, response, account);
  if (!blog.nonces.use(answer.get('nonce') ?? '')) return refuse(blog, response, 'expired_nonce');
  blog.accounts.update(account.id, {
    discourseUsername: answer.get('username') ?? null,
    discourseId: account.discourseId ?? answer.get('external_id') ?? null,
    ...(['', '0'].includes(answer.get('name') ?? '')
      ? {}
      : { firstName: (answer.get('name') ?? '').split(' ')[0] ?? '' }),
  });
  blog.sessions.renew(request, response).accountId = account.id;
  leave(blog, response, answer.get('return_sso_url'));
  return true;
}

/** The account by the forum's number, else by address if that is wanted, else a new one. */
function accountFor(blog: Blog, answer: ReadonlyMap<string, string>): BlogAccount | AccountError {
  const { accounts, options } = blog;
  const known = accounts.byDiscourseId(answer.get('external_id') ?? '');
  if (known !== null) return known;
  const [username, email] = [answer.get('username'), answer.get('email')];
  if (options['sso-client-sync-by-email'] && email !== undefined) {
    const same = accounts.byEmail(email);
    if (same !== null) return same;
  }
  if (options['sso-client-disable-create-user']) return 'no_matching_user';
  if (username === undefined || email === undefined)
    throw new TypeError('wp_create_user(): a text is needed, array given');
  return accounts.create(username, email);
}

/** Somebody who is logged in already is linked when the addresses are the same. No nonce is asked for. */
function linkVisitor(
  blog: Blog,
  response: Response,
  visitor: BlogAccount,
  answer: ReadonlyMap<string, string> | null,
): void {
  const sameAddress = answer?.get('email') === visitor.email;
  if (visitor.discourseId === null && !sameAddress) {
    response.redirect(302, `${blog.address.origin}/wp-admin/profile.php`);
    return;
  }
  if (visitor.discourseId === null)
    blog.accounts.update(visitor.id, { discourseId: answer?.get('external_id') ?? null });
  leave(blog, response, answer?.get('return_sso_url'));
}

function refuse(blog: Blog, response: Response, code: AccountError): true {
  blog.note(`parse_request: ${code}`);
  response.redirect(302, `${blog.address.origin}/wp-login.php?discourse_sso_error=${code}`);
  return true;
}

/** `wp_safe_redirect`: to this blog only. Without an address nothing is sent but the cookie. */
function leave(blog: Blog, response: Response, url: string | undefined): void {
  if (url === undefined || url === '') response.status(200).end();
  else if (URL.canParse(url) && new URL(url).host === new URL(blog.address.origin).host)
    response.redirect(302, url);
  else response.redirect(302, `${blog.address.origin}/wp-admin/`);
}
