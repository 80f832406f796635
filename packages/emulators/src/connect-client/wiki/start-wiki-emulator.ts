import type { Express, Request, Response } from 'express';

import {
  HttpError,
  type ListenOptions,
  ownPagesOnly,
  type ServerAddress,
  startServer,
} from '../../server/index.js';
import { queryOf } from '../php/form.js';
import type { SeedWikiAccount, WikiAccount } from './accounts.js';
import { forgetAuthCookie } from './auth-cookie.js';
import { loginByItself } from './automatic-login.js';
import { type GivenWikiConfig, readWikiConfig } from './config.js';
import { logOut, logOutTitle, showLogOut } from './log-out-routes.js';
import { beginLogin, continueLogin, loginTitle } from './login-routes.js';
import { sendArticle, sendBehindPage, sendUserList, shell } from './pages.js';
import { receiveWebhook, webhookTitle } from './webhook-route.js';
import { Wiki, type WikiLogEntry, type WikiWebhookRecord } from './wiki.js';

export interface WikiEmulatorOptions extends ListenOptions {
  /** The configuration of the extension, under its own names. */
  readonly config: GivenWikiConfig;
  /** Accounts of the wiki that nobody has linked yet. */
  readonly accounts?: readonly SeedWikiAccount[] | undefined;
  /** The wiki's right `autocreateaccount`. Default true. */
  readonly autoCreateAccounts?: boolean | undefined;
  /** `$wgObjectCacheSessionExpiry`. Default 3,600. */
  readonly sessionSeconds?: number | undefined;
  /** How the wiki's own calls reach the forum. Default: the global one. */
  readonly fetch?: typeof fetch | undefined;
  readonly now?: (() => Date) | undefined;
}

/** A running stand-in for a MediaWiki. */
export interface WikiEmulator extends ServerAddress {
  /** Payload URL for the forum's webhooks. */
  readonly webhookUrl: string;
  accounts(): readonly WikiAccount[];
  /** Webhooks that came, the newest last; the last 200. */
  webhooks(): readonly WikiWebhookRecord[];
  /** Logins that failed and calls of the forum's API, the newest last; the last 200. */
  log(): readonly WikiLogEntry[];
  /** Lets all sessions run out, as an hour does. */
  expireSessions(): void;
  close(): Promise<void>;
}

/**
 * Starts a stand-in for a MediaWiki 1.39 with PluggableAuth 6.3 and DiscourseSsoConsumer 5.0 on this machine, a client of a
 * forum or of what stands in for one: login, seamless login, automatic re-login, log-out here and everywhere, the receiver of
 * webhooks, accounts and mapped groups.
 *
 * Addresses: `/index.php?title=…`, any title is a page; `/emulator` shows webhooks and log.
 *
 * @throws TypeError when the configuration does not fit together, or it would not listen on this machine alone; the
 * system's error when the port is taken
 */
export async function startWikiEmulator({
  config: given,
  accounts = [],
  autoCreateAccounts = true,
  sessionSeconds = 3_600,
  fetch: send = fetch,
  now = () => new Date(),
  ...listen
}: WikiEmulatorOptions): Promise<WikiEmulator> {
  const config = readWikiConfig(given);
  const made: Wiki[] = [];
  const server = await startServer(listen, shell, (app, address) => {
    const wiki = new Wiki({
      config,
      accounts,
      autoCreateAccounts,
      sessionSeconds,
      address,
      fetch: send,
      now,
    });
    made.push(wiki);
    mount(app, wiki);
  });
  const [wiki] = made;
  if (wiki === undefined) throw new Error('The server was not set up.');
  return {
    origin: server.origin,
    port: server.port,
    webhookUrl: `http://127.0.0.1:${server.port}/index.php?title=${webhookTitle}`,
    accounts: () => wiki.accounts.list(),
    webhooks: () => [...wiki.webhooks],
    log: () => [...wiki.log],
    expireSessions: () => wiki.expireSessions(),
    close: server.close,
  };
}

function mount(app: Express, wiki: Wiki): void {
  const ownPages = ownPagesOnly(wiki.address);

  app.get('/', (_request, response) => response.redirect(301, wiki.urlOf('Main_Page')));
  app.get('/index.php', (request, response) => openPage(wiki, request, response));
  app.post('/index.php', (request, response, next) => {
    const title = titleOf(request);
    if (title === webhookTitle) return receiveWebhook(wiki, request, response);
    if (title !== logOutTitle) throw new HttpError(405, 'This page takes no forms.');
    return ownPages(request, response, (error?: unknown) => {
      if (error === undefined) logOut(wiki, request, response).catch(next);
      else next(error);
    });
  });

  app.get('/emulator', (request, response) => sendBehindPage(wiki, response, visitorOf(wiki, request)));
  app.post('/emulator/forget', ownPages, (request, response) => {
    wiki.sessions.end(request, response);
    forgetAuthCookie(wiki, response);
    response.redirect(303, wiki.urlOf('Main_Page'));
  });
  app.post('/emulator/expire', ownPages, (_request, response) => {
    wiki.expireSessions();
    response.redirect(303, wiki.urlOf('Main_Page'));
  });
}

function openPage(wiki: Wiki, request: Request, response: Response): Promise<void> | void {
  const title = titleOf(request);
  switch (title) {
    case webhookTitle:
      return receiveWebhook(wiki, request, response);
    case 'Special:UserLogin':
      return beginLogin(wiki, request, response);
    case loginTitle:
      return continueLogin(wiki, request, response);
    case logOutTitle:
      return showLogOut(wiki, request, response);
  }
  if (loginByItself(wiki, request, response, title)) return;
  const visitor = visitorOf(wiki, request);
  if (title === 'Special:ListUsers') sendUserList(wiki, response, visitor);
  else sendArticle(wiki, response, title.replaceAll('_', ' '), visitor, restOfQuery(request));
}

function visitorOf(wiki: Wiki, request: Request): WikiAccount | null {
  return wiki.accounts.byId(wiki.sessions.read(request)?.accountId ?? null);
}

function titleOf(request: Request): string {
  const title = queryOf(request.url).get('title') ?? '';
  return title === '' ? 'Main_Page' : title;
}

function restOfQuery(request: Request): string {
  return (request.url.split('?')[1] ?? '')
    .split('&')
    .filter((pair) => !pair.startsWith('title='))
    .join('&');
}
