import type { ReplyHeader } from './reply.js';

/**
 * Whether a header has this name.
 * @param lowerCase the name in small letters
 */
export function isNamed(name: string, lowerCase: string): boolean {
  // Lengths first: almost all names differ in it, and folding the case of each costs more than writing the headers.
  return name.length === lowerCase.length && name.toLowerCase() === lowerCase;
}

/** Whether the name of a header stands before it in the list, in whatever letters. */
export function repeats(headers: readonly ReplyHeader[], index: number): boolean {
  const name = headers[index]?.[0] ?? '';
  for (let i = 0; i < index; i++) {
    const other = headers[i]?.[0];
    if (other !== undefined && other.length === name.length && isNamed(other, name.toLowerCase()))
      return true;
  }
  return false;
}
