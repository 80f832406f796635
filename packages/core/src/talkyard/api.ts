import { errorFrom, isRefusal, type Refusal, refusal } from '../errors.js';
import { readPeerUrl } from '../http/site-address.js';
import type { SiteUser } from '../site-user.js';
import type { ApiSecretInfo, TalkyardLookup, TalkyardMember } from './answers.js';
import { apiSecretProblem } from './api-secret.js';
import { loginWithSecretUrl, TalkyardClient } from './client.js';
import { safeThenGoTo, type ThenGoToOptions } from './then-go-to.js';
import type { TalkyardUserOptions } from './user.js';

export interface TalkyardApiOptions {
  /** `https://forum.example.com`; http on this machine only. */
  readonly serverUrl: string;
  /** An API secret of Talkyard (Admin, API) that may act as any user. */
  readonly apiSecret: string;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
  /** For one whole exchange; default 10. */
  readonly timeoutSeconds?: number;
}

/**
 * Talkyard's server API, called as its API user. The secret travels in a header and nowhere else; redirects are errors;
 * an answer may have at most 1 MB. Every method throws a ForumSsoError: `ERR_TALKYARD_UNAVAILABLE`,
 * `ERR_TALKYARD_RATE_LIMITED`, `ERR_TALKYARD_API_SECRET_REFUSED`, `ERR_TALKYARD_API_OFF`, `ERR_TALKYARD_ADDRESS_WRONG`,
 * `ERR_TALKYARD_REQUEST_REFUSED`, `ERR_TALKYARD_REPLY_UNEXPECTED`. The detail names Talkyard's own codes, never its text,
 * which quotes addresses and may hold a stack trace.
 */
export class TalkyardApi {
  readonly #client: TalkyardClient;
  readonly #origin: string;

  /** @throws ForumSsoError `ERR_OPTIONS_INVALID` */
  constructor({ serverUrl, apiSecret, fetch: send = fetch, timeoutSeconds = 10 }: TalkyardApiOptions) {
    this.#origin = orThrow(readServerOrigin(serverUrl));
    const problem = apiSecretProblem(apiSecret);
    if (problem !== undefined) throw errorFrom(refusal('ERR_OPTIONS_INVALID', problem));
    this.#client = new TalkyardClient({
      origin: this.#origin,
      apiSecret,
      fetch: send,
      timeoutMs: timeoutSeconds * 1_000,
    });
  }

  /**
   * Creates the person if need be, and gets a one-time secret with which their browser is logged in. Updates nothing:
   * use {@link TalkyardApi.upsertUser} for that.
   *
   * @returns a secret that works once, within 30 seconds: send the browser to {@link TalkyardApi.loginUrl} at once
   * @throws ForumSsoError `ERR_EMAIL_NOT_VERIFIED`, `ERR_USER_SUSPENDED`, `ERR_TALKYARD_EMAIL_UNUSABLE`,
   * `ERR_TALKYARD_EMAIL_TAKEN`, `ERR_TALKYARD_USER_UNUSABLE`, `ERR_TALKYARD_USER_REFUSED`
   */
  async loginSecret(user: SiteUser, options: TalkyardUserOptions = {}): Promise<string> {
    return orThrow(await this.#client.loginSecret(user, options));
  }

  /**
   * The address to send the browser to. Answer with `Cache-Control: no-store` and `Referrer-Policy: no-referrer`: whoever
   * gets hold of the address first is logged in.
   * @throws ForumSsoError `ERR_TALKYARD_RETURN_UNSAFE`
   */
  loginUrl(
    secret: string,
    thenGoTo = '/',
    options: Pick<ThenGoToOptions, 'allowEmbeddingFrom'> = {},
  ): string {
    return loginWithSecretUrl(
      this.#origin,
      secret,
      safeThenGoTo(thenGoTo, { serverOrigin: this.#origin, ...options }),
    );
  }

  /**
   * Creates or updates the person: address, user name and full name. Talkyard's admin and moderator flags stay as they
   * are once the user exists.
   * @returns the user as Talkyard stored it
   * @throws ForumSsoError as {@link TalkyardApi.loginSecret}
   */
  async upsertUser(user: SiteUser, options: TalkyardUserOptions = {}): Promise<TalkyardMember> {
    return orThrow(await this.#client.upsertUser(user, options));
  }

  /**
   * Looks users up by reference: `ssoid:…`, `extid:…`, `username:…`, `userid:…`. At most 50 at a time.
   * @returns one result for each reference, in the same order
   */
  async get(refs: readonly string[]): Promise<readonly TalkyardLookup[]> {
    return orThrow(await this.#client.lookUp(refs));
  }

  /** The Talkyard user of a person of the site; null when there is none. */
  async findBySsoId(siteUserId: string): Promise<TalkyardMember | null> {
    const [lookup] = await this.get([`ssoid:${siteUserId}`]);
    return lookup !== undefined && 'found' in lookup ? lookup.found : null;
  }

  /** Users whose user name begins so; at most 50, and there is no way to get more. */
  async listUsers(usernamePrefix: string): Promise<readonly TalkyardMember[]> {
    return orThrow(await this.#client.listUsers(usernamePrefix));
  }

  /** Finds out whether Talkyard accepts the API secret, and whose it is. */
  async apiSecretInfo(): Promise<ApiSecretInfo> {
    return orThrow(await this.#client.apiSecretInfo());
  }

  /** Resolves when a Talkyard answers at the address; needs no secret. */
  async ping(): Promise<void> {
    orThrow(await this.#client.ping());
  }
}

/** Talkyard's origin out of the configured address. */
export function readServerOrigin(serverUrl: string): string | Refusal {
  const url = readPeerUrl(serverUrl, 'serverUrl (TALKYARD_URL)');
  if (isRefusal(url)) return url;
  return url.pathname === '/'
    ? url.origin
    : refusal(
        'ERR_OPTIONS_INVALID',
        'serverUrl (TALKYARD_URL) must have no path: Talkyard is at the root of its host.',
      );
}

function orThrow<T>(result: T | Refusal): T {
  if (isRefusal(result)) throw errorFrom(result);
  return result;
}
