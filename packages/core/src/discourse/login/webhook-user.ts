import { hasControlCharacter } from '../../control-characters.js';
import { isRefusal, type Refusal, refusal } from '../../errors.js';
import { isRecord } from '../../json.js';
import {
  type ForumUserUpdate,
  isWebAddress,
  readDisplayName,
  readForumId,
  readGroupNames,
} from './forum-user.js';

/** A person as a webhook or the API of the forum shows them. */
export interface ForumUserRecord {
  /** Without an address when the forum did not name one: the API's view of a person has none. */
  readonly user: ForumUserUpdate;
  /** The latest of the person's own time stamps, ISO 8601 in UTC; the empty string when there is none. */
  readonly version: string;
  readonly suspended: boolean;
  /** Absolute address with `{size}` in the place of the width in pixels. */
  readonly pictureTemplate?: string;
  readonly timezone?: string;
  readonly title?: string;
  readonly trustLevel?: number;
}

/** Time stamps of a user that only ever move forward. */
const clocks = ['created_at', 'last_seen_at', 'last_posted_at', 'updated_at', 'last_emailed_at'];

/**
 * Reads the user object of a webhook or of the admin API. Numbers must be numbers, groups a list of objects with
 * names; anything else is a refusal `ERR_WEBHOOK_MALFORMED`.
 *
 * @param forumOrigin the forum's origin: addresses of pictures may be given as paths
 * @param now a suspension that is over by then is none
 */
export function readForumUserRecord(
  value: unknown,
  forumOrigin: string,
  now: Date,
): ForumUserRecord | Refusal {
  if (!isRecord(value)) return malformed('is no object');
  const id =
    typeof value.id === 'number' && Number.isSafeInteger(value.id)
      ? readForumId(String(value.id))
      : malformed('has no id');
  if (isRefusal(id)) return malformed('has no usable id');
  const { username } = value;
  if (typeof username !== 'string' || username === '' || hasControlCharacter(username)) {
    return malformed('has no usable username');
  }
  const groups = readGroups(value.groups);
  if (groups === null) return malformed('has groups that are no list of objects with names');
  const option = isRecord(value.user_option) ? value.user_option : {};
  const pictureTemplate = absolute(textOf(value.avatar_template), forumOrigin);
  const timezone = textOf(value.timezone) || textOf(option.timezone);
  const title = readDisplayName(textOf(value.title));
  return {
    user: {
      id,
      username,
      name: readDisplayName(textOf(value.name)),
      ...(typeof value.email === 'string' ? { email: value.email } : {}),
      admin: value.admin === true,
      moderator: value.moderator === true,
      ...(groups === undefined ? {} : { groups }),
      // An account that was not confirmed yet vouches for no address.
      requireActivation: value.active === false || value.staged === true,
      twoFactor: false,
    },
    version: latest(clocks.map((name) => value[name])),
    suspended: isSuspended(value.suspended_till, now),
    ...(pictureTemplate === null ? {} : { pictureTemplate }),
    ...(/^[\w+/-]{1,64}$/.test(timezone) ? { timezone } : {}),
    ...(title === '' ? {} : { title: title.slice(0, 255) }),
    ...(typeof value.trust_level === 'number' ? { trustLevel: value.trust_level } : {}),
  };
}

function readGroups(value: unknown): readonly string[] | undefined | null {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return null;
  const names: string[] = [];
  for (const group of value) {
    if (!isRecord(group) || typeof group.name !== 'string') return null;
    names.push(group.name);
  }
  return readGroupNames(names);
}

/** Until when; what is no date counts as for ever. */
function isSuspended(till: unknown, now: Date): boolean {
  if (typeof till !== 'string' || till === '') return false;
  const end = Date.parse(till);
  return Number.isNaN(end) || end > now.getTime();
}

/** The address of a picture that the forum gives as an address, or as a path of its own. */
function absolute(template: string, forumOrigin: string): string | null {
  const address = template.startsWith('//')
    ? new URL(forumOrigin).protocol + template
    : template.startsWith('/')
      ? forumOrigin + template
      : template;
  return isWebAddress(address) ? address : null;
}

/** The newest of some time stamps; the empty text when none of them is one. */
export function latest(stamps: readonly unknown[]): string {
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

function malformed(fault: string): Refusal {
  return refusal('ERR_WEBHOOK_MALFORMED', `The user in the webhook ${fault}.`);
}
