import type { Request, RequestHandler } from 'express';

import { findActor } from '../../forum/api-actor.js';
import type { ForumUser } from '../../forum/records.js';
import { isSuspended } from '../../forum/sso-login.js';
import { DiscourseError } from '../../protocol/errors.js';
import { type ForumContext, remoteIp } from '../context.js';
import { invalidAccess, notFound, notLoggedIn, rateLimited, readOnly, serverError } from './api-error.js';
import { type Parameters, readParameters } from './parameters.js';

/** One call of the API. */
export interface ApiCall {
  /** Who acts; null when there was no key. */
  readonly actor: ForumUser | null;
  readonly parameters: Parameters;
  readonly request: Request;
}

/** A success. Without `json` the body is empty. */
export interface ApiAnswer {
  readonly status?: number;
  readonly json?: unknown;
}

export interface ApiRouteRules {
  /** Discourse's name for it, which scopes of keys go by: `admin/users#sync_sso`. */
  readonly action: string;
  /** Who may call it; others get a 404. */
  readonly allows: 'anyone' | 'users' | 'staff' | 'admins';
}

const keyIsWrong = 'The API key or the user name with it is not valid.';

/**
 * A route of the forum's API, with everything that comes before its own work, in Discourse's order: the key, its user,
 * the rate limit, read-only mode, the right to call it.
 */
export function apiRoute(
  context: ForumContext,
  rules: ApiRouteRules,
  work: (call: ApiCall) => ApiAnswer,
): RequestHandler {
  const { forum } = context;
  return async (request, response) => {
    const actor = authenticate(context, request, rules.action);
    if (request.method !== 'GET' && forum.modes.readOnly) throw readOnly();
    requireRights(actor, rules.allows, forum.settings.login_required);
    const parameters = await readParameters(request, forum.rack);
    const { status = 200, json } = run(() => work({ actor, parameters, request }));
    response.status(status);
    if (json === undefined) response.end();
    else response.json(json);
  };
}

/** Lets the API answer what ends in `.json` or comes with a key, and the pages all else. */
export function onlyJson(api: RequestHandler): RequestHandler {
  return (request, response, next) => {
    const isApi = request.path.endsWith('.json') || request.headers['api-key'] !== undefined;
    return isApi ? api(request, response, next) : next();
  };
}

/** The user that a key stands for; null without a key. Only accepted keys count against the limit. */
function authenticate({ forum, apiLimit }: ForumContext, request: Request, action: string): ForumUser | null {
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const sent = header('api-key');
  if (sent === undefined) return null;
  const key = forum.apiKeys.find(sent, { action, method: request.method, ip: remoteIp(request) });
  if (key === null) throw invalidAccess(keyIsWrong);
  const named = {
    username: header('api-username'),
    userId: header('api-user-id'),
    externalId: header('api-user-external-id'),
  };
  const actor = findActor(key, named, forum.directory);
  if (actor === null) throw invalidAccess(keyIsWrong);
  if (!actor.active || isSuspended(actor, forum.now())) throw invalidAccess();
  forum.apiKeys.touch(key.id);
  const wait = apiLimit.take('');
  if (wait !== null) throw rateLimited(wait);
  return actor;
}

function requireRights(
  actor: ForumUser | null,
  allows: ApiRouteRules['allows'],
  loginRequired: boolean,
): void {
  if (actor === null && (allows === 'users' || (allows === 'anyone' && loginRequired))) throw notLoggedIn();
  if (allows === 'anyone' || allows === 'users') return;
  const fits = actor?.admin === true || (allows === 'staff' && actor?.moderator === true);
  if (!fits) throw notFound();
}

/** What Discourse does not catch is a 500. */
function run(work: () => ApiAnswer): ApiAnswer {
  try {
    return work();
  } catch (error) {
    throw error instanceof DiscourseError ? serverError() : error;
  }
}
