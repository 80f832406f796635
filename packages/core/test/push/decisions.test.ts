import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { isRefusal } from '../../src/errors.js';
import { type KeyRing, readKeyRing } from '../../src/keys/key-ring.js';
import { type JobOutcome, jobKinds } from '../../src/push/job.js';
import { createJobSeal, laneOf } from '../../src/push/job-seal.js';
import { slotsOf } from '../../src/push/pace.js';
import { decide, defaultRetry } from '../../src/push/retry.js';
import { storeQueue } from '../../src/push/store-queue.js';

describe('what comes after an attempt', () => {
  const failed = (more: Partial<Extract<JobOutcome, { done: false }>>): JobOutcome => ({
    ...{ done: false, code: 'ERR_X', detail: 'x', slowDown: false },
    ...more,
  });

  test('done is done, and what no other try can help is dead', () => {
    expect(decide({ done: true, notes: [] }, 0, defaultRetry, 0)).toEqual({ next: 'done' });
    expect(decide(failed({}), 0, defaultRetry, 0)).toEqual({ next: 'dead', code: 'ERR_X', detail: 'x' });
  });

  test('it is tried again, each time later, until it is dead', () => {
    const waits: number[] = [];
    for (let attempts = 0; ; attempts++) {
      const decision = decide(failed({ retryAfter: 1 }), attempts, defaultRetry, 0.999_999);
      if (decision.next !== 'retry') {
        expect(decision.next).toBe('dead');
        break;
      }
      waits.push(Math.round(decision.milliseconds / 1_000));
    }
    expect(waits).toEqual([10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600, 3_600, 3_600, 3_600]);
  });

  test('a wait has jitter, and is never shorter than the community wishes', () => {
    fc.assert(
      fc.property(
        fc.nat(13),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        fc.nat(100_000),
        (attempts, random, retryAfter) => {
          const decision = decide(failed({ retryAfter }), attempts, defaultRetry, random);
          const full = Math.min(3_600, 10 * 2 ** attempts);
          if (decision.next !== 'retry') throw new Error(decision.next);
          expect(decision.milliseconds).toBeGreaterThanOrEqual(Math.max(retryAfter, full / 2) * 1_000);
          expect(decision.milliseconds).toBeLessThanOrEqual(Math.max(retryAfter, full) * 1_000 + 1);
        },
      ),
    );
  });

  test('being asked to slow down never makes a job dead', () => {
    for (const attempts of [0, 14, 1_000]) {
      expect(decide(failed({ retryAfter: 7, slowDown: true }), attempts, defaultRetry, 0)).toEqual({
        next: 'pause',
        milliseconds: 7_000,
      });
    }
    const unsaid = decide(failed({ slowDown: true }), 0, defaultRetry, 0);
    expect(unsaid).toEqual({ next: 'pause', milliseconds: 10_000 });
    const none = decide(failed({ slowDown: true, retryAfter: 0 }), 0, defaultRetry, 0);
    expect(none).toEqual({ next: 'pause', milliseconds: 1_000 });
  });
});

describe('pace', () => {
  test('60 a minute are one in 1.03 seconds; a job of several calls takes as many slots', () => {
    const slots = slotsOf({ calls: 60, seconds: 60, callsOf: { remove: 2 } });
    expect([slots.milliseconds('push'), slots.milliseconds('remove')]).toEqual([1_030, 2_060]);
    expect(slots.late).toBeLessThanOrEqual(900);
  });

  test('however late jobs start, no window holds more than the limit, and 95 % of it is used', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 600 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 250, maxLength: 250 }),
        (calls, seconds, lateness) => {
          fc.pre((seconds * 1_000) / calls >= 20);
          const { milliseconds, late } = slotsOf({ calls, seconds });
          const slot = milliseconds('push');
          // A slot's time, and when its call leaves: up to `late` after it, without moving the next.
          const starts = lateness.map((share, i) => i * slot + share * late);
          const window = seconds * 1_000;
          for (const [i, start] of starts.entries()) {
            const after = starts[i + calls];
            if (after !== undefined) expect(after - start).toBeGreaterThanOrEqual(window);
          }
          expect(window / slot / calls).toBeGreaterThan(0.92);
        },
      ),
    );
    expect(60_000 / slotsOf({ calls: 60, seconds: 60 }).milliseconds('push') / 60).toBeGreaterThan(0.95);
  });
});

