import { setTimeout as sleep } from 'node:timers/promises';

import type { Locks } from '../store/store.js';

/** Gives a lane back. */
export type Leave = () => Promise<void>;

/** One person at one community is a lane: whoever is in it is alone, in this process and in all others. */
export interface Lanes {
  /**
   * Enters a lane. Those who wait in this process enter in the order in which they came.
   * @param patience milliseconds to wait for it
   * @returns how to leave, or null when it stayed taken
   */
  enter(lane: string, patience: number): Promise<Leave | null>;
}

/**
 * @param locks shared by all processes; undefined when there is one process alone
 * @param leaseSeconds after so many seconds the lane of a process that died is free
 */
export function createLanes(
  locks: Locks | undefined,
  leaseSeconds: number,
  randomBytes: (size: number) => Uint8Array,
): Lanes {
  /** Taken lanes, each with those who wait for it. */
  const taken = new Map<string, (() => void)[]>();

  const leaveHere = (lane: string): void => {
    const next = taken.get(lane)?.shift();
    if (next === undefined) taken.delete(lane);
    else next();
  };

  /** Waits until nobody of this process is in the lane. */
  async function enterHere(lane: string, patience: number): Promise<boolean> {
    const waiting = taken.get(lane);
    if (waiting === undefined) {
      taken.set(lane, []);
      return true;
    }
    if (patience <= 0) return false;
    return new Promise((resolve) => {
      const turn = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        const place = waiting.indexOf(turn);
        if (place >= 0) waiting.splice(place, 1);
        resolve(false);
      }, patience);
      waiting.push(turn);
    });
  }

  return {
    async enter(lane, patience) {
      const until = performance.now() + patience;
      if (!(await enterHere(lane, patience))) return null;
      if (locks === undefined) return async () => leaveHere(lane);
      const owner = Buffer.from(randomBytes(16)).toString('base64url');
      try {
        for (let pause = 10; !(await locks.acquire(lane, owner, leaseSeconds)); ) {
          if (performance.now() + pause > until) {
            leaveHere(lane);
            return null;
          }
          await sleep(pause);
          pause = Math.min(250, pause * 2);
        }
      } catch (error) {
        leaveHere(lane);
        throw error;
      }
      const renewal = setInterval(
        () => locks.acquire(lane, owner, leaseSeconds).catch(() => {}),
        (leaseSeconds * 1_000) / 3,
      );
      renewal.unref();
      return async () => {
        clearInterval(renewal);
        // When this fails, the lane is free after its lease.
        await locks.release(lane, owner).catch(() => {});
        leaveHere(lane);
      };
    },
  };
}
