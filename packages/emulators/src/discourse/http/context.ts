import type { Request, Response } from 'express';

import {
  type Html,
  HttpError,
  html,
  type Page,
  type PageShell,
  type ServerAddress,
  type Sessions,
  sendPage,
} from '../../server/index.js';
import type { Faults } from '../forum/faults.js';
import type { Forum } from '../forum/forum.js';
import type { Moderation } from '../forum/moderation.js';
import type { ForumUser } from '../forum/records.js';
import type { SlidingWindow } from '../forum/sliding-window.js';
import { type BrowserSession, isSuspended } from '../forum/sso-login.js';
import { decodeQuery, lastText } from '../protocol/form.js';
import type { Webhooks } from '../webhooks/webhooks.js';
import { avatar } from './parts.js';

/** What every route of the emulator works with. */
export interface ForumContext {
  readonly forum: Forum;
  readonly address: ServerAddress;
  readonly shell: PageShell;
  readonly sessions: Sessions<BrowserSession>;
  readonly moderation: Moderation;
  readonly webhooks: Webhooks;
  readonly faults: Faults;
  /** The limit of all API keys together. */
  readonly apiLimit: SlidingWindow;
}

/** Who is logged in in this browser. Suspended and deactivated people are not. */
export function currentUser({ forum, sessions }: ForumContext, request: Request): ForumUser | null {
  const user = forum.directory.byId(sessions.read(request)?.userId);
  if (user === undefined || !user.active || isSuspended(user, forum.now())) return null;
  // As in Discourse, a visit counts once a minute.
  const now = forum.now();
  if (user.lastSeenAt === null || now.getTime() - user.lastSeenAt.getTime() >= 60_000) user.lastSeenAt = now;
  return user;
}

/** The address that a request comes from. */
export function remoteIp(request: Request): string {
  return request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
}

/** Where people log in who want to come back to this path. */
export function logInPath({ forum }: ForumContext, path: string): string {
  const { enable_discourse_connect: connect } = forum.settings;
  return `${connect ? '/session/sso' : '/login'}?return_path=${encodeURIComponent(path)}`;
}

/** The query as it came, without its question mark. */
export function rawQuery(request: Request): string {
  const at = request.originalUrl.indexOf('?');
  return at < 0 ? '' : request.originalUrl.slice(at + 1);
}

/**
 * One parameter of the query, the last one when it was repeated; undefined when it is absent.
 * @throws HttpError 400 when the query holds a broken percent escape
 */
export function queryParameter({ forum }: ForumContext, request: Request, name: string): string | undefined {
  try {
    const value = decodeQuery(rawQuery(request), forum.rack).get(name);
    return value === undefined ? undefined : (lastText(value) ?? '');
  } catch {
    throw new HttpError(400, 'The query holds a broken percent escape.');
  }
}

/** One of the forum's pages: with its navigation and who is logged in. */
export function sendForumPage(context: ForumContext, request: Request, response: Response, page: Page): void {
  const { forum, shell } = context;
  const user = currentUser(context, request);
  sendPage(response, shell, {
    navigation: [
      { href: '/', label: 'Topics' },
      { href: '/u', label: 'Users' },
      { href: '/g', label: 'Groups' },
      { href: '/logs', label: 'Log' },
      { href: '/mails', label: 'Mails' },
      { href: '/admin', label: 'Admin' },
    ],
    account: user === null ? logInLink(context, request) : accountBar(user),
    ...page,
    formTargets: [
      ...originsOf([forum.settings.logout_redirect, forum.settings.discourse_connect_url]),
      ...(page.formTargets ?? []),
    ],
  });
}

function logInLink(context: ForumContext, request: Request): Html {
  return html`<a class="button" href="${logInPath(context, request.path)}">Log In</a>`;
}

function accountBar(user: ForumUser): Html {
  return html`<a class="person" href="/u/${encodeURIComponent(user.username)}">${avatar(user, 'small')}<span>${user.username}</span></a>
<form class="inline" method="post" action="/session/${encodeURIComponent(user.username)}"><input type="hidden" name="_method" value="delete"><button>Log Out</button></form>`;
}

function originsOf(urls: readonly string[]): readonly string[] {
  return [...new Set(urls.filter((url) => URL.canParse(url)).map((url) => new URL(url).origin))];
}
