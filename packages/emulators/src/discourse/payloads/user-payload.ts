import type { Forum } from '../forum/forum.js';
import type { ForumUser } from '../forum/records.js';
import { isSuspended } from '../forum/sso-login.js';
import { groupPayload } from './group-payload.js';
import { avatarTemplate, uploadUrl } from './pictures.js';

/**
 * The public profile, as `/u/<username>.json` and `/u/by-external/<id>.json` have it below `user`.
 * @param viewer who asks; null for nobody. Only the person sees their own e-mail address, and staff that of somebody
 * who has never logged in.
 */
export function profilePayload(
  forum: Forum,
  user: ForumUser,
  viewer: ForumUser | null,
): Readonly<Record<string, unknown>> {
  const isStaff = viewer !== null && (viewer.admin || viewer.moderator);
  const isOwn = viewer?.id === user.id;
  return {
    ...publicFields(forum, user),
    ...(isOwn || (isStaff && user.staged) ? { email: user.email } : {}),
    ...(isStaff
      ? { staged: user.staged, post_count: 0, can_be_deleted: !user.admin && !user.moderator }
      : {}),
    can_edit: isOwn || isStaff,
    custom_fields: {},
    ...(isOwn || isStaff ? { user_option: userOption(user) } : {}),
  };
}

/** The user object of a webhook: the profile as an admin sees it, with e-mail address, without what is private. */
export function webhookUserPayload(forum: Forum, user: ForumUser): Readonly<Record<string, unknown>> {
  return {
    ...publicFields(forum, user),
    email: user.email,
    secondary_emails: [],
    staged: user.staged,
    pending_count: 0,
    profile_view_count: 0,
    second_factor_enabled: user.secondFactor !== null,
    post_count: 0,
    locale: user.locale,
    muted_category_ids: [],
    watched_tags: [],
    watching_first_post_tags: [],
    tracked_tags: [],
    muted_tags: [],
    tracked_category_ids: [],
    watched_category_ids: [],
    watched_first_post_category_ids: [],
    system_avatar_template: avatarTemplate({ ...user, avatar: null }, forum.origin),
    muted_usernames: [],
    ignored_usernames: [],
    mailing_list_posts_per_day: 0,
    user_notification_schedule: { enabled: false },
    invited_by: null,
    user_option: userOption(user),
    ...(user.signOn === null ? {} : { external_id: user.signOn.externalId }),
  };
}

/** Groups as a list of objects, automatic ones included, by their numbers. */
export function groupList(forum: Forum, user: ForumUser): readonly Readonly<Record<string, unknown>>[] {
  return forum.directory.groupsOf(user).map(groupPayload);
}

/** The fields that the forum's staff have defined for profiles, by their numbers; nothing when there are none. */
export function userFields({ customFields }: ForumUser): Readonly<Record<string, unknown>> {
  const fields = Object.entries(customFields)
    .filter(([name]) => name.startsWith('user_field_'))
    .map(([name, value]) => [name.slice('user_field_'.length), value]);
  return fields.length === 0 ? {} : { user_fields: Object.fromEntries(fields) };
}

function publicFields(forum: Forum, user: ForumUser): Readonly<Record<string, unknown>> {
  return {
    id: user.id,
    username: user.username,
    name: user.name === '' ? null : user.name,
    avatar_template: avatarTemplate(user, forum.origin),
    last_posted_at: null,
    last_seen_at: user.lastSeenAt?.toISOString() ?? null,
    created_at: user.createdAt.toISOString(),
    muted: false,
    trust_level: user.trustLevel,
    moderator: user.moderator,
    admin: user.admin,
    title: user.title,
    ...(isSuspended(user, forum.now())
      ? { suspend_reason: user.suspendReason, suspended_till: user.suspendedTill?.toISOString() ?? null }
      : {}),
    badge_count: 0,
    ...userFields(user),
    time_read: 0,
    recent_time_read: 0,
    primary_group_id: null,
    primary_group_name: null,
    flair_group_id: null,
    featured_topic: null,
    ...(user.bio === '' ? {} : { bio_raw: user.bio, bio_excerpt: user.bio }),
    ...(user.website === '' ? {} : { website: user.website, website_name: websiteName(user.website) }),
    ...(user.location === '' ? {} : { location: user.location }),
    ...(user.cardBackground === null
      ? {}
      : { card_background_upload_url: uploadUrl(user.cardBackground, forum.origin) }),
    ...(user.profileBackground === null
      ? {}
      : { profile_background_upload_url: uploadUrl(user.profileBackground, forum.origin) }),
    featured_user_badge_ids: [],
    groups: groupList(forum, user),
  };
}

function userOption({ id, timezone }: ForumUser): Readonly<Record<string, unknown>> {
  return {
    user_id: id,
    mailing_list_mode: false,
    email_digests: true,
    email_level: 1,
    timezone,
    hide_profile: false,
    text_size: 'normal',
  };
}

function websiteName(website: string): string {
  if (!URL.canParse(website)) return '';
  const { host, pathname } = new URL(website);
  return host.replace(/^www\./, '') + (pathname === '/' ? '' : pathname);
}
