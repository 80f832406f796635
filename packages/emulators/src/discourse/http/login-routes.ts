import type { Express, Request, Response } from 'express';

import { type Html, HttpError, html, ownPagesOnly, readForm } from '../../server/index.js';
import { allowsLocalLogins, decideLocalLogin, signUp } from '../forum/local-login.js';
import { RecordInvalid } from '../forum/record-invalid.js';
import type { ForumUser } from '../forum/records.js';
import { resolveReturnPath } from '../forum/return-path.js';
import { isSuspended } from '../forum/sso-login.js';
import { startSession } from './browser-session.js';
import { currentUser, type ForumContext, queryParameter, remoteIp, sendForumPage } from './context.js';
import { avatar, badges } from './parts.js';
import { serveProvider } from './provider-routes.js';
import { secondFactorForms } from './second-factor-forms.js';
import { onwardTargets, readPayload, takePayload } from './sso-payload.js';

/** Logging in at the forum itself, and signing up: `/login`, `/session`, `/signup`. There are no passwords. */
export function mountLoginRoutes(app: Express, context: ForumContext): void {
  const { forum, sessions, address } = context;
  const ownPages = ownPagesOnly(address);

  app.get('/login', (request, response) => {
    const returnPath = queryParameter(context, request, 'return_path');
    if (currentUser(context, request) !== null) response.redirect(302, `${forum.origin}/`);
    else if (forum.settings.enable_discourse_connect) response.redirect(302, `${forum.origin}/session/sso`);
    else {
      if (returnPath !== undefined) sessions.open(request, response).destination = returnPath;
      sendLogin(context, request, response, 200, chooser(context));
    }
  });

  app.post('/session', ownPages, async (request, response) => {
    requireLocalLogins(context);
    const form = await readForm(request);
    const code = form.get('second_factor_token');
    const answer = decideLocalLogin(
      {
        login: form.get('login') ?? '',
        ip: remoteIp(request),
        ...(code === null ? {} : { code, method: Number(form.get('second_factor_method')) }),
      },
      forum,
    );
    switch (answer.kind) {
      case 'refused':
        sendLogin(
          context,
          request,
          response,
          403,
          html`<p class="bad">${answer.reason}</p>${chooser(context)}`,
        );
        break;
      case 'second_factor':
        sendLogin(
          context,
          request,
          response,
          answer.wrong ? 401 : 200,
          secondFactorForm(answer.user, answer.wrong),
        );
        break;
      case 'logged_in':
        startSession(context, request, response, answer.user);
        continueAfterLogin(context, request, response, answer.confirmed);
    }
  });

  app.get('/signup', (request, response) => {
    requireSignUps(context);
    sendLogin(context, request, response, 200, signUpForm());
  });

  app.post('/signup', ownPages, async (request, response) => {
    requireLocalLogins(context);
    requireSignUps(context);
    const form = await readForm(request);
    const given = {
      username: form.get('username')?.trim() ?? '',
      email: form.get('email')?.trim() ?? '',
      name: form.get('name')?.trim() ?? '',
    };
    try {
      const user = signUp(forum, given);
      sessions.open(request, response).accountCreatedMessage =
        `We sent a mail to ${user.email}. Follow its link to activate your account.`;
    } catch (error) {
      if (!(error instanceof RecordInvalid)) throw error;
      sendLogin(
        context,
        request,
        response,
        422,
        html`<p class="bad">${error.message}</p>${signUpForm(given)}`,
      );
      return;
    }
    response.redirect(303, `${forum.origin}/u/account-created`);
  });
}

/** After a login at the forum: back to the site that asked for it, else to the page that was asked for. */
export function continueAfterLogin(
  context: ForumContext,
  request: Request,
  response: Response,
  confirmed = false,
): void {
  const { forum, sessions } = context;
  const payload = takePayload(context, request, response);
  if (payload !== null) {
    serveProvider(context, request, response, payload, confirmed);
    return;
  }
  const session = sessions.open(request, response);
  const destination = session.destination ?? '/';
  session.destination = null;
  response.redirect(302, resolveReturnPath(destination, { origin: forum.origin, allowedDomains: '' }));
}

function requireLocalLogins({ forum }: ForumContext): void {
  if (forum.modes.readOnly) throw new HttpError(503, 'The forum is read-only for now.');
  if (!allowsLocalLogins(forum)) throw new HttpError(403, 'People do not log in here, but at the site.');
}

function requireSignUps({ forum }: ForumContext): void {
  if (!allowsLocalLogins(forum) || !forum.settings.allow_new_registrations || forum.modes.archived) {
    throw new HttpError(403, 'This forum takes no new accounts.');
  }
}

function sendLogin(
  context: ForumContext,
  request: Request,
  response: Response,
  status: number,
  body: Html,
): void {
  sendForumPage(context, request, response, {
    status,
    title: 'Log In',
    body: html`<h1>Log In</h1>${body}`,
    account: html``,
    formTargets: onwardTargets(readPayload(context, request)),
  });
}

function chooser({ forum }: ForumContext): Html {
  if (!allowsLocalLogins(forum)) return html`<div class="card"><p>Nobody can log in here.</p></div>`;
  const users = forum.directory.users().filter(({ staged }) => !staged);
  return html`<div class="card"><p class="quiet">This emulator has no passwords: choose who you are.</p>${
    users.length === 0
      ? html`<p>Nobody has an account yet.</p>`
      : html`<div class="table"><table><tbody>${users.map(
          (user) =>
            html`<tr><td><span class="person">${avatar(user, 'small')}<span><strong>${user.username}</strong> <span class="quiet">${user.name}</span></span></span></td>
<td>${badges(user, isSuspended(user, forum.now()))}</td>
<td><form method="post" action="/session"><input type="hidden" name="login" value="${user.username}"><button class="plain">Log in as ${user.username}</button></form></td></tr>`,
        )}</tbody></table></div>`
  }</div>
${forum.settings.allow_new_registrations && !forum.modes.archived && html`<p>New here? <a class="button" href="/signup">Sign up</a></p>`}`;
}

function secondFactorForm(user: ForumUser, wrong: boolean): Html {
  return html`<div class="card"><p>${user.username} has a second factor.</p>${wrong && html`<p class="bad">This code is not right.</p>`}
${secondFactorForms(user, { action: '/session', label: 'Log in', hidden: { login: user.username } })}</div>`;
}

function signUpForm(given: Partial<Record<'username' | 'email' | 'name', string>> = {}): Html {
  const field = (name: 'username' | 'email' | 'name', label: string, type: string, required: boolean): Html =>
    html`<label for="${name}">${label}</label><input id="${name}" name="${name}" type="${type}" value="${given[name] ?? ''}"${required && html` required`}>`;
  return html`<div class="card"><h2>New account</h2><form method="post" action="/signup">
${field('email', 'E-mail', 'email', true)}${field('username', 'User name', 'text', true)}${field('name', 'Name', 'text', false)}
<p><button>Create your account</button></p></form></div>`;
}
