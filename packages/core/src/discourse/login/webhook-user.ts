import { isRefusal, type Refusal, refusal } from '../../errors.js';
import { type ForumUser, readForumId } from './forum-user.js';

/** A person as a webhook or the API of the forum shows them. */
export interface ForumUserRecord {
  readonly user: ForumUser;
  /** The latest of the person's own time stamps, ISO 8601 in UTC; the empty string when there is none. */
  readonly version: string;
  readonly suspended: boolean;
  /** `{size}` in it stands for the width in pixels; empty when there is none. */
  readonly avatarTemplate: string;
  readonly timezone: string;
}

/** Time stamps of a user that only ever move forward. */
const clocks = ['created_at', 'last_seen_at', 'last_posted_at', 'updated_at', 'last_emailed_at'];

/**
 * Reads the user object of a webhook or of the admin API. Numbers must be numbers, groups a list of objects with
 * names; anything else is a refusal `ERR_WEBHOOK_MALFORMED`.
 */
export function readForumUserRecord(value: unknown): ForumUserRecord | Refusal {
  if (!isRecord(value)) return malformed('is no object');
  const id =
    typeof value.id === 'number' && Number.isSafeInteger(value.id)
      ? readForumId(String(value.id))
      : malformed('has no id');
  if (isRefusal(id)) return malformed('has no usable id');
  if (typeof value.username !== 'string' || value.username === '') return malformed('has no username');
  const groups = readGroupNames(value.groups);
  if (groups === null) return malformed('has groups that are no list of objects with names');
  const option = isRecord(value.user_option) ? value.user_option : {};
  return {
    user: {
      id,
      username: value.username,
      name: textOf(value.name),
      email: textOf(value.email),
      admin: value.admin === true,
      moderator: value.moderator === true,
      ...(groups === undefined ? {} : { groups }),
      // An account that was not confirmed yet vouches for no address.
      requireActivation: value.active === false || value.staged === true,
      twoFactor: false,
    },
    version: latest(clocks.map((name) => value[name])),
    suspended: typeof value.suspended_till === 'string' && value.suspended_till !== '',
    avatarTemplate: textOf(value.avatar_template),
    timezone: textOf(value.timezone) || textOf(option.timezone),
  };
}

function readGroupNames(value: unknown): readonly string[] | undefined | null {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return null;
  const names: string[] = [];
  for (const group of value) {
    if (!isRecord(group) || typeof group.name !== 'string') return null;
    names.push(group.name);
  }
  return names;
}

function latest(stamps: readonly unknown[]): string {
  let newest = 0;
  for (const stamp of stamps) {
    const time = typeof stamp === 'string' ? Date.parse(stamp) : Number.NaN;
    if (time > newest) newest = time;
  }
  return newest === 0 ? '' : new Date(newest).toISOString();
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(fault: string): Refusal {
  return refusal('ERR_WEBHOOK_MALFORMED', `The user in the webhook ${fault}.`);
}