describe('sealed jobs', () => {
  const now = () => new Date('2030-01-01T00:00:00Z');
  const job = { connector: 'forum', siteUserId: 'ü-1', kind: 'push' } as const;

  function ring(...texts: string[]): KeyRing {
    const keys = readKeyRing(texts, 'https://site.example.com');
    if (isRefusal(keys)) throw new Error(keys.detail);
    return keys;
  }
  const [one, two] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];

  test('come back as they were, and show nothing', async () => {
    const seal = createJobSeal(ring(one), now);
    for (const kind of jobKinds) {
      const body = await seal.seal({ ...job, kind });
      expect(await seal.open(body)).toEqual({ ...job, kind });
      expect(body.length).toBeLessThan(2_000);
      const shown = body + Buffer.from(body.split('.')[0] ?? '', 'base64url').toString();
      for (const hidden of ['forum', 'ü-1', kind]) expect(shown).not.toContain(hidden);
    }
    expect(await seal.seal(job)).not.toBe(await seal.seal(job));
  });

  test('the longest ids fit', async () => {
    const seal = createJobSeal(ring(one), now);
    const long = { connector: 'c'.repeat(40), siteUserId: '語'.repeat(255), kind: 'signOut' } as const;
    const body = await seal.seal(long);
    expect(body.length).toBeLessThan(2_000);
    expect(await seal.open(body)).toEqual(long);
  });

  test('what was changed, or is not ours, is none', async () => {
    const seal = createJobSeal(ring(one), now);
    const body = await seal.seal(job);
    expect(await createJobSeal(ring(two), now).open(body)).toBeNull();
    expect(await createJobSeal(ring(one), () => new Date('2031-02-01T00:00:00Z')).open(body)).toBeNull();
    await fc.assert(
      fc.asyncProperty(fc.nat(body.length - 1), fc.constantFrom(...'AZaz09-_.'), async (at, letter) => {
        fc.pre(body[at] !== letter);
        const changed = body.slice(0, at) + letter + body.slice(at + 1);
        // The last character of a part may hold bits that mean nothing.
        const opened = await seal.open(changed);
        expect(opened === null || JSON.stringify(opened) === JSON.stringify(job)).toBe(true);
      }),
    );
    for (const nothing of ['', 'x', 'a.b.c.d.e', body.repeat(9)]) expect(await seal.open(nothing)).toBeNull();
  });

  test('a new key in front opens the old ones and keeps their ids', async () => {
    const [old, both, fresh] = [ring(one), ring(two, one), ring(two)];
    const body = await createJobSeal(old, now).seal(job);
    expect(await createJobSeal(both, now).open(body)).toEqual(job);
    expect(await createJobSeal(fresh, now).open(body)).toBeNull();
    expect(createJobSeal(both, now).idOf(job)).toBe(createJobSeal(old, now).idOf(job));
    expect(laneOf(both, 'forum', 'ü-1')).toBe(laneOf(old, 'forum', 'ü-1'));
  });

  test('ids tell everything apart', () => {
    const seal = createJobSeal(ring(one), now);
    const ids = [
      seal.idOf(job),
      seal.idOf({ ...job, kind: 'remove' }),
      seal.idOf({ ...job, siteUserId: 'ü-2' }),
      seal.idOf({ ...job, connector: 'forum2' }),
      seal.idOf({ ...job, connector: 'forum","ü-1', siteUserId: '' }),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[\w-]{43}$/);
  });
});

test.each([
  [{ concurrency: 0 }, 'concurrency'],
  [{ limit: 1.5 }, 'limit'],
  [{ leaseSeconds: 0 }, 'leaseSeconds'],
  [{ pollSeconds: 0 }, 'pollSeconds'],
  [{ retry: { attempts: 0 } }, 'retry.attempts'],
  [{ retry: { firstSeconds: 20, longestSeconds: 10 } }, 'retry.firstSeconds'],
])('storeQueue refuses %j', (options, named) => {
  expect(() => storeQueue(options)).toThrow(named);
});
