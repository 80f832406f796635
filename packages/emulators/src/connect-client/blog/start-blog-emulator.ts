import type { Express, Request, Response } from 'express';

import {
  HttpError,
  type ListenOptions,
  ownPagesOnly,
  readForm,
  type ServerAddress,
  startServer,
} from '../../server/index.js';
import { queryOf } from '../php/form.js';
import type { BlogAccount, SeedBlogAccount } from './accounts.js';
import { Blog, type BlogLogEntry, type BlogWebhookRecord } from './blog.js';
import { logOut } from './log-out.js';
import { beginLogin, finishLogin } from './login.js';
import { type BlogOptions, readBlogOptions } from './options.js';
import { sendBehindPage, sendLoginForm, sendPost, shell } from './pages.js';
import { syncPerson } from './sync.js';
import { receiveWebhook, webhookRoute } from './webhook-route.js';

export interface BlogEmulatorOptions extends ListenOptions {
  /** The plugin's options, under its own names. */
  readonly options: Partial<BlogOptions> & { readonly url: string };
  /** Accounts of the blog itself; they log in by name alone. */
  readonly accounts?: readonly SeedBlogAccount[] | undefined;
  /** How the blog's own calls reach the forum. Default: the global one. */
  readonly fetch?: typeof fetch | undefined;
  readonly now?: (() => Date) | undefined;
}

/** A running stand-in for a WordPress. */
export interface BlogEmulator extends ServerAddress {
  /** Payload URL for the forum's webhooks. */
  readonly webhookUrl: string;
  accounts(): readonly BlogAccount[];
  /** Webhooks that came, the newest last; the last 200. */
  webhooks(): readonly BlogWebhookRecord[];
  /** Logins that failed and calls of the forum's API, the newest last; the last 200. */
  log(): readonly BlogLogEntry[];
  /** Adds somebody to groups of the forum, or takes them out, by `sync_sso`; comma-separated. */
  changeForumGroups(
    username: string,
    groups: { readonly add_groups?: string; readonly remove_groups?: string },
  ): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a stand-in for a WordPress 6.1 with wp-discourse 2.6 on this machine: a client of a forum or of what stands in for
 * one, or an authority that brings its people there by `sync_sso`; log-out, the receiver of webhooks, accounts.
 *
 * @throws TypeError when the options do not fit together, or it would not listen on this machine alone; the system's error
 * when the port is taken
 */
export async function startBlogEmulator({
  options: given,
  accounts = [],
  fetch: send = fetch,
  now = () => new Date(),
  ...listen
}: BlogEmulatorOptions): Promise<BlogEmulator> {
  const options = readBlogOptions(given);
  const made: Blog[] = [];
  const server = await startServer(listen, shell, (app, address) => {
    const blog = new Blog({ options, accounts, address, fetch: send, now });
    made.push(blog);
    mount(app, blog);
  });
  const [blog] = made;
  if (blog === undefined) throw new Error('The server was not set up.');
  return {
    origin: server.origin,
    port: server.port,
    webhookUrl: `http://127.0.0.1:${server.port}/wp-json${webhookRoute}`,
    accounts: () => blog.accounts.list(),
    webhooks: () => [...blog.webhooks],
    log: () => [...blog.log],
    async changeForumGroups(username, groups) {
      const account = blog.accounts.byUsername(username);
      if (account === null) throw new TypeError(`There is no account "${username}".`);
      await syncPerson(blog, account, groups);
    },
    close: server.close,
  };
}

function mount(app: Express, blog: Blog): void {
  const ownPages = ownPagesOnly(blog.address);
  const visitorOf = (request: Request): BlogAccount | null =>
    blog.accounts.byId(blog.sessions.read(request)?.accountId ?? null);

  app.all(`/wp-json${webhookRoute}`, (request, response) => receiveWebhook(blog, request, response));
  app.post('/', (request, response) => {
    if (queryOf(request.url).get('rest_route') !== webhookRoute)
      throw new HttpError(405, 'This page takes no forms.');
    return receiveWebhook(blog, request, response);
  });
  app.post('/wp-login.php', ownPages, async (request, response) => {
    if (queryOf(request.url).get('action') === 'logout') await logOut(blog, request, response);
    else await logInHere(blog, request, response);
    response.redirect(303, `${blog.address.origin}/`);
  });
  // Every page of a blog takes answers of the forum.
  app.get('/{*path}', async (request, response) => {
    if (finishLogin(blog, request, response)) return;
    const query = queryOf(request.url);
    if (blog.options['sso-client-enabled'] && query.get('request') === 'logout') {
      await logOut(blog, request, response);
      response.redirect(302, blog.options.url);
      return;
    }
    if (beginLogin(blog, request, response)) return;
    const visitor = visitorOf(request);
    if (request.path === '/emulator') sendBehindPage(blog, response, visitor);
    else if (request.path === '/wp-login.php')
      sendLoginForm(blog, response, {
        error: query.get('discourse_sso_error') ?? '',
        redirectTo: query.get('redirect_to') ?? '',
      });
    else sendPost(blog, response, request.path, visitor);
  });
}

/** A login at the blog itself, without a password: this is an emulator. */
async function logInHere(blog: Blog, request: Request, response: Response): Promise<void> {
  const account = blog.accounts.byUsername((await readForm(request)).get('log') ?? '');
  if (account === null) throw new HttpError(403, 'There is no such account.');
  blog.sessions.renew(request, response).accountId = account.id;
  if (blog.options['auto-create-sso-user']) await syncPerson(blog, account);
}
