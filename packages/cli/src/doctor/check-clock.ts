import { duration } from '../terminal/numbers.js';
import { error, type Finding, ok, warning } from './finding.js';
import type { Observation } from './observed-fetch.js';

/** Tokens live for minutes, and are refused before and after: seconds that are more than this many begin to matter. */
const noticed = 10;
const harmful = 60;

/** Holds this machine's clock against those of the servers. */
export function checkClocks(observations: Iterable<Observation>): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { origin, clockAhead } of observations) {
    if (clockAhead === null) continue;
    const seconds = Math.abs(clockAhead) / 1_000;
    const text = `This clock and that of ${origin} differ by ${duration(seconds)}.`;
    const fix = 'Let both follow a time server (NTP).';
    if (seconds > harmful) findings.push(error('clock', text, fix));
    else if (seconds > noticed) findings.push(warning('clock', text, fix));
    else findings.push(ok('clock', `Agrees with that of ${origin}.`));
  }
  return findings;
}
