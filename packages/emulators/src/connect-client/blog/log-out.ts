import type { Request, Response } from 'express';

import { isObject, parseJson } from '../json.js';
import type { BlogAccount } from './accounts.js';
import type { Blog } from './blog.js';

/** Ends the session here, and the person's sessions at the forum when that is wanted. What the forum says changes nothing. */
export async function logOut(blog: Blog, request: Request, response: Response): Promise<void> {
  const account = blog.accounts.byId(blog.sessions.read(request)?.accountId ?? null);
  if (account !== null && blog.options['sso-client-enabled'] && blog.options['sso-client-sync-logout'])
    await logOutAtForum(blog, account);
  blog.sessions.end(request, response);
}

async function logOutAtForum(blog: Blog, account: BlogAccount): Promise<void> {
  const id = account.discourseId ?? (await lookUp(blog, account));
  if (id !== null) await blog.callForum('POST', `/admin/users/${id}/log_out`);
}

/** Asks the forum for the person by the blog's own id. */
async function lookUp(blog: Blog, { id }: BlogAccount): Promise<string | null> {
  const found = numberIn(await blog.callForum('GET', `/users/by-external/${id}.json`));
  if (found !== null) blog.accounts.update(id, { discourseId: found });
  return found;
}

function numberIn(text: string | null): string | null {
  const value = text === null ? null : parseJson(text);
  const id = isObject(value) && isObject(value.user) ? value.user.id : null;
  return typeof id === 'number' || typeof id === 'string' ? String(id) : null;
}
