/**
 * A key as it may be stored. Two keys that are no well-formed Unicode may become one on the wire; all that comes of it
 * here is a refusal too many.
 * @throws RangeError when it has more than 512 characters
 */
export function keyPart(key: string): string {
  if (key.length > 512) throw new RangeError('A key of the store has at most 512 characters.');
  return key;
}

/**
 * A life in milliseconds.
 * @throws RangeError when it is not a whole number of seconds, at least 1
 */
export function millisecondsOf(lifeSeconds: number): number {
  if (!Number.isSafeInteger(lifeSeconds * 1_000) || !Number.isInteger(lifeSeconds) || lifeSeconds < 1) {
    throw new RangeError('A life is a whole number of seconds, at least 1.');
  }
  return lifeSeconds * 1_000;
}
