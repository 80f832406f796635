import { createSecretKey, randomBytes } from 'node:crypto';

import { type Delivery, type ErrorCode, refusal } from '@forum-sso/core';
import { describe, expect, test } from '@jest/globals';

import { Pacer, type Time } from '../src/push/pacer.js';
import { Sender, type StopReason } from '../src/push/sender.js';
import type { Target } from '../src/site/target.js';

const user = { id: '1', email: 'a@example.com', emailVerified: true };
const done: Delivery = { done: true };
const failed = (code: ErrorCode, more: object = {}): Delivery => ({
  ...{ done: false, refusal: refusal(code, 'Because.') },
  ...more,
});
const passing = failed('ERR_DISCOURSE_UNAVAILABLE', { retryAfter: 60 });
const slowDown = (retryAfter: number) => failed('ERR_DISCOURSE_RATE_LIMITED', { retryAfter, slowDown: true });

/** A sender whose community answers as told, in order, and whose waits are over at once. */
function senderOf(answers: readonly Delivery[], standing?: Target['standing']) {
  const over = new AbortController();
  const slept: number[] = [];
  const stops: StopReason[] = [];
  let now = 0;
  let calls = 0;
  const time: Time = {
    now: () => now,
    sleep: async (milliseconds) => {
      slept.push(milliseconds);
      now += milliseconds;
    },
  };
  const target: Target = {
    ...{ kind: 'discourse', connector: 'discourse', address: '', perMinute: 60, rehearse: null },
    keys: [{ id: '', key: createSecretKey(randomBytes(32)) }],
    push: async () => answers[calls++] ?? done,
    ...(standing === undefined ? {} : { standing }),
  };
  const sender = new Sender({
    ...{ target, time, signal: over.signal, random: () => 0.5 },
    pacer: new Pacer(null, time, over.signal),
    backoff: { attempts: 4, firstMilliseconds: 1_000, longestMilliseconds: 60_000 },
    stop: (reason) => {
      stops.push(reason);
      over.abort();
    },
  });
  return { sender, slept, stops, over, calls: () => calls };
}

describe('one person', () => {
  test('is sent, with what the community says about it', async () => {
    const { sender } = senderOf([{ done: true, notes: ['Waits.'] }]);
    expect(await sender.send(user)).toEqual({ kind: 'sent', notes: ['Waits.'] });
  });

  test('is tried again after what may pass, later each time, not after what the community suggests for its queue', async () => {
    const { sender, slept } = senderOf([passing, passing, passing, done]);
    expect(await sender.send(user)).toMatchObject({ kind: 'sent' });
    expect(slept).toEqual([750, 1_500, 3_000]);
    expect(sender.counts).toEqual({ calls: 4, retries: 3, slowDowns: 0 });
  });

  test('is given up after so many calls', async () => {
    const { sender, calls } = senderOf([passing, passing, passing, passing, done]);
    expect(await sender.send(user)).toEqual({
      ...{ kind: 'failed', code: 'ERR_DISCOURSE_UNAVAILABLE', detail: 'Because.' },
    });
    expect(calls()).toBe(4);
  });

  test('waits exactly as long as the community asks for, which counts as no attempt', async () => {
    const { sender, slept, stops } = senderOf([...Array.from({ length: 20 }, () => slowDown(17)), done]);
    expect(await sender.send(user)).toMatchObject({ kind: 'sent' });
    expect(slept).toHaveLength(20);
    for (const milliseconds of slept) {
      expect(milliseconds).toBeGreaterThanOrEqual(17_000);
      expect(milliseconds).toBeLessThan(17_300);
    }
    expect(stops).toEqual([]);
  });

  test('is not tried again after a refusal that stands', async () => {
    const { sender, calls, stops } = senderOf([failed('ERR_DISCOURSE_RECORD_INVALID'), done]);
    expect(await sender.send(user)).toMatchObject({ kind: 'failed', code: 'ERR_DISCOURSE_RECORD_INVALID' });
    expect([calls(), stops]).toEqual([1, []]);
  });

  test.each(['removed', 'suspended'] as const)('who was %s at the site is not sent', async (state) => {
    const { sender, calls } = senderOf([done], async () => state);
    expect(await sender.send(user)).toEqual({ kind: 'kept-back', state });
    expect(calls()).toBe(0);
  });

  test('who is removed between two attempts is not tried again', async () => {
    const states = [null, null, 'removed'] as const;
    let asked = 0;
    const { sender, calls } = senderOf([passing, passing, done], async () => states[asked++] ?? null);
    expect(await sender.send(user)).toEqual({ kind: 'kept-back', state: 'removed' });
    expect(calls()).toBe(2);
  });
});

describe('the whole run stops', () => {
  test('when the community refuses everybody', async () => {
    const { sender, stops } = senderOf([failed('ERR_DISCOURSE_KEY_REFUSED')]);
    await sender.send(user);
    expect(stops).toEqual([{ code: 'ERR_DISCOURSE_KEY_REFUSED', detail: 'Because.' }]);
    expect(await sender.send(user)).toEqual({ kind: 'cut-off' });
  });

  test('when nobody answers for three people in a row, and not when one of them gets through', async () => {
    const silence = [passing, passing, passing, passing];
    const { sender, stops } = senderOf([...silence, ...silence, done, ...silence, ...silence, ...silence]);
    for (let i = 0; i < 5; i++) await sender.send(user);
    expect(stops).toEqual([]);
    await sender.send(user);
    expect(stops).toEqual([expect.objectContaining({ code: 'ERR_DISCOURSE_UNAVAILABLE' })]);
  });

  test('when the limit is one that no waiting helps against', async () => {
    const { sender, stops } = senderOf(Array.from({ length: 100 }, () => slowDown(1)));
    await sender.send(user);
    expect(stops).toEqual([expect.objectContaining({ code: 'ERR_DISCOURSE_RATE_LIMITED' })]);
  });

  test('when the store does not say who was removed: then nobody is sent', async () => {
    const { sender, stops, calls } = senderOf([done], async () =>
      refusal('ERR_STORE_UNAVAILABLE', 'Silence.'),
    );
    expect(await sender.send(user)).toMatchObject({ kind: 'failed', code: 'ERR_STORE_UNAVAILABLE' });
    expect([stops.length, calls()]).toEqual([1, 0]);
  });
});
