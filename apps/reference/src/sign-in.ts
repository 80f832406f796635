import { errorFrom, isRefusal, safeReturnPath } from '@forum-sso/core';

import { oneOf } from './http/form-fields.js';
import type { PageOptions } from './http/page-replies.js';
import type { PageReply, PageRequest, PageRoute } from './http/page-route.js';
import { loginPage } from './pages/login-page.js';
import type { SiteContext } from './site-context.js';

// A return path of 2,048 characters may be three times as long in the form.
const formLimit = 8_192;

/** The site's own sign-in and sign-out. A real site has its own instead; Forum SSO only leads people here and back. */
export function signInRoutes(site: SiteContext): readonly PageRoute[] {
  const { origin, reply, people, sso, checkPassword } = site;
  return [
    {
      method: 'GET',
      path: '/login',
      visitors: 'everybody',
      answer: (request) => form(site, request, readReturnTo(request.query, origin)),
    },
    {
      method: 'POST',
      path: '/login',
      visitors: 'everybody',
      async answer(request) {
        const fields = await request.form(formLimit);
        const returnTo = readReturnTo(fields, origin);
        const username = oneOf(fields, 'username');
        const person = people.offered.find(({ user }) => user.username === username);
        const verdict = checkPassword(oneOf(fields, 'password') ?? '');
        const again = (problem: string, options: PageOptions): PageReply =>
          form(site, request, returnTo, problem, options);
        if (verdict === 'too-many') {
          return again('Too many wrong passwords. Please wait a minute.', {
            status: 429,
            headers: [['Retry-After', '60']],
          });
        }
        if (verdict === 'wrong') return again('That is not the password of this demo.', { status: 403 });
        if (person === undefined)
          return again('There is no such account. Pick one of these.', { status: 400 });
        await request.forum.signIn(person.user);
        return reply.redirect(returnTo ?? '/account');
      },
    },
    {
      method: 'POST',
      path: '/logout',
      visitors: 'everybody',
      async answer({ forum }) {
        const { user } = forum;
        await forum.signOut();
        // In this person's other browsers, and at the communities that can do it.
        if (user !== null) await sso.signOut(user.id);
        return reply.redirect('/');
      },
    },
  ];
}

/** The form, and what was wrong with it the last time. */
function form(
  { sso, reply, frame, people, communities, asksPassword }: SiteContext,
  request: PageRequest,
  returnTo: string | undefined,
  problem?: string,
  options?: PageOptions,
): PageReply {
  const page = loginPage(frame(request), {
    people: people.offered,
    others: communities.flatMap(({ title, signIn }) => (signIn === undefined ? [] : [{ title, ...signIn }])),
    returnTo,
    forCommunity: returnTo !== undefined && sso.owns(returnTo),
    asksPassword,
    ...(problem === undefined ? {} : { problem }),
  });
  return reply.page(page, options);
}

/** The path to go to after signing in: checked, or undefined when none was given. */
function readReturnTo(fields: URLSearchParams, origin: string): string | undefined {
  const value = oneOf(fields, 'returnTo');
  if (value === undefined || value === '') return undefined;
  const path = safeReturnPath(value, origin);
  if (isRefusal(path)) throw errorFrom(path);
  return path;
}
