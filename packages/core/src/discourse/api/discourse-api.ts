import { errorFrom, ForumSsoError, isRefusal, type Refusal, refusal } from '../../errors.js';
import type { OutgoingAnswer, OutgoingRequest } from '../../http/outgoing.js';
import { readPeerUrl } from '../../http/site-address.js';
import { isRecord, parseJson } from '../../json.js';
import { secretKinds, secretProblems } from '../../secrets.js';
import { messageQuery, sealMessage } from '../protocol/message.js';
import { callDiscourse, type DiscourseConnection, type DiscourseRefusal, unexpected } from './call.js';
import {
  type GroupsMode,
  groupsAreMissing,
  readSyncAnswer,
  type SyncedUser,
  type SyncFields,
} from './sync.js';

/** Options of {@link DiscourseApi}. */
export interface DiscourseApiOptions<Mode extends GroupsMode = 'managed'> {
  /** The forum's base URL. */
  readonly forumUrl: string;
  /** An API key of an admin, or one with the scopes of the calls that are used. */
  readonly apiKey: string;
  /** The user name that the key acts as. Default `system`. */
  readonly apiUser?: string;
  /** The forum's "discourse connect secret"; only {@link DiscourseApi.syncSso} needs it. */
  readonly connectSecret?: string;
  /** `exact` when the forum's setting "discourse connect overrides groups" is on. Default `managed`. */
  readonly groupsMode?: Mode;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** Seconds for one whole call. Default 10. */
  readonly timeoutSeconds?: number;
  /** Path of the log-out call, with `{id}` for the forum's id of the user. */
  readonly logOutPath?: string;
}

/** A person as the look-up by the site's id shows them. */
export interface ForumAccount {
  readonly id: string;
  readonly username: string;
}

/** Most ids of accounts that are remembered, to save look-ups; the oldest go first. */
const rememberedIds = 10_000;

/**
 * The calls of a Discourse forum's API that account life needs. The key goes in headers alone; redirects are errors;
 * every call has a time limit. Every method throws a `ForumSsoError`; those of every call are
 * `ERR_DISCOURSE_KEY_REFUSED`, `ERR_DISCOURSE_RATE_LIMITED`, `ERR_DISCOURSE_UNAVAILABLE`, `ERR_DISCOURSE_ADDRESS_WRONG`
 * and `ERR_DISCOURSE_REPLY_UNEXPECTED`.
 */
export class DiscourseApi<Mode extends GroupsMode = 'managed'> {
  readonly #connection: DiscourseConnection;
  readonly #connectSecret: string | undefined;
  readonly #groupsMode: GroupsMode;
  readonly #logOutPath: string;
  readonly #ids = new Map<string, string>();

