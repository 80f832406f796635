import type { Forum } from '../forum/forum.js';
import type { ForumUser, SignOnRecord } from '../forum/records.js';
import { isSuspended } from '../forum/sso-login.js';
import { avatarTemplate } from './pictures.js';
import { groupList, userFields } from './user-payload.js';

/**
 * An account in every detail, as `/admin/users/<id>.json` and `sync_sso` answer, without a root key. The e-mail
 * address is not in it, except of people who have never logged in.
 */
export function adminUserPayload(forum: Forum, user: ForumUser): Readonly<Record<string, unknown>> {
  const now = forum.now();
  const isStaff = user.admin || user.moderator;
  const suspended = isSuspended(user, now);
  const age = (date: Date | null): number | null =>
    date === null ? null : (now.getTime() - date.getTime()) / 1_000;
  return {
    id: user.id,
    username: user.username,
    name: user.name === '' ? null : user.name,
    avatar_template: avatarTemplate(user, forum.origin),
    ...(user.staged ? { email: user.email, secondary_emails: [] } : {}),
    active: user.active,
    admin: user.admin,
    moderator: user.moderator,
    last_seen_at: user.lastSeenAt?.toISOString() ?? null,
    last_emailed_at: null,
    created_at: user.createdAt.toISOString(),
    last_seen_age: age(user.lastSeenAt),
    last_emailed_age: null,
    created_at_age: age(user.createdAt),
    trust_level: user.trustLevel,
    manual_locked_trust_level: null,
    title: user.title,
    time_read: 0,
    staged: user.staged,
    days_visited: 0,
    posts_read_count: 0,
    topics_entered: 0,
    post_count: 0,
    ...(forum.settings.must_approve_users ? { can_approve: !user.approved, approved: user.approved } : {}),
    ...(suspended
      ? {
          suspended_at: user.suspendedAt?.toISOString() ?? null,
          suspended_till: user.suspendedTill?.toISOString() ?? null,
        }
      : {}),
    ...(user.secondFactor === null ? {} : { second_factor_enabled: true }),
    can_send_activation_email: true,
    can_activate: !user.active,
    can_deactivate: !isStaff && user.active,
    ip_address: user.ipAddress,
    registration_ip_address: null,
    can_grant_admin: !user.admin,
    can_revoke_admin: user.admin,
    can_grant_moderation: !user.moderator,
    can_revoke_moderation: user.moderator,
    can_impersonate: !user.admin,
    like_count: 0,
    like_given_count: 0,
    topic_count: 0,
    flags_given_count: 0,
    flags_received_count: 0,
    private_topics_count: 0,
    can_delete_all_posts: !isStaff,
    can_be_deleted: !isStaff,
    can_be_anonymized: !isStaff,
    can_be_merged: true,
    can_delete_sso_record: forum.settings.enable_discourse_connect && user.signOn !== null,
    full_suspend_reason: suspended ? user.suspendReason : null,
    suspend_reason: suspended ? user.suspendReason : null,
    silence_reason: null,
    primary_group_id: null,
    badge_count: 0,
    warnings_received_count: 0,
    ...userFields(user),
    external_ids: { ...user.associatedAccounts },
    single_sign_on_record: user.signOn === null ? null : signOnRecord(user, user.signOn),
    approved_by: null,
    suspended_by: null,
    silenced_by: null,
    groups: groupList(forum, user),
  };
}

function signOnRecord({ id, createdAt }: ForumUser, record: SignOnRecord): Readonly<Record<string, unknown>> {
  return {
    user_id: id,
    external_id: record.externalId,
    created_at: createdAt.toISOString(),
    updated_at: createdAt.toISOString(),
    external_username: record.externalUsername,
    external_name: record.externalName,
    external_avatar_url: record.externalAvatarUrl,
    external_profile_background_url: record.externalProfileBackgroundUrl,
    external_card_background_url: record.externalCardBackgroundUrl,
  };
}
