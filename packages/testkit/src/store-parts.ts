import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';

import type { Links, Locks, Profiles } from '@forum-sso/core';

import type { OpenStore } from './store-case.js';

/** A name that no other case and no other run uses. */
export function freshName(purpose: string): string {
  return `${purpose}-${randomUUID()}`;
}

/** How many connections race each other. */
export const racers = 8;

/** One connection's links. */
export async function openLinks(open: OpenStore): Promise<Links> {
  const { links } = await open();
  assert.ok(links, 'the store has no links');
  return links;
}

/** One connection's profiles. */
export async function openProfiles(open: OpenStore): Promise<Profiles> {
  const { profiles } = await open();
  assert.ok(profiles, 'the store has no profiles');
  return profiles;
}

/** One connection's locks. */
export async function openLocks(open: OpenStore): Promise<Locks> {
  const { locks } = await open();
  assert.ok(locks, 'the store has no locks');
  return locks;
}

/** Several connections at once. */
export function openRacers<Part>(
  open: (store: OpenStore) => Promise<Part>,
  store: OpenStore,
): Promise<Part[]> {
  return Promise.all(Array.from({ length: racers }, () => open(store)));
}

/** How many of the results equal the given one. */
export function count<T>(results: readonly T[], wanted: T): number {
  return results.filter((result) => result === wanted).length;
}
