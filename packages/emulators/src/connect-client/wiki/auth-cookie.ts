import type { Request, Response } from 'express';

import { readCookie } from '../../server/index.js';
import type { Wiki } from './wiki.js';

/**
 * What the extension remembers in the browser for 30 days: that cookies work (`present`), that it is asking, that
 * somebody was logged in (`yes`), or that it should not ask any more (`no`).
 */
export type AuthCookie = 'present' | 'probing_quiet' | 'probing_noisy' | 'yes' | 'no';

const values: readonly string[] = ['present', 'probing_quiet', 'probing_noisy', 'yes', 'no'];
const thirtyDays = 30 * 86_400;

export function readAuthCookie(wiki: Wiki, request: Request): AuthCookie | null {
  const value = readCookie(request, nameOf(wiki));
  return isAuthCookie(value) ? value : null;
}

export function setAuthCookie(wiki: Wiki, response: Response, value: AuthCookie): void {
  response.append('Set-Cookie', `${nameOf(wiki)}=${value}; ${attributes}; Max-Age=${thirtyDays}`);
}

/** As a browser that has never been here. */
export function forgetAuthCookie(wiki: Wiki, response: Response): void {
  response.append('Set-Cookie', `${nameOf(wiki)}=; ${attributes}; Max-Age=0`);
}

const attributes = 'Path=/; HttpOnly; SameSite=Lax';

/** All ports of one host share their cookies. */
function nameOf({ address }: Wiki): string {
  return `wiki${address.port}DiscourseSsoConsumerAuth`;
}

function isAuthCookie(value: string | undefined): value is AuthCookie {
  return value !== undefined && values.includes(value);
}
