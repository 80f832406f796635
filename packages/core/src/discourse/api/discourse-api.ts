import { errorFrom, ForumSsoError, isRefusal, type Refusal } from '../../errors.js';
import { readPeerUrl } from '../../http/site-address.js';
import { callDiscourse, type DiscourseConnection, isRecord, parseJson, unexpected } from './call.js';

/** Options of {@link DiscourseApi}. */
export interface DiscourseApiOptions {
  /** The forum's base URL. */
  readonly forumUrl: string;
  /** An API key of an admin, or one with the scopes of the calls that are used. */
  readonly apiKey: string;
  /** The user name that the key acts as. Default `system`. */
  readonly apiUser?: string;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** Seconds for one whole call. Default 10. */
  readonly timeoutSeconds?: number;
  /** Path of the log-out call, with `{id}` for the forum's id of the user. */
  readonly logOutPath?: string;
}

/** The calls of a Discourse forum's API that account life needs. Every method throws a `ForumSsoError`. */
export class DiscourseApi {
  readonly #connection: DiscourseConnection;
  readonly #logOutPath: string;

  /** @throws ForumSsoError `ERR_OPTIONS_INVALID` */
  constructor({
    forumUrl,
    apiKey,
    apiUser = 'system',
    fetch: send = fetch,
    timeoutSeconds = 10,
    logOutPath = '/admin/users/{id}/log_out.json',
  }: DiscourseApiOptions) {
    const url = readPeerUrl(forumUrl, 'forumUrl (DISCOURSE_URL)');
    if (isRefusal(url)) throw errorFrom(url);
    if (typeof apiKey !== 'string' || !/^[\x21-\x7e]+$/.test(apiKey)) {
      throw new ForumSsoError(
        'ERR_OPTIONS_INVALID',
        'api.key (DISCOURSE_ADMIN_API_KEY) is empty or holds blanks or line breaks.',
      );
    }
    if (!logOutPath.startsWith('/') || !logOutPath.includes('{id}')) {
      throw new ForumSsoError('ERR_OPTIONS_INVALID', 'api.logOutPath must begin with "/" and hold {id}.');
    }
    this.#connection = {
      forumUrl: url.href.replace(/\/+$/, ''),
      apiKey,
      apiUser,
      fetch: send,
      timeoutMs: timeoutSeconds * 1_000,
    };
    this.#logOutPath = logOutPath;
  }

  /**
   * Ends all sessions of a person at the forum (`POST /admin/users/{id}/log_out`).
   * @param forumUserId the forum's own number of the account, not the site's id
   * @throws ForumSsoError `ERR_DISCOURSE_USER_UNKNOWN` and those of every call: `ERR_DISCOURSE_KEY_REFUSED`,
   * `ERR_DISCOURSE_RATE_LIMITED`, `ERR_DISCOURSE_UNAVAILABLE`, `ERR_DISCOURSE_ADDRESS_WRONG`,
   * `ERR_DISCOURSE_REPLY_UNEXPECTED`
   */
  async logOut(forumUserId: string): Promise<void> {
    const path = this.#logOutPath.replace('{id}', encodeURIComponent(forumUserId));
    const answer = await callDiscourse(this.#connection, 'POST', path);
    if (isRefusal(answer)) throw errorFrom(answer);
    if (answer.status === 404) throw unknownUser();
    const body = parseJson(answer.text);
    if (answer.status !== 200 || !isRecord(body) || body.success !== 'OK')
      throw errorFrom(unexpected(answer));
  }

  /**
   * Reads a person as an admin sees them (`GET /admin/users/{id}.json`).
   * @param forumUserId the forum's own number of the account
   * @returns the JSON object as the forum sent it, still to be checked; null when there is no such account
   * @throws ForumSsoError those of every call, see {@link logOut}
   */
  async readUser(forumUserId: string): Promise<unknown> {
    const answer = await callDiscourse(
      this.#connection,
      'GET',
      `/admin/users/${encodeURIComponent(forumUserId)}.json`,
    );
    if (isRefusal(answer)) throw errorFrom(answer);
    const body = parseJson(answer.text);
    // A key without an admin's rights gets a 404 as well, and must not make an account look destroyed.
    if (answer.status === 404 && isRecord(body) && body.error_type === 'not_found') {
      return (await this.#mayReadUsers()) ? null : Promise.reject(errorFrom(keyIsNoAdmin()));
    }
    if (answer.status !== 200 || !isRecord(body)) throw errorFrom(unexpected(answer));
    return body;
  }

  /** Whether the key may read users at all: every forum has the account -1, "system". */
  async #mayReadUsers(): Promise<boolean> {
    const answer = await callDiscourse(this.#connection, 'GET', '/admin/users/-1.json');
    if (isRefusal(answer)) throw errorFrom(answer);
    return answer.status === 200;
  }
}

function unknownUser(): ForumSsoError {
  return new ForumSsoError(
    'ERR_DISCOURSE_USER_UNKNOWN',
    'The forum has no such account, or the API key is not an admin’s.',
  );
}

function keyIsNoAdmin(): Refusal {
  return {
    refused: 'ERR_DISCOURSE_KEY_REFUSED',
    detail: 'The API key may not read users: it must act as an admin, with the scope for "users".',
  };
}
