import { createHash } from 'node:crypto';

import { isRecord, parseJson } from '../../json.js';
import type { ClientPerson } from './client-person.js';

/** The `user` object of a webhook, as clients read it: numbers are numbers, groups whole objects. */
export interface WebhookUser extends Omit<ClientPerson, 'groups' | 'avatarUrl'> {
  readonly groups: readonly WebhookGroup[];
  readonly suspended_till?: string;
}

export interface WebhookGroup {
  readonly id: number;
  readonly name: string;
  readonly automatic: false;
}

/** How a client knows a person: as they were when it last heard of them. */
export interface KnownUser {
  readonly user: WebhookUser;
  /** What it heard of them by. */
  readonly by: 'login' | 'webhook';
}

/** Reads what was stored as such an object; null for anything else. */
export function readKnownUser(json: string): KnownUser | null {
  const value = parseJson(json);
  if (!isRecord(value)) return null;
  const { user, by } = value;
  return isWebhookUser(user) && (by === 'login' || by === 'webhook') ? { user, by } : null;
}

function isWebhookUser(value: unknown): value is WebhookUser {
  if (!isRecord(value)) return false;
  const { id, username, name, email, groups } = value;
  return (
    typeof id === 'number' &&
    typeof username === 'string' &&
    (name === null || typeof name === 'string') &&
    typeof email === 'string' &&
    Array.isArray(groups) &&
    groups.every(isWebhookGroup)
  );
}

function isWebhookGroup(value: unknown): value is WebhookGroup {
  return isRecord(value) && typeof value.id === 'number' && typeof value.name === 'string';
}

/**
 * A person in a webhook. Always with the whole list of groups, since clients take rights away by it, and never with
 * an `external_id`: one of them takes that for its own number of a user.
 */
export function webhookUser({ groups, avatarUrl: _, ...person }: ClientPerson): WebhookUser {
  return { ...person, groups: groups.map((name) => ({ id: groupNumber(name), name, automatic: false })) };
}

/** A group's number: the site has names alone. The same name always has the same. At most 2^31 - 1. */
export function groupNumber(name: string): number {
  return createHash('sha256').update(name.toLowerCase()).digest().readUInt32BE(0) >>> 1 || 1;
}

/** One webhook: what it is called, and its body. */
export interface OutgoingWebhook {
  readonly type: 'user' | 'group_user' | 'ping';
  readonly event: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export const ping: OutgoingWebhook = { type: 'ping', event: 'ping', body: { ping: 'OK' } };

/** An event about a person, with the person as they are. */
export function userEvent(event: string, user: WebhookUser): OutgoingWebhook {
  return { type: 'user', event, body: { user } };
}

/**
 * What a client has to hear so that it knows a person as they are now.
 * @param before what it was told last; null when it has heard nothing of this person
 */
export function webhooksAbout(now: WebhookUser, before: WebhookUser | null): readonly OutgoingWebhook[] {
  if (before !== null && JSON.stringify(before) === JSON.stringify(now)) return [];
  // Some clients leave a mere creation alone, since forums send it before an address is confirmed.
  const news = before === null ? ['user_created', 'user_updated'] : ['user_updated'];
  return [...news.map((event) => userEvent(event, now)), ...membershipsChanged(now, before)];
}

function membershipsChanged(now: WebhookUser, before: WebhookUser | null): readonly OutgoingWebhook[] {
  const had = new Set((before?.groups ?? []).map(({ id }) => id));
  const has = new Set(now.groups.map(({ id }) => id));
  const change = (event: string, groupId: number): OutgoingWebhook => ({
    type: 'group_user',
    event,
    body: {
      group_user: {
        id: groupNumber(`${now.id}|${groupId}`),
        group_id: groupId,
        user_id: now.id,
        owner: false,
      },
    },
  });
  return [
    ...[...has].filter((id) => !had.has(id)).map((id) => change('user_added_to_group', id)),
    ...[...had].filter((id) => !has.has(id)).map((id) => change('user_removed_from_group', id)),
  ];
}
