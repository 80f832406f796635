import { createHash } from 'node:crypto';

import type { SiteUser } from '../../site-user.js';

/** The `user` object of a webhook, as clients read it: numbers are numbers, groups whole objects. */
export interface WebhookUser {
  readonly id: number;
  readonly username: string;
  readonly name: string | null;
  readonly email: string;
  readonly active: boolean;
  readonly admin: boolean;
  readonly moderator: boolean;
  readonly title: string | null;
  readonly groups: readonly WebhookGroup[];
  readonly suspended_till?: string;
}

export interface WebhookGroup {
  readonly id: number;
  readonly name: string;
  readonly automatic: false;
}

/** Whether something read from the store is such an object. */
export function isWebhookUser(value: unknown): value is WebhookUser {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    typeof value.id === 'number' &&
    'username' in value &&
    typeof value.username === 'string' &&
    'groups' in value &&
    Array.isArray(value.groups)
  );
}

/**
 * A person in a webhook. Always with the whole list of groups, since clients take rights away by it, and never with
 * an `external_id`: one of them takes that for its own number of a user.
 */
export function webhookUser(user: SiteUser, number: number): WebhookUser {
  return {
    id: number,
    username: user.username ?? `user${number}`,
    name: user.name ?? null,
    email: user.email,
    active: true,
    admin: user.admin === true,
    moderator: user.moderator === true,
    title: user.title ?? null,
    groups: (user.groups ?? []).map((name) => ({ id: groupNumber(name), name, automatic: false })),
  };
}

/** A group's number: the site has names alone. The same name always has the same. */
export function groupNumber(name: string): number {
  return (createHash('sha256').update(name.toLowerCase()).digest().readUInt32BE(0) >>> 1) + 1;
}

/** One webhook: what it is called, and its body. */
export interface OutgoingWebhook {
  readonly type: 'user' | 'group_user' | 'ping';
  readonly event: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * What a client has to hear so that it knows a person as they are now.
 * @param before what it was told last; null when it has heard nothing of this person
 */
export function webhooksAbout(now: WebhookUser, before: WebhookUser | null): readonly OutgoingWebhook[] {
  if (before !== null && JSON.stringify(before) === JSON.stringify(now)) return [];
  const about = (event: string): OutgoingWebhook => ({ type: 'user', event, body: { user: now } });
  // Some clients leave a mere creation alone, since forums send it before an address is confirmed.
  const news = before === null ? [about('user_created'), about('user_updated')] : [about('user_updated')];
  return [...news, ...membershipsChanged(now, before)];
}

function membershipsChanged(now: WebhookUser, before: WebhookUser | null): readonly OutgoingWebhook[] {
  const had = new Map((before?.groups ?? []).map((group) => [group.id, group]));
  const has = new Map(now.groups.map((group) => [group.id, group]));
  const change = (event: string, groupId: number): OutgoingWebhook => ({
    type: 'group_user',
    event,
    body: { group_user: { id: groupNumber(`${now.id}|${groupId}`), group_id: groupId, user_id: now.id } },
  });
  return [
    ...[...has.keys()].filter((id) => !had.has(id)).map((id) => change('user_added_to_group', id)),
    ...[...had.keys()].filter((id) => !has.has(id)).map((id) => change('user_removed_from_group', id)),
  ];
}
