import { errorFrom, isRefusal, type Refusal, refusal } from '../../errors.js';
import { readPeerUrl } from '../../http/site-address.js';
import type { CoralRole } from '../fields.js';
import { accessTokenProblem } from './access-token.js';
import {
  type CoralSsoSettings,
  type CoralUser,
  inner,
  list,
  readSsoSettings,
  readUser,
  unexpected,
} from './answers.js';
import { type CoralConnection, callCoral, type GraphqlOperation } from './call.js';
import {
  type MutationName,
  mutationQuery,
  signingSecretsQuery,
  userQuery,
  usersQuery,
  viewerQuery,
} from './operations.js';

export interface CoralApiOptions {
  /** `https://comments.example.com`; http on this machine only. */
  readonly coralUrl: string;
  /** A personal access token of an administrator. It does not expire, and acts as that person. */
  readonly accessToken: string;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
  /** For one whole exchange; default 10. */
  readonly timeoutSeconds?: number;
}

/**
 * Whom a call is about. By the site's id, the account is looked up first, since after accounts were joined
 * Coral's id is another one; the account must have a single sign-on profile with exactly that id. The e-mail
 * address finds joined accounts.
 */
export type CoralUserRef =
  | { readonly coralId: string }
  | { readonly siteUserId: string; readonly email?: string | undefined };

/** Where to look in a list of users. */
export interface CoralUsersFilter {
  /** 1 to 50; default 50. */
  readonly first?: number;
  /** Where the page before ended. */
  readonly after?: string;
  readonly role?: CoralRole;
  /** Text of the name or address. */
  readonly query?: string;
  readonly status?: 'ACTIVE' | 'BANNED' | 'SUSPENDED' | 'PREMOD' | 'WARNED' | 'SITE_BANNED';
}

/** Users in a page of Coral's list. */
const pageSize = 50;

/**
 * Pages that are searched for a joined account: its address is in all of its profiles, so the first is nearly
 * always enough.
 */
const searchedPages = 4;

/**
 * Coral's GraphQL, called with a personal access token. Every method throws a ForumSsoError when Coral does not
 * carry it out: `ERR_CORAL_UNREACHABLE`, `ERR_CORAL_TIMEOUT`, `ERR_CORAL_REDIRECTED`,
 * `ERR_CORAL_ANSWER_TOO_LARGE`, `ERR_CORAL_ANSWER_MALFORMED`, `ERR_CORAL_CREDENTIALS_REFUSED`,
 * `ERR_CORAL_NOT_ENTITLED`, `ERR_CORAL_TENANT_UNKNOWN`, `ERR_CORAL_RATE_LIMITED`, `ERR_CORAL_QUERY_REFUSED`,
 * `ERR_CORAL_FAULT`, `ERR_CORAL_REFUSED`; those that concern one user, `ERR_CORAL_USER_NOT_FOUND`. The detail
 * holds Coral's own code and its trace id, by which Coral's operator finds the reason in the log.
 *
 * A name or address that is changed here is overwritten by the person's next login: change the site's record
 * first.
 */
export class CoralApi {
  readonly #connection: CoralConnection;
  readonly #accessToken: string;

  /** @throws ForumSsoError `ERR_OPTIONS_INVALID` */
  constructor({ coralUrl, accessToken, fetch: send = fetch, timeoutSeconds = 10 }: CoralApiOptions) {
    const origin = orThrow(readCoralOrigin(coralUrl));
    const problem = accessTokenProblem(accessToken, 'accessToken (CORAL_ACCESS_TOKEN)');
    if (problem !== null) throw errorFrom(refusal('ERR_OPTIONS_INVALID', problem));
    this.#connection = { origin, fetch: send, timeoutMs: timeoutSeconds * 1_000 };
    this.#accessToken = accessToken;
  }

