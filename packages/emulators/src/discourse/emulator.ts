import { request } from 'node:http';

import type { RunningServer } from '../server/index.js';
import type { ApiKeys } from './forum/api-keys.js';
import type { Faults } from './forum/faults.js';
import type { JournalEntry } from './forum/journal.js';
import { changeEmail, changeUsername, type ProfileChanges, updateProfile } from './forum/profile.js';
import type { ForumGroup, ForumMail, ForumUser, GroupView, SeedUser, UserView } from './forum/records.js';
import type { DiscourseSettings, ForumModes } from './forum/settings.js';
import type { ForumContext } from './http/context.js';
import type { Webhooks } from './webhooks/webhooks.js';

/** A running emulator, and a look behind its pages. Everything that is returned is a copy. */
export interface DiscourseEmulator {
  /** The forum's address without a slash at the end. */
  readonly origin: string;
  readonly port: number;
  /** Stops the server and its webhooks at once. */
  close(): Promise<void>;
  users(): readonly UserView[];
  /** The account that is linked to a user id of the site. */
  user(externalId: string): UserView | undefined;
  /** The account of that user name. */
  account(username: string): UserView | undefined;
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
  /** Keys for the API. */
  readonly apiKeys: Pick<ApiKeys, 'list' | 'create' | 'revoke'>;
  /** Webhooks, and what was sent to them. */
  readonly webhooks: Pick<
    Webhooks,
    'list' | 'create' | 'update' | 'remove' | 'deliveries' | 'ping' | 'redeliver' | 'settled'
  >;
  /** Switches for latency, errors, broken connections and silence. */
  readonly faults: Pick<Faults, 'rules' | 'set'>;
  /** Logs somebody in, whatever the settings say. @returns the value of a `Cookie` header */
  logInAs(username: string): Promise<string>;
  /** Makes an account. @throws DiscourseError when Discourse would not save it */
  createUser(user: SeedUser): UserView;
  /** Changes a profile as its owner would. @throws DiscourseError when Discourse would not save it */
  updateProfile(username: string, changes: ProfileChanges): void;
  /** Takes over a confirmed new address. @throws DiscourseError when it is taken or unusable */
  changeEmail(username: string, email: string): void;
  changeUsername(username: string, newUsername: string): void;
  /** @throws DiscourseError when the name is taken or unusable */
  createGroup(name: string): void;
  /** Puts an account into a group by hand. @throws TypeError when there is no such account or group */
  addToGroup(username: string, group: string): void;
  removeFromGroup(username: string, group: string): void;
  /** Gives or takes the rights of staff. */
  setStaff(username: string, rights: { readonly admin?: boolean; readonly moderator?: boolean }): void;
  setTrustLevel(username: string, trustLevel: number): void;
  /** Keeps an account out and ends its sessions. @throws TypeError when there is no such account */
  suspend(username: string, until: Date, reason?: string): void;
  unsuspend(username: string): void;
  /** Deactivates an account and ends its sessions; the next login without `require_activation` undoes it. */
  deactivate(username: string): void;
  activate(username: string): void;
  approve(username: string): void;
  /** Ends all sessions of an account. */
  logOut(username: string): void;
  /** Takes everything personal away, the link to the site too. @returns the new user name */
  anonymize(username: string): string;
  /** Deletes an account. */
  remove(username: string): void;
}

/**
 * Makes the object that a caller gets for a running forum.
 * @param host the address that the server listens on
 */
export function emulatorOf(server: RunningServer, context: ForumContext, host: string): DiscourseEmulator {
  const { forum, moderation, webhooks, faults } = context;
  const { directory } = forum;
  const account = (username: string): ForumUser => {
    const user = directory.byUsername(username);
    if (user === undefined) throw new TypeError(`The emulated forum has no user "${username}".`);
    return user;
  };
  const group = (name: string): ForumGroup => {
    const found = directory.groupByName(name);
    if (found === undefined) throw new TypeError(`The emulated forum has no group "${name}".`);
    return found;
  };
  const viewed = (user: ForumUser | undefined): UserView | undefined =>
    user === undefined ? undefined : directory.view(user);
  let closed: Promise<void> | undefined;
  return {
    origin: server.origin,
    port: server.port,
    close: () => {
      closed ??= Promise.all([webhooks.close(), server.close()]).then(() => undefined);
      return closed;
    },
    users: () => directory.users().map((user) => directory.view(user)),
    user: (externalId) => viewed(directory.byExternalId(externalId)),
    account: (username) => viewed(directory.byUsername(username)),
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
    apiKeys: forum.apiKeys,
    webhooks,
    faults,
    logInAs: (username) => logIn(server, host, account(username)),
    createUser: (user) => directory.view(directory.seed(user)),
    updateProfile: (username, changes) => updateProfile(forum, account(username), changes),
    changeEmail: (username, email) => changeEmail(forum, account(username), email),
    changeUsername: (username, newUsername) => changeUsername(forum, account(username), newUsername),
    createGroup(name) {
      directory.createGroup(name);
    },
    addToGroup: (username, name) => directory.setMembership(account(username), group(name), true),
    removeFromGroup: (username, name) => directory.setMembership(account(username), group(name), false),
    setStaff: (username, rights) => moderation.setStaff(account(username), rights),
    setTrustLevel: (username, trustLevel) => moderation.setTrustLevel(account(username), trustLevel),
    suspend: (username, until, reason = '') => moderation.suspend(account(username), until, reason),
    unsuspend: (username) => moderation.unsuspend(account(username)),
    deactivate: (username) => moderation.deactivate(account(username)),
    activate: (username) => moderation.activate(account(username)),
    approve: (username) => moderation.approve(account(username)),
    logOut: (username) => moderation.logOut(account(username)),
    anonymize(username) {
      const user = account(username);
      moderation.anonymize(user);
      return user.username;
    },
    remove: (username) => moderation.remove(account(username)),
  };
}

/** Over the server itself, since only it hands out cookies. */
function logIn({ origin, port }: RunningServer, host: string, { username }: ForumUser): Promise<string> {
  return new Promise((resolve, reject) => {
    const post = request(
      {
        host,
        port,
        path: '/emulator/log_in',
        method: 'POST',
        headers: { host: new URL(origin).host, 'content-type': 'application/json' },
      },
      (response) => {
        response.resume();
        const cookies = (response.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0] ?? '');
        resolve(cookies.join('; '));
      },
    );
    post.on('error', reject);
    post.end(JSON.stringify({ username }));
  });
}
