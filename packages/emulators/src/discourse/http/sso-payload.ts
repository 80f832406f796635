import type { Request, Response } from 'express';

import { readCookie } from '../../server/index.js';
import { readUnverified } from '../protocol/connect-message.js';
import { decodeQuery } from '../protocol/form.js';
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

/** The origins that a form may end up at when this request is answered; for the page's security policy alone. */
export function returnOrigins({ forum }: ForumContext, query: string | null): readonly string[] {
  if (query === null) return [];
  try {
    const { fields } = readUnverified(decodeQuery(query, forum.rack).get('sso') ?? null, forum.rack);
    const url = fields.return_sso_url;
    const isWeb = typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
    return isWeb ? [new URL(url).origin] : [];
  } catch {
    return [];
  }
}
