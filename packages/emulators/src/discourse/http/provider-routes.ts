import type { Express, Request, Response } from 'express';

import { HttpError } from '../../server/index.js';
import type { ForumUser } from '../forum/records.js';
import {
  createChallenge,
  findCompletedChallenge,
  hasMethod,
  secondFactorMethods,
} from '../forum/second-factor.js';
import { uploadUrl } from '../payloads/pictures.js';
import { DiscourseError, ParseError } from '../protocol/errors.js';
import {
  answerProviderRequest,
  type ProviderAnswer,
  type ProviderUser,
} from '../protocol/provider-answer.js';
import { endSession } from './browser-session.js';
import { currentUser, type ForumContext, queryParameter, rawQuery } from './context.js';
import { keepPayload } from './sso-payload.js';
import { challengeText } from './texts.js';

const route = '/session/sso_provider';

/** The forum logs people in to sites: `/session/sso_provider`. */
export function mountProviderRoutes(app: Express, context: ForumContext): void {
  app.get(route, (request, response) => {
    if (!context.forum.settings.enable_discourse_connect_provider) {
      throw new HttpError(404, 'This forum does not log people in to other sites.');
    }
    const nonce = queryParameter(context, request, 'second_factor_nonce') ?? '';
    if (nonce !== '') {
      answerChallenge(context, request, response, nonce);
      return;
    }
    if ((queryParameter(context, request, 'sso') ?? '') === '') {
      throw new HttpError(400, 'The parameter sso is missing.');
    }
    serveProvider(context, request, response, rawQuery(request));
  });
}

/**
 * Carries out a provider request for whoever is logged in in this browser.
 * @param confirmed the person has just used a second factor to log in
 */
export function serveProvider(
  context: ForumContext,
  request: Request,
  response: Response,
  query: string,
  confirmed = false,
): void {
  const user = currentUser(context, request);
  const answer = decide(context, response, query, user, confirmed ? 'confirmed' : undefined);
  if (answer === null) return;
  switch (answer.kind) {
    case 'login':
      keepPayload(context, response, query);
      note(context, 302, 'login_asked', answer, user);
      response.redirect(302, `${context.forum.origin}/login`);
      break;
    case 'logout':
      note(context, 302, 'logged_out', answer, user);
      endSession(context, request, response);
      leave(request, response, answer.location);
      break;
    case 'answer':
      if (user !== null && answer.answer.fields.require_2fa === true && !confirmed) {
        askForSecondFactor(context, request, response, query, user);
        return;
      }
      note(context, 302, 'answered', answer, user);
      leave(request, response, answer.location);
  }
}

/** The pure decision; null when it was refused, and the response is sent. */
function decide(
  { forum }: ForumContext,
  response: Response,
  query: string,
  user: ForumUser | null,
  secondFactor: 'confirmed' | 'none' | undefined,
): ProviderAnswer | null {
  try {
    return answerProviderRequest({
      query,
      secrets: forum.providerSecrets,
      enabled: forum.settings.enable_discourse_connect_provider,
      user: user === null ? null : providerUser(user, forum.directory.groupNames(user), forum.origin),
      rack: forum.rack,
      ...(secondFactor === undefined ? {} : { secondFactor }),
    });
  } catch (error) {
    if (!(error instanceof DiscourseError)) throw error;
    const { status, text } = refusalOf(error);
    forum.journal.add({
      route,
      status,
      outcome: 'refused',
      reason: error.message,
      errorClass: error.className,
      username: user?.username ?? null,
    });
    if (status === 500) throw new HttpError(500, text);
    response.status(status).type('text/plain').send(text);
    return null;
  }
}

function askForSecondFactor(
  context: ForumContext,
  request: Request,
  response: Response,
  query: string,
  user: ForumUser,
): void {
  const { forum, sessions } = context;
  if (!hasMethod(user, secondFactorMethods.totp)) {
    const answer = decide(context, response, query, user, 'none');
    if (answer?.kind !== 'answer') return;
    note(context, 302, 'answered', answer, user);
    leave(request, response, answer.location);
    return;
  }
  const challenge = createChallenge(query, user.id, forum.now());
  sessions.open(request, response).challenge = challenge;
  forum.journal.add({ route, status: 302, outcome: 'second_factor_asked', username: user.username });
  if (isXhr(request)) response.status(403).json({ second_factor_challenge_nonce: challenge.nonce });
  else response.redirect(302, `${forum.origin}/session/2fa?nonce=${challenge.nonce}`);
}

/** The person comes back from the page for second factors. */
function answerChallenge(context: ForumContext, request: Request, response: Response, nonce: string): void {
  const { forum, sessions } = context;
  const session = sessions.open(request, response);
  const user = currentUser(context, request);
  const found = findCompletedChallenge(session.challenge, nonce, user?.id ?? null, forum.now());
  if ('refused' in found) {
    const { status, refused } = found;
    forum.journal.add({
      route,
      status,
      outcome: 'refused',
      reason: refused,
      username: user?.username ?? null,
    });
    response.status(status).json({ error: challengeText(refused) });
    return;
  }
  session.challenge = null;
  const answer = decide(context, response, found.query, user, 'confirmed');
  if (answer?.kind !== 'answer') return;
  note(context, 302, 'answered', answer, user);
  if (isXhr(request) || request.accepts(['html', 'json']) === 'json') {
    response.json({ success: 'OK', redirect_url: answer.location });
  } else response.redirect(302, answer.location);
}

/** To the site: a redirect, or its address for a script that takes the browser there. */
function leave(request: Request, response: Response, location: string): void {
  if (isXhr(request)) response.json({ success: 'OK', redirect_url: location });
  else response.redirect(302, location);
}

function isXhr(request: Request): boolean {
  return request.headers['x-requested-with'] === 'XMLHttpRequest';
}

function note(
  { forum }: ForumContext,
  status: number,
  outcome: 'answered' | 'login_asked' | 'logged_out',
  answer: ProviderAnswer,
  user: ForumUser | null,
): void {
  // Without its query, which holds the signed answer.
  const location = answer.kind === 'login' ? null : (answer.location.split('?')[0] ?? null);
  forum.journal.add(
    { route, status, outcome, location, username: user?.username ?? null },
    answer.kind === 'answer' ? answer.answer : undefined,
  );
}

function providerUser(user: ForumUser, groups: readonly string[], origin: string): ProviderUser {
  return {
    ...(user.name === '' ? {} : { name: user.name }),
    username: user.username,
    email: user.email,
    external_id: String(user.id),
    admin: user.admin,
    moderator: user.moderator,
    groups: groups.join(','),
    ...(user.avatar === null ? {} : { avatar_url: uploadUrl(user.avatar, origin) }),
    ...(user.profileBackground === null
      ? {}
      : { profile_background_url: uploadUrl(user.profileBackground, origin) }),
    ...(user.cardBackground === null ? {} : { card_background_url: uploadUrl(user.cardBackground, origin) }),
  };
}

function refusalOf(error: DiscourseError): { readonly status: number; readonly text: string } {
  if (error instanceof ParseError) return { status: 422, text: 'Login error' };
  switch (error.className) {
    case 'DiscourseConnectProvider::BlankSecret':
      return { status: 400, text: 'No secret is set for the site that this login request came from.' };
    case 'DiscourseConnectProvider::BlankReturnUrl':
      return { status: 400, text: 'The return_sso_url is blank.' };
    case 'DiscourseConnectProvider::InvalidParameterValueError':
      return { status: 400, text: 'The value of the parameter prompt is not known.' };
  }
  return { status: 500, text: 'The forum failed on this request.' };
}
