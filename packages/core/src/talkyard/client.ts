import { isRefusal, type Refusal } from '../errors.js';
import type { SiteUser } from '../site-user.js';
import {
  type ApiSecretInfo,
  readLoginSecret,
  readLookups,
  readSecretInfo,
  readUpsertedUser,
  readUserList,
  type TalkyardLookup,
  type TalkyardMember,
} from './answers.js';
import { callTalkyard, failure, type TalkyardConnection } from './call.js';
import { type TalkyardUserOptions, talkyardUser } from './user.js';

/** Talkyard's limits for one `get`. */
const refLimit = 50;
const lookupBodyLimit = 2_000;

/**
 * Talkyard's API with refusals as values; {@link TalkyardApi} is the same for the outside, with errors thrown.
 * What a person's details must be is checked before Talkyard is asked.
 */
export class TalkyardClient {
  readonly #connection: TalkyardConnection;

  constructor(connection: TalkyardConnection) {
    this.#connection = connection;
  }

  async loginSecret(user: SiteUser, options: TalkyardUserOptions): Promise<string | Refusal> {
    // The oldest of its three addresses: every Talkyard has it.
    return this.#sendUser('/-/v0/sso-upsert-user-generate-login-secret', user, options, readLoginSecret);
  }

  async upsertUser(user: SiteUser, options: TalkyardUserOptions): Promise<TalkyardMember | Refusal> {
    return this.#sendUser('/-/v0/upsert-user', user, options, readUpsertedUser);
  }

  async lookUp(refs: readonly string[]): Promise<readonly TalkyardLookup[] | Refusal> {
    const question = { getQuery: { getWhat: 'Pats', getRefs: refs } };
    if (refs.length > refLimit || Buffer.byteLength(JSON.stringify(question)) > lookupBodyLimit) {
      return failure(
        'ERR_TALKYARD_REQUEST_REFUSED',
        `Talkyard takes at most ${refLimit} references and ${lookupBodyLimit} bytes at a time.`,
      );
    }
    if (refs.length === 0) return [];
    const answer = await callTalkyard(this.#connection, 'POST', '/-/v0/get', question);
    return 'text' in answer ? readLookups(answer.text, refs.length) : answer;
  }

  async listUsers(usernamePrefix: string): Promise<readonly TalkyardMember[] | Refusal> {
    const path = `/-/v0/list-users?usernamePrefix=${encodeURIComponent(usernamePrefix)}`;
    const answer = await callTalkyard(this.#connection, 'GET', path);
    return 'text' in answer ? readUserList(answer.text) : answer;
  }

  async apiSecretInfo(): Promise<ApiSecretInfo | Refusal> {
    const answer = await callTalkyard(this.#connection, 'GET', '/-/v0/api-secret-info');
    return 'text' in answer ? readSecretInfo(answer.text) : answer;
  }

  async ping(): Promise<true | Refusal> {
    const answer = await callTalkyard({ ...this.#connection, apiSecret: undefined }, 'GET', '/-/v0/ping');
    if (!('text' in answer)) return answer;
    return /^pong\b/.test(answer.text)
      ? true
      : failure('ERR_TALKYARD_ADDRESS_WRONG', 'Something answers at serverUrl, but not as a Talkyard does.');
  }

  async #sendUser<T>(
    path: string,
    user: SiteUser,
    options: TalkyardUserOptions,
    read: (text: string) => T | Refusal,
  ): Promise<T | Refusal> {
    const mapped = talkyardUser(user, options);
    if (isRefusal(mapped)) return mapped;
    const answer = await callTalkyard(this.#connection, 'POST', path, mapped);
    return 'text' in answer ? read(answer.text) : answer;
  }
}

/**
 * The address that logs a person in with a one-time secret. It works once, for 30 seconds, and a bad `thenGoTo` uses it
 * up, too: check that first, with {@link safeThenGoTo}.
 */
export function loginWithSecretUrl(serverOrigin: string, secret: string, thenGoTo: string): string {
  const query = `oneTimeSecret=${encodeURIComponent(secret)}&thenGoTo=${encodeURIComponent(thenGoTo)}`;
  return `${serverOrigin}/-/v0/login-with-secret?${query}`;
}
