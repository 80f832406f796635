import { errorFrom, ForumSsoError, isRefusal, safeReturnPath } from '@forum-sso/core';
import express, { type Request, type Response, Router } from 'express';

import { ownPagesOnly } from './http/own-pages-only.js';
import type { Frame } from './pages/layout.js';
import { loginPage } from './pages/login-page.js';
import type { PasswordVerdict } from './password-gate.js';
import type { People } from './people.js';

export interface SignInOptions {
  /** The site's origin. */
  readonly origin: string;
  /** Path below which communities ask who somebody is: `/sso`. */
  readonly ssoPath: string;
  readonly people: People;
  readonly asksPassword: boolean;
  readonly checkPassword: (given: string) => PasswordVerdict;
  /** Ends the visitor's session, here and wherever else that is possible. */
  readonly signOut: (request: Request) => Promise<void>;
  readonly frame: (request: Request) => Frame;
}

/** The site's own sign-in and sign-out. A real site has its own instead; Forum SSO only leads people here and back. */
export function signInRoutes({
  origin,
  ssoPath,
  people,
  asksPassword,
  checkPassword,
  signOut,
  frame,
}: SignInOptions): Router {
  const router = Router();
  const fromOwnPage = ownPagesOnly(origin);
  // A return path of 2,048 characters may be three times as long in the form.
  const readBody = express.text({ type: 'application/x-www-form-urlencoded', limit: 8_192 });

  const sendForm = (
    request: Request,
    response: Response,
    returnTo: string | undefined,
    status = 200,
    problem?: string,
  ): void => {
    const page = loginPage(frame(request), {
      people: people.all,
      returnTo,
      forCommunity: returnTo?.startsWith(`${ssoPath}/`) === true,
      asksPassword,
      ...(problem === undefined ? {} : { problem }),
    });
    response.status(status).type('html').send(page);
  };

  router.get('/login', (request, response) => {
    sendForm(request, response, readReturnTo(request.query.returnTo, origin));
  });

  router.post('/login', fromOwnPage, readBody, async (request, response) => {
    const body: unknown = request.body;
    const form = new URLSearchParams(typeof body === 'string' ? body : '');
    const returnTo = readReturnTo(oneOf(form, 'returnTo'), origin);
    const user = people.byUsername(oneOf(form, 'username') ?? '');
    const verdict = checkPassword(oneOf(form, 'password') ?? '');
    if (verdict === 'too-many') {
      response.set('Retry-After', '60');
      sendForm(request, response, returnTo, 429, 'Too many wrong passwords. Please wait a minute.');
    } else if (verdict === 'wrong') {
      sendForm(request, response, returnTo, 403, 'That is not the password of this demo.');
    } else if (user === undefined) {
      sendForm(request, response, returnTo, 400, 'There is no such account. Pick one of these.');
    } else {
      await request.forum.signIn(user);
      response.redirect(303, returnTo ?? '/account');
    }
  });

  router.post('/logout', fromOwnPage, async (request, response) => {
    await signOut(request);
    response.redirect(303, '/');
  });
  return router;
}

/** A form field's text; undefined when absent. */
function oneOf(form: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = form.getAll(name);
  if (more.length > 0) throw repeated(name);
  return value;
}

/** The path to go to after signing in: checked, or undefined when none was given. */
function readReturnTo(value: unknown, origin: string): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw repeated('returnTo');
  const path = safeReturnPath(value, origin);
  if (isRefusal(path)) throw errorFrom(path);
  return path;
}

function repeated(name: string): ForumSsoError {
  return new ForumSsoError('ERR_PARAMETER_REPEATED', `The field "${name}" was sent more than once.`);
}
