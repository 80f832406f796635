import type { GroupInfo, Membership } from '../forum/records.js';

/** A group as Discourse's JSON has it. */
export function groupPayload({
  id,
  name,
  automatic,
  userCount,
}: GroupInfo): Readonly<Record<string, unknown>> {
  return {
    id,
    automatic,
    name,
    ...(automatic ? { display_name: name } : {}),
    user_count: userCount,
    mentionable_level: 0,
    messageable_level: 0,
    visibility_level: 0,
    primary_group: false,
    title: null,
    grant_trust_level: null,
    has_messages: false,
    flair_url: null,
    flair_bg_color: null,
    flair_color: null,
    bio_cooked: null,
    bio_excerpt: null,
    public_admission: false,
    public_exit: false,
    allow_membership_requests: false,
    full_name: null,
    default_notification_level: 3,
    membership_request_template: null,
    members_visibility_level: 0,
    can_see_members: true,
    publish_read_state: false,
  };
}

/** A membership as webhooks of type `group_user` have it: numbers only. */
export function groupUserPayload({
  id,
  groupId,
  userId,
  createdAt,
}: Membership): Readonly<Record<string, unknown>> {
  return {
    id,
    group_id: groupId,
    user_id: userId,
    notification_level: 3,
    owner: false,
    created_at: createdAt.toISOString(),
  };
}
