import type { ActiveConnector, Delivery, SuspendOptions } from '../../connector.js';
import { type ForumSsoError, isForumSsoError, isRefusal, type Refusal, refusal } from '../../errors.js';
import type { SiteUser } from '../../site-user.js';
import { type DiscourseApi, DiscourseApiError } from '../api/discourse-api.js';
import type { SyncFields } from '../api/sync.js';
import type { DiscourseFields } from '../protocol/fields.js';

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

/** All but a push may have to look the account up first. */
const callsOf = { signOut: 2, suspend: 2, remove: 2, restore: 2 } as const;

/**
 * What the connector does for a person outside a login, over the forum's API.
 * @param callsPerMinute the forum's limit for all its API keys together
 * @param fieldsOf the same mapping as for a login
 */
export function accountLife(
  forum: ForumApi,
  removal: RemovalMode,
  callsPerMinute: number,
  fieldsOf: (user: SiteUser) => DiscourseFields | Refusal,
): AccountLife {
  const { api } = forum;

  /** Works on the person's account at the forum, when there is one. */
  async function onAccount(
    siteUserId: string,
    work: (forumUserId: string) => Promise<void>,
    byHand: readonly string[] = [],
  ): Promise<Delivery> {
    return deliver(async () => {
      const forumUserId = await api.forumIdOf(siteUserId);
      if (forumUserId === null) return { done: true, notes: ['The person has no account at the forum.'] };
      await work(forumUserId);
      return byHand.length === 0 ? { done: true } : { done: true, byHand };
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
        const synced = await sync(forum, fields, user.id);
        return synced.active
          ? { done: true }
          : { done: true, notes: ['The account waits for its address to be confirmed.'] };
      });
    },
    signOut: (siteUserId) => onAccount(siteUserId, (id) => api.logOut(id)),
    suspend: (siteUserId, options: SuspendOptions) => onAccount(siteUserId, (id) => api.suspend(id, options)),
    remove: (siteUserId) =>
      removal === 'delete'
        ? onAccount(siteUserId, (id) => api.delete(id))
        : onAccount(siteUserId, (id) => api.anonymize(id), [leftByAnonymizing]),
    restore: (siteUserId) => onAccount(siteUserId, (id) => api.unsuspend(id)),
    pace: { calls: callsPerMinute, seconds: 60, callsOf },
    check: () =>
      deliver(async () => {
        await api.findByExternalId('forum-sso-check');
        return { done: true };
      }),
  };
}

function sync(forum: ForumApi, fields: DiscourseFields, siteUserId: string) {
  const { groups, addGroups, removeGroups, externalId = siteUserId, ...rest } = fields;
  if (forum.mode === 'exact') {
    const all: SyncFields<'exact'> = { ...rest, externalId, groups: groups ?? [] };
    return forum.api.syncSso(all);
  }
  return forum.api.syncSso({ ...rest, externalId, addGroups, removeGroups });
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
