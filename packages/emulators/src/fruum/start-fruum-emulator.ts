import type { Express, Response } from 'express';

import {
  createPageShell,
  HttpError,
  type ListenOptions,
  ownPagesOnly,
  readForm,
  readJson,
  type ServerAddress,
  startServer,
} from '../server/index.js';
import type { FruumUser } from './auth-reply.js';
import type { AuthRequestRecord } from './auth-request.js';
import { createForums, type Forums, type FruumConnection, type FruumForumSettings } from './forum.js';
import { loaderScript } from './loader-script.js';
import { sendOverview, sendTryPage } from './pages.js';
import { panelScript } from './panel-script.js';

export interface FruumEmulatorOptions extends ListenOptions {
  /** The forums, as set up on Fruum's command line. Default: one, `myforum`, without an auth URL. */
  readonly forums?: readonly FruumForumSettings[] | undefined;
  readonly now?: (() => Date) | undefined;
}

/** A running stand-in for a Fruum server. */
export interface FruumEmulator extends ServerAddress {
  /** `--update-app`: holds from the next connection on, unless somebody is connected to the forum. */
  updateForum(forumId: string, change: Omit<FruumForumSettings, 'id'>): void;
  /** Connects as the panel does, without a browser; `settings` is the page's `fruumSettings` with its `app_id`. */
  connect(settings: unknown): Promise<FruumConnection | null>;
  /** Cuts every panel's connection, as a network does; panels come back by themselves with the user they have. */
  dropConnections(): void;
  /** The stored users of a forum. */
  users(forumId: string): readonly FruumUser[];
  /** Blocks a user inside Fruum, or takes that back. False when there is no such user. */
  setBlocked(forumId: string, userId: unknown, blocked: boolean): boolean;
  /** `--delete-user`. False when there is no such user. */
  deleteUser(forumId: string, userId: unknown): boolean;
  /** What was sent to auth URLs, the newest last; the last 200. */
  readonly authRequests: readonly AuthRequestRecord[];
  close(): Promise<void>;
}

/** Largest message of a panel, in bytes: far more than any auth endpoint should take. */
const messageLimit = 10_000_000;

const shell = createPageShell({ product: 'Fruum', accent: '#3a5a40' });

/**
 * Starts a stand-in for a Fruum server on this machine: loader, panel and connections, and the requests to the auth URL
 * with the reading of their replies, as Fruum 2.4 does it. What people write in a forum is not part of it.
 *
 * Addresses: `/` leads to the first forum's full page, or else to `/overview`; `/go/<forum>` is the loader for the
 * site's pages; `/try/<forum>` hands any user to the panel.
 *
 * @throws TypeError when it would not listen on this machine alone; the system's error when the port is taken
 */
export async function startFruumEmulator({
  forums: settings = [{ id: 'myforum' }],
  now = () => new Date(),
  ...listen
}: FruumEmulatorOptions = {}): Promise<FruumEmulator> {
  const forums = createForums(settings, now);
  const sockets = new Set<Response>();
  const server = await startServer(listen, shell, (app, address) => mount(app, address, forums, sockets));
  return {
    origin: server.origin,
    port: server.port,
    authRequests: forums.authRequests,
    connect: forums.connect,
    updateForum: forums.update,
    users: (forumId) => forums.users(forumId).list(),
    setBlocked: (forumId, userId, blocked) => forums.users(forumId).setBlocked(userId, blocked),
    deleteUser: (forumId, userId) => forums.users(forumId).delete(userId),
    dropConnections() {
      for (const socket of sockets) socket.destroy();
    },
    close() {
      forums.abort();
      return server.close();
    },
  };
}

function mount(app: Express, address: ServerAddress, forums: Forums, sockets: Set<Response>): void {
  // Made once, like Fruum's own: a later change of the auth URL does not show in it.
  const loaders = new Map<string, string>();

  app.get('/', (_request, response) => {
    response.redirect(302, forums.list()[0]?.fullpageUrl ?? '/overview');
  });
  app.get('/overview', (_request, response) => sendOverview(response, shell, forums));
  app.get('/try/:forum', (request, response) => {
    sendTryPage(response, shell, address.origin, knownForum(forums, request.params.forum).id);
  });

  const sendScript = (
    response: Response,
    forumId: string,
    scriptOf: (forum: FruumForumSettings) => string,
  ): void => {
    response.set('Access-Control-Allow-Origin', '*').set('Cross-Origin-Resource-Policy', 'cross-origin');
    const forum = forums.settings(forumId);
    if (forum === undefined) response.status(404).type('text').send('Invalid app_id');
    else response.type('text/javascript').send(scriptOf(forum));
  };
  app.get('/go/:forum', (request, response) => {
    sendScript(response, request.params.forum, (forum) => {
      const loader = loaders.get(forum.id) ?? loaderScript(forum, address.origin);
      loaders.set(forum.id, loader);
      return loader;
    });
  });
  app.get('/_/get/js/bundle/:forum', (request, response) => {
    sendScript(response, request.params.forum, () => panelScript(address.origin));
  });

  app.post('/_/socket', async (request, response) => {
    // Any site may embed a forum.
    response.set('Access-Control-Allow-Origin', '*');
    const page = await readJson(request, messageLimit);
    let gone = false;
    response.on('close', () => {
      gone = true;
      sockets.delete(response);
    });
    sockets.add(response);
    response.status(200).type('application/x-ndjson').flushHeaders();
    const connection = await forums.connect(page);
    if (connection === null) {
      response.end(`${JSON.stringify({ event: 'fruum:auth' })}\n`);
    } else if (gone) {
      connection.disconnect();
    } else {
      response.on('close', () => connection.disconnect());
      response.write(`${JSON.stringify({ event: 'fruum:auth', data: { user: connection.user } })}\n`);
    }
  });

  app.post('/users', ownPagesOnly(address), async (request, response) => {
    const form = await readForm(request);
    const users = forums.users(knownForum(forums, form.get('forum') ?? '').id);
    const id = parseId(form.get('id'));
    const action = form.get('action');
    if (action === 'block' || action === 'unblock') users.setBlocked(id, action === 'block');
    else if (action === 'delete') users.delete(id);
    else throw new HttpError(400, 'There is no such action.');
    response.redirect(303, '/overview');
  });
}

function knownForum(forums: Forums, forumId: string): FruumForumSettings {
  const forum = forums.settings(forumId);
  if (forum === undefined) throw new HttpError(404, 'There is no such forum.');
  return forum;
}

function parseId(text: string | null): unknown {
  try {
    const id: unknown = JSON.parse(text ?? '');
    return id;
  } catch {
    throw new HttpError(400, 'The user id is not JSON.');
  }
}
