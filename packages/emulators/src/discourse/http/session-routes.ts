import type { Express, Request, Response } from 'express';

import { HttpError, html, ownPagesOnly, readCookie, readForm } from '../../server/index.js';
import { answerSsoLogin, type LoginAnswer } from '../forum/sso-login.js';
import { appendQuery, writePayload, writeQuery } from '../protocol/connect-message.js';
import { parseUri } from '../protocol/ruby-uri.js';
import { endSession, startSession } from './browser-session.js';
import {
  currentUser,
  type ForumContext,
  queryParameter,
  rawQuery,
  remoteIp,
  sendForumPage,
} from './context.js';
import { errorText } from './texts.js';

/** Logging in and out: `/session/sso`, `/session/sso_login`, `/session/:username`, `/login-required`. */
export function mountSessionRoutes(app: Express, context: ForumContext): void {
  const { forum, sessions, address } = context;

  app.get('/session/sso', (request, response) => {
    const returnPath = queryParameter(context, request, 'return_path') ?? '/';
    if (!forum.settings.enable_discourse_connect) throw new HttpError(404, 'DiscourseConnect is off.');
    const session = sessions.open(request, response);
    const destination = readCookie(request, 'destination_url') ?? session.destination;
    session.destination = null;
    if (readCookie(request, 'destination_url') !== undefined) response.clearCookie('destination_url');
    const path = returnPath === '/' && destination !== null ? pathOf(destination) : returnPath;
    const fields = {
      nonce: forum.nonces.register(session.nonces, path),
      return_sso_url: `${forum.origin}/session/sso_login`,
    };
    const query = writeQuery(writePayload(fields), forum.connectSecret);
    const location = appendQuery(forum.settings.discourse_connect_url, query);
    forum.journal.add(
      { route: '/session/sso', status: 302, outcome: 'started', location },
      { fields, custom: new Map() },
    );
    response.redirect(302, location);
  });

  app.get('/session/sso_login', (request, response) => {
    const session = sessions.open(request, response);
    sendLoginAnswer(
      answerSsoLogin({ query: rawQuery(request), session, ip: remoteIp(request) }, forum),
      context,
      request,
      response,
    );
  });

  const logOut = (request: Request, response: Response): void => {
    const { settings } = forum;
    const requested = queryParameter(context, request, 'return_url') ?? '';
    const parts = requested === '' ? null : parseUri(requested);
    const own = parts !== null && parts.scheme === null && parts.host === null && parts.path.startsWith('/');
    const landing = settings.login_required && settings.enable_discourse_connect ? '/login-required' : '/';
    const location = own ? requested : settings.logout_redirect === '' ? landing : settings.logout_redirect;
    endSession(context, request, response);
    if (request.headers['x-requested-with'] === 'XMLHttpRequest') response.json({ redirect_url: location });
    else response.redirect(302, location.startsWith('/') ? forum.origin + location : location);
  };
  app.delete('/session/:username', ownPagesOnly(address), logOut);
  app.post('/session/:username', ownPagesOnly(address), async (request, response) => {
    // The page's log-out button: browsers' forms know GET and POST only.
    const method = (await readForm(request)).get('_method');
    if (method !== 'delete') throw new HttpError(404, 'There is nothing to post here.');
    logOut(request, response);
  });

  app.get('/login-required', (request, response) =>
    sendForumPage(context, request, response, {
      title: 'Log In',
      body: html`<div class="card"><h1>You need to log in</h1><p>This forum is for members only.</p>
<p><a class="button" href="/session/sso">Log In</a></p></div>`,
    }),
  );
}

function sendLoginAnswer(
  answer: LoginAnswer,
  context: ForumContext,
  request: Request,
  response: Response,
): void {
  switch (answer.kind) {
    case 'redirect':
      if (answer.logIn !== null && answer.logIn.id !== currentUser(context, request)?.id) {
        startSession(context, request, response, answer.logIn);
      }
      response.redirect(302, answer.location);
      break;
    case 'error':
      sendForumPage(context, request, response, {
        status: answer.status,
        title: 'Login error',
        body: html`<div class="card" data-key="${answer.key}"><h1>Login error</h1>
<p>${answer.text ?? errorText(answer.key)}</p>
<p class="quiet">Status ${answer.status}, key <code>${answer.key}</code>. The <a href="/logs">log</a> tells more than a real
forum shows.</p></div>`,
      });
      break;
    case 'fault':
      throw new HttpError(answer.status, faults[answer.status] ?? 'Something went wrong.');
  }
}

const faults: Readonly<Record<number, string>> = {
  400: 'The request is incomplete or damaged.',
  404: 'DiscourseConnect is off.',
  500: 'The forum failed on this request.',
  503: 'The forum is read-only for now.',
};

/** Path and query of the page that was asked for, whatever host it names. */
function pathOf(destination: string): string {
  const parts = parseUri(decodeCookie(destination));
  return parts === null ? '/' : parts.path + parts.query;
}

function decodeCookie(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
