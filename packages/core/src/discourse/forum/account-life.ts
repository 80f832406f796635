import type { ActiveConnector, Delivery, SuspendOptions } from '../../connector.js';
import {
  errorFrom,
  type ForumSsoError,
  isForumSsoError,
  isRefusal,
  type Refusal,
  refusal,
} from '../../errors.js';
import type { SiteUser } from '../../site-user.js';
import { type DiscourseApi, DiscourseApiError } from '../api/discourse-api.js';
import { groupsAreMissing } from '../api/sync.js';
import type { FieldsDraft } from './user-fields.js';

/** What `remove` does at the forum: take everything personal off and keep the posts, or delete the account. */
export type RemovalMode = 'anonymize' | 'delete';

/** The API in the forum's own mode for groups. */
export type ForumApi =
  | { readonly mode: 'exact'; readonly api: DiscourseApi<'exact'> }
  | { readonly mode: 'managed'; readonly api: DiscourseApi<'managed'> };

type AccountLife = Pick<
  ActiveConnector,
  'push' | 'signOut' | 'suspend' | 'remove' | 'restore' | 'pace' | 'check'
>;

const noApi = 'The option api is needed for it: an API key of an admin of the forum.';

/** Without a key, logins work, and nothing else does. */
export const loginOnly: AccountLife = {
  push: noApi,
  signOut: noApi,
  suspend: noApi,
  remove: noApi,
  restore: noApi,
};

const leftByAnonymizing =
  'The posts stay, without the name: what the person wrote about themselves in them, or others about them, has to be edited by hand.';

const wasSuspended = 'The account was suspended already: the end of that suspension stays as it is.';
const noAccount: Delivery = { done: true, notes: ['The person has no account at the forum.'] };

/** All but a push have to look the account up first, as a rule. */
const callsOf = { signOut: 2, suspend: 2, remove: 2, restore: 2 } as const;

export interface AccountLifeOptions {
  readonly removal: RemovalMode;
  /** The forum's limit for all its API keys together. */
  readonly callsPerMinute: number;
  /** The same mapping as for a login, in an object made for it. */
  fieldsOf(user: SiteUser): FieldsDraft | Refusal;
  /** The id under which the forum knows a person of the site. */
  externalIdOf(siteUserId: string): string | Refusal;
}

/** What the connector does for a person outside a login, over the forum's API. */
export function accountLife(
  forum: ForumApi,
  { removal, callsPerMinute, fieldsOf, externalIdOf }: AccountLifeOptions,
): AccountLife {
  const { api } = forum;

  /** Works on the person's account at the forum, when there is one. Looked up each time: it may be another's by now. */
  async function onAccount(
    siteUserId: string,
    work: (forumUserId: string) => Promise<Delivery>,
  ): Promise<Delivery> {
    return deliver(async () => {
      const account = await api.findByExternalId(orThrow(externalIdOf(siteUserId)));
      return account === null ? noAccount : work(account.id);
    });
  }

  return {
    async push(user) {
      const fields = fieldsOf(user);
      if (isRefusal(fields)) return { done: false, refusal: fields };
      // A push does not end a suspension, and would otherwise activate the account.
      if (user.suspended === true)
        return { done: true, notes: ['The person is suspended: nothing was sent.'] };
      return deliver(async () => {
        const synced = await sync(forum, fields);
        return synced.active
          ? { done: true }
          : { done: true, notes: ['The account waits for its address to be confirmed.'] };
      });
    },
    signOut: (siteUserId) =>
      deliver(async () => {
        const externalId = orThrow(externalIdOf(siteUserId));
        const forumUserId = await api.forumIdOf(externalId);
        if (forumUserId === null) return noAccount;
        try {
          await api.logOut(forumUserId);
          return { done: true };
        } catch (error) {
          if (!isForumSsoError(error) || error.code !== 'ERR_DISCOURSE_USER_UNKNOWN') throw error;
          // The account that was remembered is gone; there may be another one by now.
          const account = await api.findByExternalId(externalId);
          if (account === null) return noAccount;
          if (account.id === forumUserId) throw error;
          await api.logOut(account.id);
          return { done: true };
        }
      }),
    suspend: (siteUserId, options: SuspendOptions) =>
      onAccount(siteUserId, async (id) =>
        (await api.suspend(id, options)) ? { done: true } : { done: true, notes: [wasSuspended] },
      ),
    remove: (siteUserId) =>
      onAccount(siteUserId, async (id) => {
        if (removal === 'delete') {
          await api.delete(id);
          return { done: true };
        }
        await api.anonymize(id);
        return { done: true, byHand: [leftByAnonymizing] };
      }),
    restore: (siteUserId) =>
      onAccount(siteUserId, async (id) => {
        await api.unsuspend(id);
        return { done: true };
      }),
    pace: { calls: callsPerMinute, seconds: 60, callsOf },
    check: () =>
      deliver(async () => {
        await api.findByExternalId('forum-sso-check');
        return { done: true };
      }),
  };
}

/** @param fields made for this push: what has no place in the forum's mode is taken out of them */
function sync(forum: ForumApi, fields: FieldsDraft) {
  if (forum.mode === 'managed') return forum.api.syncSso(Object.assign(fields, { groups: undefined }));
  const { groups } = fields;
  if (groups === undefined) throw errorFrom(groupsAreMissing);
  return forum.api.syncSso(Object.assign(fields, { groups, addGroups: undefined, removeGroups: undefined }));
}

async function deliver(work: () => Promise<Delivery>): Promise<Delivery> {
  try {
    return await work();
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    const slowDown = error.code === 'ERR_DISCOURSE_RATE_LIMITED';
    return { done: false, refusal: refusalOf(error), ...retryOf(error), ...(slowDown ? { slowDown } : {}) };
  }
}

function refusalOf({ code, detail, cause }: ForumSsoError): Refusal {
  return refusal(code, detail, cause);
}

function retryOf(error: ForumSsoError): { retryAfter?: number } {
  return error instanceof DiscourseApiError && error.retryAfter !== undefined
    ? { retryAfter: error.retryAfter }
    : {};
}

function orThrow(id: string | Refusal): string {
  if (isRefusal(id)) throw errorFrom(id);
  return id;
}