  /** The access token's owner. */
  async viewer(): Promise<{ readonly id: string; readonly role: string }> {
    const { id, role } = inner(await this.#run({ query: viewerQuery }), 'viewer');
    if (typeof id !== 'string' || typeof role !== 'string') {
      throw errorFrom(
        refusal('ERR_CORAL_CREDENTIALS_REFUSED', 'Coral does not recognise the owner of the access token.'),
      );
    }
    return { id, role };
  }

  /** The account with this id of Coral, deleted ones included; null when there is none. */
  async user(coralId: string): Promise<CoralUser | null> {
    const data = await this.#run({ query: userQuery, variables: { id: coralId } });
    return orThrow(readUser(data.user));
  }

  /** A page of Coral's users. */
  async users({ first = pageSize, ...filter }: CoralUsersFilter = {}): Promise<{
    readonly users: readonly CoralUser[] /** Absent on the last page. */;
    readonly next?: string;
  }> {
    const data = await this.#run({ query: usersQuery, variables: { first, ...filter } });
    const page = inner(data, 'users');
    const users: CoralUser[] = [];
    for (const node of list(page.nodes)) {
      const user = orThrow(readUser(node));
      if (user !== null) users.push(user);
    }
    const { hasNextPage, endCursor } = inner(page, 'pageInfo');
    return hasNextPage === true && typeof endCursor === 'string' ? { users, next: endCursor } : { users };
  }

  /**
   * The account that a person of the site signs in to: the one that has a single sign-on profile with exactly
   * this id.
   * @param email the person's address, by which an account that was joined with an older one is found
   * @returns null when Coral does not know the person, or has deleted the account
   */
  async findBySiteUserId(
    siteUserId: string,
    { email }: { readonly email?: string | undefined } = {},
  ): Promise<CoralUser | null> {
    const isTheirs = ({ ssoProfileIds, deletedAt }: CoralUser): boolean =>
      deletedAt === undefined && ssoProfileIds.includes(siteUserId);
    const direct = await this.user(siteUserId);
    if (direct !== null && isTheirs(direct)) return direct;
    if (email === undefined) return null;
    let after: string | undefined;
    for (let page = 0; page < searchedPages; page++) {
      const { users, next } = await this.users({ query: email, ...(after === undefined ? {} : { after }) });
      const found = users.find(isTheirs);
      if (found !== undefined) return found;
      if (next === undefined) return null;
      after = next;
    }
    return null;
  }

  /** Changes the name. Coral tests nothing about it. */
  updateUserUsername(ref: CoralUserRef, username: string): Promise<CoralUser> {
    return this.#changeUser('updateUserUsername', ref, { username });
  }

  /**
   * Changes the address and marks it as verified: only for addresses that are.
   * @throws ForumSsoError also `ERR_CORAL_EMAIL_TAKEN`, `ERR_CORAL_EMAIL_REFUSED`
   */
  updateUserEmail(ref: CoralUserRef, email: string): Promise<CoralUser> {
    return this.#changeUser('updateUserEmail', ref, { email });
  }

  /** Changes the picture. Null takes it away, which no token can. */
  updateUserAvatar(ref: CoralUserRef, avatar: string | null): Promise<CoralUser> {
    return this.#changeUser('updateUserAvatar', ref, { avatar });
  }

  /**
   * Changes the role; `scoped` (default false) limits `MODERATOR` and `MEMBER` to some sites. Nobody may change
   * their own.
   */
  updateUserRole(
    ref: CoralUserRef,
    role: CoralRole,
    { scoped = false }: { readonly scoped?: boolean } = {},
  ): Promise<CoralUser> {
    return this.#changeUser('updateUserRole', ref, { role, scoped });
  }

  /** Limits a moderator to some of Coral's sites; the role must be scoped already. */
  updateUserModerationScopes(ref: CoralUserRef, siteIds: readonly string[]): Promise<CoralUser> {
    return this.#changeUser('updateUserModerationScopes', ref, { moderationScopes: scopes(siteIds) });
  }

  /** Limits a member to some of Coral's sites; the role must be scoped already. */
  updateUserMembershipScopes(ref: CoralUserRef, siteIds: readonly string[]): Promise<CoralUser> {
    return this.#changeUser('updateUserMembershipScopes', ref, { membershipScopes: scopes(siteIds) });
  }

  /**
   * Gives the account another id of the site: the right way when ids change.
   * @throws ForumSsoError also `ERR_CORAL_SSO_PROFILE_MISSING`
   */
  updateSSOProfileID(ref: CoralUserRef, siteUserId: string): Promise<CoralUser> {
    return this.#changeUser('updateSSOProfileID', ref, { ssoProfileID: siteUserId });
  }

  /**
   * Deletes the account and its comments, at once. The id can never sign in again: whoever comes back needs a
   * new one.
   * @throws ForumSsoError also `ERR_CORAL_SELF_DELETION` for the access token's own account
   */
  async deleteUserAccount(ref: CoralUserRef): Promise<void> {
    const coralId = await this.#coralId(ref);
    const data = await this.#run({ query: userQuery, variables: { id: coralId } });
    // Coral answers both of these with an internal error that says nothing.
    if (inner(data, 'viewer').id === coralId) {
      throw errorFrom(
        refusal(
          'ERR_CORAL_SELF_DELETION',
          'The account belongs to the access token itself, and Coral lets nobody delete themselves at once. The person must ask for it in Coral, with their password (mutation requestAccountDeletion).',
        ),
      );
    }
    const user = orThrow(readUser(data.user));
    if (user === null || user.deletedAt !== undefined) throw errorFrom(notFound());
    await this.#mutate('deleteUserAccount', { userID: coralId });
  }

  /**
   * @returns an address from which the person's comments can be downloaded, once, within two weeks; keep it
   * secret
   */
  async requestUserCommentsDownload(ref: CoralUserRef): Promise<string> {
    const { archiveURL } = await this.#mutate('requestUserCommentsDownload', {
      userID: await this.#coralId(ref),
    });
    if (typeof archiveURL !== 'string') throw errorFrom(unexpected('archiveURL'));
    return archiveURL;
  }

  /** Bans everywhere, or on the named sites of Coral only. The message goes to the person by e-mail. */
  banUser(
    ref: CoralUserRef,
    {
      message,
      siteIds,
      rejectExistingComments,
    }: {
      readonly message: string;
      readonly siteIds?: readonly string[];
      readonly rejectExistingComments?: boolean;
    },
  ): Promise<CoralUser> {
    return this.#changeUser('banUser', ref, { message, siteIDs: siteIds, rejectExistingComments });
  }

  /** Bans on some sites of Coral and lifts the ban on others. */
  updateUserBan(
    ref: CoralUserRef,
    {
      message,
      banSiteIds,
      unbanSiteIds,
      rejectExistingComments,
    }: {
      readonly message: string;
      readonly banSiteIds?: readonly string[];
      readonly unbanSiteIds?: readonly string[];
      readonly rejectExistingComments?: boolean;
    },
  ): Promise<CoralUser> {
    const input = { message, banSiteIDs: banSiteIds, unbanSiteIDs: unbanSiteIds, rejectExistingComments };
    return this.#changeUser('updateUserBan', ref, input);
  }

  /** Lifts a ban; nothing happens when there is none. */
  removeUserBan(ref: CoralUserRef): Promise<CoralUser> {
    return this.#changeUser('removeUserBan', ref);
  }

  /**
   * Keeps the person from commenting for some seconds. The message goes to them by e-mail.
   * @throws ForumSsoError also `ERR_CORAL_STATE_UNCHANGED` when they are suspended already
   */
  suspendUser(
    ref: CoralUserRef,
    { seconds, message }: { readonly seconds: number; readonly message: string },
  ): Promise<CoralUser> {
    return this.#changeUser('suspendUser', ref, { timeout: seconds, message });
  }

  /** Ends a suspension; nothing happens when there is none. */
  removeUserSuspension(ref: CoralUserRef): Promise<CoralUser> {
    return this.#changeUser('removeUserSuspension', ref);
  }

  /**
   * Holds back all further comments until a moderator has seen them.
   * @throws ForumSsoError also `ERR_CORAL_STATE_UNCHANGED`
   */
  premodUser(ref: CoralUserRef): Promise<CoralUser> {
    return this.#changeUser('premodUser', ref);
  }

  /** Undoes {@link premodUser}. */
  removeUserPremod(ref: CoralUserRef): Promise<CoralUser> {
    return this.#changeUser('removeUserPremod', ref);
  }

  /** Keeps the person from commenting until they have acknowledged the message. */
  warnUser(ref: CoralUserRef, { message }: { readonly message: string }): Promise<CoralUser> {
    return this.#changeUser('warnUser', ref, { message });
  }

  /** Takes a warning back. */
  removeUserWarning(ref: CoralUserRef): Promise<CoralUser> {
    return this.#changeUser('removeUserWarning', ref);
  }

  /** Shows the person a message from the moderators. */
  sendModMessage(ref: CoralUserRef, { message }: { readonly message: string }): Promise<CoralUser> {
    return this.#changeUser('sendModMessage', ref, { message });
  }

  /** How single sign-on is set up in Coral, secrets included: log nothing of it. */
  async ssoSettings(): Promise<CoralSsoSettings> {
    return orThrow(readSsoSettings(await this.#run({ query: signingSecretsQuery })));
  }

  /**
   * Makes a new signing secret. Those in use stay valid for some time: sign with the new one within it.
   * @param inactiveIn seconds until the others are dead
   */
  rotateSSOSigningSecret({ inactiveIn }: { readonly inactiveIn: number }): Promise<CoralSsoSettings> {
    return this.#changeSecrets('rotateSSOSigningSecret', { inactiveIn });
  }

  /** Kills a signing secret, and with it every token that it signed, at once. */
  deactivateSSOSigningSecret(kid: string): Promise<CoralSsoSettings> {
    return this.#changeSecrets('deactivateSSOSigningSecret', { kid });
  }

  /** Removes a signing secret, active or not. */
  deleteSSOSigningSecret(kid: string): Promise<CoralSsoSettings> {
    return this.#changeSecrets('deleteSSOSigningSecret', { kid });
  }

  /** Makes another access token for the owner of this one. It is shown here only. */
  async createToken(name: string): Promise<{ readonly id: string; readonly accessToken: string }> {
    const payload = await this.#mutate('createToken', { name });
    const { id } = inner(payload, 'token');
    const { signedToken } = payload;
    if (typeof id !== 'string' || typeof signedToken !== 'string') throw errorFrom(unexpected('signedToken'));
    return { id, accessToken: signedToken };
  }

  /** Revokes an access token of the same owner; Coral then answers it with an internal error. */
  async deactivateToken(id: string): Promise<void> {
    await this.#mutate('deactivateToken', { id });
  }

  async #changeUser(
    name: MutationName,
    ref: CoralUserRef,
    input: Readonly<Record<string, unknown>> = {},
  ): Promise<CoralUser> {
    const payload = await this.#mutate(name, { userID: await this.#coralId(ref), ...input });
    const user = orThrow(readUser(payload.user));
    if (user === null) throw errorFrom(unexpected('user'));
    return user;
  }

  async #changeSecrets(
    name: MutationName,
    input: Readonly<Record<string, unknown>>,
  ): Promise<CoralSsoSettings> {
    return orThrow(readSsoSettings(await this.#mutate(name, input)));
  }

  async #coralId(ref: CoralUserRef): Promise<string> {
    if ('coralId' in ref) return ref.coralId;
    const user = await this.findBySiteUserId(ref.siteUserId, { email: ref.email });
    if (user === null) throw errorFrom(notFound());
    return user.id;
  }

  async #mutate(
    name: MutationName,
    input: Readonly<Record<string, unknown>>,
  ): Promise<Readonly<Record<string, unknown>>> {
    const variables = { input: { ...input, clientMutationId: '' } };
    return inner(await this.#run({ query: mutationQuery(name), variables }), name);
  }

  async #run(operation: GraphqlOperation): Promise<Readonly<Record<string, unknown>>> {
    const answer = orThrow(await callCoral(this.#connection, operation, this.#accessToken));
    if ('data' in answer) return answer.data;
    throw errorFrom(answer.refusal);
  }
}

/** Coral's origin out of the configured address; Coral is at the root of its host. */
export function readCoralOrigin(coralUrl: string): string | Refusal {
  const url = readPeerUrl(coralUrl, 'coralUrl (CORAL_URL)');
  if (isRefusal(url)) return url;
  return url.pathname === '/'
    ? url.origin
    : refusal(
        'ERR_OPTIONS_INVALID',
        'coralUrl (CORAL_URL) must have no path: Coral is at the root of its host.',
      );
}

function scopes(siteIds: readonly string[]) {
  return { scoped: true, siteIDs: siteIds };
}

function notFound(): Refusal {
  return refusal(
    'ERR_CORAL_USER_NOT_FOUND',
    'Coral has no account for this person: it makes one when they first open a page with comments. Joined accounts are found by e-mail address only.',
  );
}

function orThrow<T>(result: T | Refusal): T {
  if (isRefusal(result)) throw errorFrom(result);
  return result;
}
