import type { Membership } from './records.js';

/** Remembers who is in which group since when, and finds out what changed. */
export class Memberships {
  readonly #byUser = new Map<number, Map<number, Membership>>();
  readonly #counts = new Map<number, number>();
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
    const removed = [...before.values()].filter(({ groupId }) => !now.has(groupId));
    for (const { groupId } of added) this.#add(groupId, 1);
    for (const { groupId } of removed) this.#add(groupId, -1);
    return { added, removed };
  }

  forget(userId: number): void {
    for (const groupId of this.#byUser.get(userId)?.keys() ?? []) this.#add(groupId, -1);
    this.#byUser.delete(userId);
  }

  /** How many people are in a group. */
  count(groupId: number): number {
    return this.#counts.get(groupId) ?? 0;
  }

  #add(groupId: number, number: number): void {
    this.#counts.set(groupId, this.count(groupId) + number);
  }

  #create(userId: number, groupId: number): Membership {
    this.#lastId++;
    return { id: this.#lastId, groupId, userId, createdAt: this.#now() };
  }
}
