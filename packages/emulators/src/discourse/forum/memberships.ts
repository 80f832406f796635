import type { Membership } from './records.js';

/** Remembers who is in which group since when, and finds out what changed. */
export class Memberships {
  readonly #byUser = new Map<number, Map<number, Membership>>();
  readonly #now: () => Date;
  #lastId = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** Takes over the groups that a person is in now: what came and what went. */
  refresh(
    userId: number,
    groupIds: readonly number[],
  ): { readonly added: readonly Membership[]; readonly removed: readonly Membership[] } {
    const before = this.#byUser.get(userId) ?? new Map<number, Membership>();
    const now = new Map<number, Membership>();
    const added: Membership[] = [];
    for (const groupId of groupIds) {
      const membership = before.get(groupId) ?? this.#create(userId, groupId);
      if (!before.has(groupId)) added.push(membership);
      now.set(groupId, membership);
    }
    this.#byUser.set(userId, now);
    return { added, removed: [...before.values()].filter(({ groupId }) => !now.has(groupId)) };
  }

  forget(userId: number): void {
    this.#byUser.delete(userId);
  }

  #create(userId: number, groupId: number): Membership {
    this.#lastId++;
    return { id: this.#lastId, groupId, userId, createdAt: this.#now() };
  }
}
