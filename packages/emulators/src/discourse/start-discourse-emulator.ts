import type { RequestHandler } from 'express';

import {
  createPageShell,
  createSessions,
  HttpError,
  type ListenOptions,
  type RunningServer,
  startServer,
} from '../server/index.js';
import { Forum } from './forum/forum.js';
import type { JournalEntry } from './forum/journal.js';
import { createModeration } from './forum/moderation.js';
import type { ForumMail, ForumUser, GroupView, SeedInvite, SeedUser, UserView } from './forum/records.js';
import type { DiscourseSettings, ForumModes } from './forum/settings.js';
import type { BrowserSession } from './forum/sso-login.js';
import { mountAdminRoutes } from './http/admin-routes.js';
import type { ForumContext } from './http/context.js';
import { mountEmulatorRoutes } from './http/emulator-routes.js';
import { mountForumRoutes } from './http/forum-routes.js';
import { mountSessionRoutes } from './http/session-routes.js';
import type { RackVersion } from './protocol/form.js';

export interface DiscourseEmulatorOptions extends ListenOptions {
  /** The setting `discourse_connect_url`: the site's address that login requests go to. */
  readonly connectUrl: string;
  /** The setting `discourse_connect_secret`, at least 10 characters. */
  readonly connectSecret: string;
  /** Other site settings, under Discourse's own names. */
  readonly settings?: Partial<DiscourseSettings>;
  /** Read-only, archived, blocked IP addresses. */
  readonly modes?: Partial<ForumModes>;
  /** Names of groups that are there from the start. */
  readonly groups?: readonly string[];
  /** Accounts that are there from the start. */
  readonly users?: readonly SeedUser[];
  /** Invitation links. */
  readonly invites?: readonly SeedInvite[];
  /** How long a nonce lives, in seconds. Default 1 800; Discourse before March 2024: 600. */
  readonly nonceLifetimeSeconds?: number;
  /** Rack 2 (default; Discourse to at least early 2025) splits queries on `;` too. */
  readonly rack?: RackVersion;
  /**
   * The longest address (path and query) in bytes; over it the proxy in front of a forum answers 414. Default 8 192, as
   * in nginx.
   */
  readonly maxUrlBytes?: number;
  /** The clock. */
  readonly now?: () => Date;
}

/** A running emulator, and a look behind its pages. Everything that is returned is a copy. */
export interface DiscourseEmulator {
  /** The forum's address without a slash at the end. */
  readonly origin: string;
  readonly port: number;
  /** Stops the server at once. */
  close(): Promise<void>;
  users(): readonly UserView[];
  /** The account that is linked to a user id of the site. */
  user(externalId: string): UserView | undefined;
  groups(): readonly GroupView[];
  /** What reached the forum and what became of it, oldest first. */
  log(): readonly JournalEntry[];
  /** What the forum would have mailed, oldest first. */
  mails(): readonly ForumMail[];
  readonly settings: Readonly<DiscourseSettings>;
  /** @throws TypeError when Discourse would not take these settings together */
  changeSettings(changes: Partial<DiscourseSettings>): void;
  readonly modes: Readonly<ForumModes>;
  changeModes(changes: Partial<ForumModes>): void;
  /** @throws DiscourseError when the name is taken or unusable */
  createGroup(name: string): void;
  /** Puts an account into a group by hand. @throws TypeError when there is no such account or group */
  addToGroup(username: string, group: string): void;
  /** Keeps an account out and ends its sessions. @throws TypeError when there is no such account */
  suspend(username: string, until: Date, reason?: string): void;
  unsuspend(username: string): void;
  /** Deactivates an account and ends its sessions; the next login without `require_activation` undoes it. */
  deactivate(username: string): void;
  activate(username: string): void;
  approve(username: string): void;
  /** Deletes an account. */
  remove(username: string): void;
}

const shell = createPageShell({ product: 'Discourse', accent: '#0f6a9a' });

/**
 * Starts a local server that behaves as a Discourse forum whose logins come from a site (DiscourseConnect).
 * @throws TypeError when options do not fit; the system's error when the port is taken
 */
export async function startDiscourseEmulator(options: DiscourseEmulatorOptions): Promise<DiscourseEmulator> {
  const { connectUrl, connectSecret, now = () => new Date() } = options;
  const forumAt = (origin: string): Forum =>
    new Forum({
      origin,
      connectSecret,
      settings: { ...options.settings, discourse_connect_url: connectUrl },
      modes: options.modes ?? {},
      groups: options.groups ?? [],
      users: options.users ?? [],
      invites: options.invites ?? [],
      nonceLifetimeSeconds: options.nonceLifetimeSeconds ?? 1_800,
      rack: options.rack ?? 2,
      now,
    });
  // Wrong options are told before a port is taken.
  forumAt('http://127.0.0.1');
  let context: ForumContext | undefined;
  const server = await startServer(options, shell, (app, address) => {
    const forum = forumAt(address.origin);
    const sessions = createSessions({ name: 'discourse-emulator', address, create: newSession, now });
    const moderation = createModeration(forum, (id) => {
      sessions.endWhere(({ userId }) => userId === id);
    });
    context = { forum, address, shell, sessions, moderation };
    app.use(urlLimit(options.maxUrlBytes ?? 8_192));
    mountSessionRoutes(app, context);
    mountForumRoutes(app, context);
    mountAdminRoutes(app, context);
    mountEmulatorRoutes(app, context);
  });
  if (context === undefined) throw new TypeError('The server did not start.');
  return handleOf(server, context);
}

function urlLimit(bytes: number): RequestHandler {
  return (request, _response, next) => {
    if (Buffer.byteLength(request.originalUrl) > bytes) throw new HttpError(414, 'The address is too long.');
    next();
  };
}

function newSession(): BrowserSession {
  return { nonces: new Map(), userId: null, destination: null, inviteKey: null, accountCreatedMessage: null };
}

function handleOf(
  { origin, port, close }: RunningServer,
  { forum, moderation }: ForumContext,
): DiscourseEmulator {
  const { directory } = forum;
  const account = (username: string): ForumUser => {
    const user = directory.byUsername(username);
    if (user === undefined) throw new TypeError(`The emulated forum has no user "${username}".`);
    return user;
  };
  return {
    origin,
    port,
    close,
    users: () => directory.users().map((user) => directory.view(user)),
    user(externalId) {
      const user = directory.byExternalId(externalId);
      return user === undefined ? undefined : directory.view(user);
    },
    groups: () => directory.groupViews(),
    log: () => forum.journal.entries(),
    mails: () => forum.mailbox.mails(),
    get settings() {
      return { ...forum.settings };
    },
    changeSettings: (changes) => forum.changeSettings(changes),
    get modes() {
      return { ...forum.modes };
    },
    changeModes(changes) {
      Object.assign(forum.modes, changes);
    },
    createGroup(name) {
      directory.createGroup(name);
    },
    addToGroup(username, name) {
      const group = directory.groupByName(name);
      if (group === undefined) throw new TypeError(`The emulated forum has no group "${name}".`);
      group.members.add(account(username).id);
    },
    suspend: (username, until, reason = '') => moderation.suspend(account(username), until, reason),
    unsuspend: (username) => moderation.unsuspend(account(username)),
    deactivate: (username) => moderation.deactivate(account(username)),
    activate: (username) => moderation.activate(account(username)),
    approve: (username) => moderation.approve(account(username)),
    remove: (username) => moderation.remove(account(username)),
  };
}