  /** @throws ForumSsoError `ERR_OPTIONS_INVALID` */
  constructor(options: DiscourseApiOptions<Mode>) {
    const { apiKey, connectSecret, logOutPath = '/admin/users/{id}/log_out.json' } = options;
    const url = readPeerUrl(options.forumUrl, 'forumUrl (DISCOURSE_URL)');
    if (isRefusal(url)) throw errorFrom(url);
    if (typeof apiKey !== 'string' || !/^[\x21-\x7e]+$/.test(apiKey)) {
      throw invalid('api.key (DISCOURSE_ADMIN_API_KEY) is empty or holds blanks or line breaks.');
    }
    if (!logOutPath.startsWith('/') || !logOutPath.includes('{id}')) {
      throw invalid('api.logOutPath must begin with "/" and hold {id}.');
    }
    const [problem] = connectSecret === undefined ? [] : secretProblems(connectSecret, secretKinds.connect);
    if (problem !== undefined) throw invalid(`connectSecret (DISCOURSE_CONNECT_SECRET) ${problem}`);
    this.#connection = {
      forumUrl: url.href.replace(/\/+$/, ''),
      apiKey,
      apiUser: options.apiUser ?? 'system',
      fetch: options.fetch ?? fetch,
      timeoutMs: (options.timeoutSeconds ?? 10) * 1_000,
    };
    this.#connectSecret = connectSecret;
    this.#groupsMode = options.groupsMode ?? 'managed';
    this.#logOutPath = logOutPath;
  }

  /**
   * Brings a person's details to the forum without a login, creating the account if there is none
   * (`POST /admin/users/sync_sso`). Only what is sent changes; an account that an admin deactivated becomes active again.
   *
   * @throws ForumSsoError `ERR_DISCOURSE_CONNECT_OFF`, `ERR_DISCOURSE_SYNC_REFUSED`, `ERR_DISCOURSE_RECORD_INVALID`,
   * `ERR_SSO_FIELD_UNUSABLE`
   */
  async syncSso(fields: SyncFields<Mode>): Promise<SyncedUser> {
    if (this.#connectSecret === undefined)
      throw invalid('syncSso needs connectSecret (DISCOURSE_CONNECT_SECRET).');
    if (this.#groupsMode === 'exact' && fields.groups === undefined) throw errorFrom(groupsAreMissing);
    const message = sealMessage(fields, this.#connectSecret);
    if (isRefusal(message)) throw errorFrom(message);
    const answer = await this.#call('POST', '/admin/users/sync_sso.json', {
      type: 'application/x-www-form-urlencoded',
      text: messageQuery(message),
    });
    const synced = readSyncAnswer(answer);
    if (isRefusal(synced)) throw discourseError(synced);
    this.#remember(fields.externalId, synced.id);
    return synced;
  }

  /** Looks an account up by the site's id (`GET /u/by-external/{id}.json`); null when the forum has none. */
  async findByExternalId(externalId: string): Promise<ForumAccount | null> {
    const answer = await this.#call('GET', `/u/by-external/${encodeURIComponent(externalId)}.json`);
    if (answer.status === 404) return null;
    const body = parseJson(answer.text);
    const user = isRecord(body) && isRecord(body.user) ? body.user : {};
    if (answer.status !== 200 || typeof user.id !== 'number' || typeof user.username !== 'string') {
      throw discourseError(unexpected(answer));
    }
    const account = { id: String(user.id), username: user.username };
    this.#remember(externalId, account.id);
    return account;
  }

  /** The forum's id of a person: remembered from an earlier answer, or looked up. Null when the forum has none. */
  async forumIdOf(externalId: string): Promise<string | null> {
    return this.#ids.get(externalId) ?? (await this.findByExternalId(externalId))?.id ?? null;
  }

  /**
   * Ends all sessions of a person at the forum (`POST /admin/users/{id}/log_out`).
   * @param forumUserId the forum's own number of the account, not the site's id
   * @throws ForumSsoError `ERR_DISCOURSE_USER_UNKNOWN`
   */
  async logOut(forumUserId: string): Promise<void> {
    const answer = await this.#call(
      'POST',
      this.#logOutPath.replace('{id}', encodeURIComponent(forumUserId)),
    );
    if (answer.status === 404) throw unknownUser();
    const body = parseJson(answer.text);
    if (answer.status !== 200 || !isRecord(body) || body.success !== 'OK')
      throw discourseError(unexpected(answer));
  }

  /**
   * Reads a person as an admin sees them (`GET /admin/users/{id}.json`).
   * @returns the JSON object as the forum sent it, still to be checked; null when there is no such account
   */
  async readUser(forumUserId: string): Promise<unknown> {
    const answer = await this.#call('GET', `/admin/users/${encodeURIComponent(forumUserId)}.json`);
    const body = parseJson(answer.text);
    // A key without an admin's rights gets a 404 as well, and must not make an account look destroyed.
    if (answer.status === 404 && isRecord(body) && body.error_type === 'not_found') {
      if (await this.#mayReadUsers()) return null;
      throw errorFrom(keyIsNoAdmin());
    }
    if (answer.status !== 200 || !isRecord(body)) throw discourseError(unexpected(answer));
    return body;
  }

  /**
   * Reads a person's address (`GET /u/{username}/emails.json`), which {@link readUser} does not have. The forum notes each
   * such look in its log of staff actions.
   * @returns the empty string when the account has none
   * @throws ForumSsoError `ERR_DISCOURSE_USER_UNKNOWN`
   */
  async readEmail(username: string): Promise<string> {
    const answer = await this.#call('GET', `/u/${encodeURIComponent(username)}/emails.json`);
    if (answer.status === 404) throw unknownUser();
    if (answer.status === 403) throw errorFrom(keyIsNoAdmin());
    const body = parseJson(answer.text);
    const email = answer.status === 200 && isRecord(body) ? (body.email ?? '') : undefined;
    if (typeof email !== 'string') throw discourseError(unexpected(answer));
    return email;
  }

  /**
   * Keeps a person out of the forum and ends their sessions.
   * @param until end of the suspension; left out: a thousand years, which is how forums write "for ever"
   * @returns false when the account was suspended already: then the end of that suspension stays as it is
   * @throws ForumSsoError `ERR_DISCOURSE_USER_UNKNOWN`, `ERR_DISCOURSE_ACCOUNT_PROTECTED`
   */
  async suspend(
    forumUserId: string,
    { reason, until }: { readonly reason?: string; readonly until?: Date } = {},
  ): Promise<boolean> {
    const answer = await this.#onAccount('PUT', forumUserId, '/suspend', {
      suspend_until: (until ?? new Date('3000-01-01T00:00:00Z')).toISOString(),
      reason: reason ?? 'Suspended at the site.',
    });
    if (answer.status === 409) return false;
    expectDone(answer);
    return true;
  }

  /** Ends a suspension. @throws ForumSsoError `ERR_DISCOURSE_USER_UNKNOWN`, `ERR_DISCOURSE_ACCOUNT_PROTECTED` */
  async unsuspend(forumUserId: string): Promise<void> {
    expectDone(await this.#onAccount('PUT', forumUserId, '/unsuspend'));
  }

  /**
   * Deactivates an account. The next login or push activates it again: to keep somebody out, use {@link suspend}.
   * @throws ForumSsoError `ERR_DISCOURSE_USER_UNKNOWN`, `ERR_DISCOURSE_ACCOUNT_PROTECTED`
   */
  async deactivate(forumUserId: string): Promise<void> {
    expectDone(await this.#onAccount('PUT', forumUserId, '/deactivate'));
  }

  /** Activates an account without its owner's confirming the address. @throws ForumSsoError `ERR_DISCOURSE_USER_UNKNOWN` */
  async activate(forumUserId: string): Promise<void> {
    expectDone(await this.#onAccount('PUT', forumUserId, '/activate'));
  }

  /**
   * Takes everything personal off an account and keeps its posts. Cannot be undone.
   * @throws ForumSsoError `ERR_DISCOURSE_USER_UNKNOWN`, `ERR_DISCOURSE_ACCOUNT_PROTECTED`
   */
  async anonymize(forumUserId: string): Promise<void> {
    expectDone(await this.#onAccount('PUT', forumUserId, '/anonymize'));
    this.#forget(forumUserId);
  }

  /**
   * Deletes an account. Cannot be undone; forums refuse it for people with posts.
   * @throws ForumSsoError `ERR_DISCOURSE_USER_UNKNOWN`; `ERR_DISCOURSE_DELETE_REFUSED`: anonymize instead;
   * `ERR_DISCOURSE_ACCOUNT_PROTECTED`
   */
  async delete(forumUserId: string): Promise<void> {
    const answer = await this.#onAccount('DELETE', forumUserId, '');
    const body = parseJson(answer.text);
    if (answer.status === 403 || (isRecord(body) && body.deleted === false)) {
      throw errorFrom(
        refusal(
          'ERR_DISCOURSE_DELETE_REFUSED',
          'The forum does not delete this account, since it has posts: anonymize it.',
        ),
      );
    }
    expectDone(answer);
    this.#forget(forumUserId);
  }

  /**
   * Sets, changes or (null) removes the site's id of an account (`PUT /u/{username}.json`).
   * @throws ForumSsoError `ERR_DISCOURSE_USER_UNKNOWN`
   */
  async setExternalId(username: string, externalId: string | null): Promise<void> {
    const body = json({ external_ids: { discourse_connect: externalId } });
    expectDone(await this.#call('PUT', `/u/${encodeURIComponent(username)}.json`, body));
    // Whose account it was before is not known here.
    this.#ids.clear();
  }

  /** Names of all groups of the forum that the key can see, automatic ones included. */
  async groupNames(): Promise<readonly string[]> {
    const names: string[] = [];
    for (let page = 0; page < 100; page++) {
      const answer = await this.#call('GET', `/groups.json?page=${page}`);
      const body = parseJson(answer.text);
      if (answer.status !== 200 || !isRecord(body) || !Array.isArray(body.groups))
        throw discourseError(unexpected(answer));
      const found = body.groups.flatMap((group: unknown) =>
        isRecord(group) && typeof group.name === 'string' ? [group.name] : [],
      );
      const fresh = found.filter((name) => !names.includes(name));
      if (fresh.length === 0) break;
      names.push(...fresh);
      if (typeof body.total_rows_groups === 'number' && names.length >= body.total_rows_groups) break;
    }
    return names;
  }

  /**
   * Creates the groups that the forum does not have; a push ignores unknown ones silently.
   * @returns the names that were created
   */
  async ensureGroups(names: readonly string[]): Promise<readonly string[]> {
    const existing = new Set((await this.groupNames()).map((name) => name.toLowerCase()));
    const missing = names.filter((name) => !existing.has(name.toLowerCase()));
    for (const name of missing)
      expectDone(await this.#call('POST', '/admin/groups.json', json({ group: { name } })));
    return missing;
  }

  async #call(
    method: OutgoingRequest['method'],
    path: string,
    body?: { type: string; text: string },
  ): Promise<OutgoingAnswer> {
    const answer = await callDiscourse(this.#connection, method, path, body);
    if (isRefusal(answer)) throw discourseError(answer);
    return answer;
  }

  /**
   * A change of one account. A forum says the same of a key that may not do this and of an account that nobody may do it
   * to: an admin or moderator, one with posts, or one that is not there. Reading the account tells them apart.
   */
  async #onAccount(
    method: 'PUT' | 'DELETE',
    forumUserId: string,
    action: string,
    body?: unknown,
  ): Promise<OutgoingAnswer> {
    const path = `/admin/users/${encodeURIComponent(forumUserId)}${action}.json`;
    const answer = await callDiscourse(
      this.#connection,
      method,
      path,
      body === undefined ? undefined : json(body),
    );
    if (!isRefusal(answer)) return answer;
    if (answer.refused !== 'ERR_DISCOURSE_KEY_REFUSED') throw discourseError(answer);
    if ((await this.readUser(forumUserId)) === null) throw unknownUser();
    throw errorFrom(accountIsProtected);
  }

  /** Whether the key may read users at all: every forum has the account -1, "system". */
  async #mayReadUsers(): Promise<boolean> {
    return (await this.#call('GET', '/admin/users/-1.json')).status === 200;
  }

  #remember(externalId: string, forumUserId: string): void {
    this.#ids.delete(externalId);
    this.#ids.set(externalId, forumUserId);
    const [oldest] = this.#ids.keys();
    if (this.#ids.size > rememberedIds && oldest !== undefined) this.#ids.delete(oldest);
  }

  #forget(forumUserId: string): void {
    for (const [externalId, id] of this.#ids) if (id === forumUserId) this.#ids.delete(externalId);
  }
}

/** A refusal of the forum as an error; it says how long to wait, when another try is of use. */
export class DiscourseApiError extends ForumSsoError {
  /** Seconds to wait before another try; undefined when another try is of no use. */
  readonly retryAfter: number | undefined;

  constructor({ refused, detail, cause, retryAfter }: DiscourseRefusal) {
    super(refused, detail, cause === undefined ? {} : { cause });
    this.retryAfter = retryAfter;
  }
}

function discourseError(why: DiscourseRefusal): DiscourseApiError {
  return new DiscourseApiError(why);
}

function json(value: unknown): { type: string; text: string } {
  return { type: 'application/json', text: JSON.stringify(value) };
}

/** A page of something that stands in front of the forum is no answer of it, whatever its status. */
function expectDone(answer: OutgoingAnswer): void {
  const { status, text } = answer;
  if (status === 404) throw unknownUser();
  const isAnswer = text.trim() === '' || isRecord(parseJson(text));
  if (status < 200 || status > 299 || !isAnswer) throw discourseError(unexpected(answer));
}

const accountIsProtected = refusal(
  'ERR_DISCOURSE_ACCOUNT_PROTECTED',
  'The forum lets nobody do this to the account: it is an admin or moderator there, or is to be deleted and has too many or too old posts. Take the rights away first, or anonymize it. If the API key has scopes, the right to do this may be missing.',
);

function invalid(detail: string): ForumSsoError {
  return new ForumSsoError('ERR_OPTIONS_INVALID', detail);
}

function unknownUser(): ForumSsoError {
  return new ForumSsoError(
    'ERR_DISCOURSE_USER_UNKNOWN',
    'The forum has no such account, or the API key is not an admin’s.',
  );
}

function keyIsNoAdmin(): Refusal {
  return refusal(
    'ERR_DISCOURSE_KEY_REFUSED',
    'The API key may not read users: it must act as an admin, for all users, without scopes or with "read-only" ones.',
  );
}
