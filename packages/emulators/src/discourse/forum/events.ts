import type { ForumUser, Membership } from './records.js';

/** What happens to an account, under the names that webhooks have for it. */
export const userEventNames = [
  'user_logged_in',
  'user_logged_out',
  'user_confirmed_email',
  'user_created',
  'user_approved',
  'user_updated',
  'user_destroyed',
  'user_suspended',
  'user_unsuspended',
] as const;

/** What happens to a membership in a group. */
export const groupUserEventNames = ['user_added_to_group', 'user_removed_from_group'] as const;

export type UserEventName = (typeof userEventNames)[number];
export type GroupUserEventName = (typeof groupUserEventNames)[number];

export type ForumEvent =
  | { readonly type: 'user'; readonly name: UserEventName; readonly user: ForumUser }
  | { readonly type: 'group_user'; readonly name: GroupUserEventName; readonly membership: Membership };

/** Tells whoever listens what happened. Listeners run at once, while the account still is as it was then. */
export class ForumEvents {
  readonly #listeners = new Set<(event: ForumEvent) => void>();

  subscribe(listener: (event: ForumEvent) => void): void {
    this.#listeners.add(listener);
  }

  user(name: UserEventName, user: ForumUser): void {
    this.#tell({ type: 'user', name, user });
  }

  membership(name: GroupUserEventName, membership: Membership): void {
    this.#tell({ type: 'group_user', name, membership });
  }

  #tell(event: ForumEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
