import { randomFillSync } from 'node:crypto';

const seedLength = 24;
const pool = new Uint8Array(seedLength * 64);
let next = pool.length;

/**
 * 24 fresh random bytes, each byte given out once. One call into the system's generator serves 64 tokens: asking it for
 * each would be a tenth of a token's cost.
 */
export function freshSeed(): Uint8Array {
  if (next === pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  const seed = pool.slice(next, next + seedLength);
  pool.fill(0, next, next + seedLength);
  next += seedLength;
  return seed;
}
