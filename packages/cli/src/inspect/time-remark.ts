import { duration } from '../terminal/numbers.js';

/** `2026-01-01T00:00:00.000Z, 5 min ago`. */
export function timeRemark(milliseconds: number, now: Date): string {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return 'is no time';
  const seconds = (milliseconds - now.getTime()) / 1_000;
  return `${date.toISOString()}, ${seconds < 0 ? `${duration(-seconds)} ago` : `in ${duration(seconds)}`}`;
}
