import type { Request, Response } from 'express';

import { readCookie } from '../../server/index.js';
import type { ForumContext } from './context.js';

/** The cookie that keeps a provider request while the person logs in. */
const cookieName = 'sso_payload';

export function keepPayload({ address }: ForumContext, response: Response, query: string): void {
  response.cookie(cookieName, query, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: address.origin.startsWith('https:'),
  });
}

/** The request that waits in this browser; null when there is none, or the forum is no provider any more. */
export function readPayload({ forum }: ForumContext, request: Request): string | null {
  const value = readCookie(request, cookieName);
  if (value === undefined || value === '' || !forum.settings.enable_discourse_connect_provider) return null;
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}

/** Reads it and takes it out of the browser. */
export function takePayload(context: ForumContext, request: Request, response: Response): string | null {
  const payload = readPayload(context, request);
  if (readCookie(request, cookieName) !== undefined) response.clearCookie(cookieName, { path: '/' });
  return payload;
}

/**
 * Where a form may end up whose answer leads to the site that waits: that site sends people on to wherever it likes.
 * For the page's security policy alone; a forum has no such limit.
 * @param query the request that waits, or null
 */
export function onwardTargets(query: string | null): readonly string[] {
  return query === null ? [] : ['https:', 'http:'];
}
