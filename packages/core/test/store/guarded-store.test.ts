import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { ForumSsoError } from '../../src/errors.js';
import { guardStore, storeDeadline, tellWarning } from '../../src/store/guarded-store.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { ForumSsoStore } from '../../src/store/store.js';

/** A store of somebody's own, whose claims do as they are told. */
function ownStore(claim: () => Promise<boolean>, shared: boolean): ForumSsoStore {
  return { ...memoryStore(), shared, oneTime: { claim } };
}

const unavailable = { code: 'ERR_STORE_UNAVAILABLE', status: 503 };

describe.each([true, false])('a store of the site, shared: %s', (shared) => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('answers through the guard, and says the same of itself', async () => {
    const store = guardStore(ownStore(async () => true, shared));
    expect(await store.oneTime.claim('a', 60)).toBe(true);
    expect(store.shared).toBe(shared);
    expect(await store.revocations.join('ann', 'one', 60)).toBe('one');
    expect(await store.people?.standing('ann')).toBeNull();
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('connection lost'))],
    [
      'throws',
      () => {
        throw new TypeError('no client');
      },
    ],
  ])('that %s is unavailable', async (_, claim) => {
    const { oneTime } = guardStore(ownStore(claim, shared));
    await expect(oneTime.claim('a', 60)).rejects.toMatchObject({
      ...unavailable,
      cause: expect.any(Error),
    });
  });

  test('that is silent for two seconds is unavailable', async () => {
    const { oneTime } = guardStore(ownStore(() => new Promise(() => {}), shared));
    const claimed = expect(oneTime.claim('a', 60)).rejects.toMatchObject(unavailable);
    await jest.advanceTimersByTimeAsync(storeDeadline);
    await claimed;
  });

  test('may say what is wrong itself', async () => {
    const { oneTime } = guardStore(
      ownStore(() => Promise.reject(new ForumSsoError('ERR_STORE_UNAVAILABLE', 'The disk is full.')), shared),
    );
    await expect(oneTime.claim('a', 60)).rejects.toMatchObject({ detail: 'The disk is full.' });
  });
});

test('a store’s own warning is passed on; one that cannot be had says nothing', async () => {
  const told = async (warning: ForumSsoStore['warning']): Promise<readonly string[]> => {
    const sentences: string[] = [];
    const store = { ...memoryStore(), shared: true, ...(warning === undefined ? {} : { warning }) };
    await tellWarning(guardStore(store), (sentence) => sentences.push(sentence));
    return sentences;
  };
  expect(await told(async () => 'It forgets.')).toEqual(['It forgets.']);
  expect(await told(async () => null)).toEqual([]);
  expect(await told(undefined)).toEqual([]);
  expect(await told(() => Promise.reject(new Error('connection lost')))).toEqual([]);
  expect(
    await told(() => {
      throw new TypeError('no client');
    }),
  ).toEqual([]);
});

test('the in-memory store needs no guard', () => {
  const store = memoryStore();
  expect(guardStore(store)).toBe(store);
});
