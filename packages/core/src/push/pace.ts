import type { JobKind } from './job.js';

/** How fast a community may be called, all processes together. */
export interface Pace {
  /** Calls that the community takes within {@link seconds}. */
  readonly calls: number;
  readonly seconds: number;
  /** Calls that a job needs at most; 1 where nothing is said. */
  readonly callsOf?: Partial<Readonly<Record<JobKind, number>>>;
}

/** A pace as slots: one job, then a rest. */
export interface Slots {
  /** Milliseconds that belong to a job of a kind. */
  milliseconds(kind: JobKind): number;
  /** By how many milliseconds a job may start late without moving those after it. */
  readonly late: number;
}

/**
 * What is kept back of a limit. Calls that leave evenly arrive a little less so; with 3 % to spare, 60 a minute are not
 * exceeded while the ways of two calls differ by less than 1.8 seconds, and 97 % of the limit is used.
 */
const usualReserve = 0.03;

/**
 * Even spacing: bursts at the end of one minute and the beginning of the next would pass twice the limit.
 * @param reserve share of the limit that is kept back; less will do for a queue that never makes up for being late
 */
export function slotsOf({ calls, seconds, callsOf = {} }: Pace, reserve = usualReserve): Slots {
  const each = ((seconds * 1_000) / calls) * (1 + reserve);
  return {
    milliseconds: (kind) => Math.ceil(each * (callsOf[kind] ?? 1)),
    late: Math.floor(Math.min(each / 4, (seconds * 1_000 * reserve) / 2)),
  };
}
