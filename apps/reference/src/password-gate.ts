import { createHash, timingSafeEqual } from 'node:crypto';

/** Wrong passwords that are answered in a minute, from all visitors together. */
const wrongLimit = 10;

export type PasswordVerdict = 'right' | 'wrong' | 'too-many';

/**
 * Compares the demo's password in constant time. After {@link wrongLimit} wrong ones within a minute nobody gets in
 * until the minute is over: a demo can wait, and guessing takes for ever.
 *
 * @param password undefined: none is asked for
 */
export function passwordGate(
  password: string | undefined,
  now: () => Date = () => new Date(),
): (given: string) => PasswordVerdict {
  if (password === undefined) return () => 'right';
  const expected = digest(password);
  let wrong: number[] = [];
  return (given) => {
    const time = now().getTime();
    wrong = wrong.filter((moment) => moment > time - 60_000);
    if (wrong.length >= wrongLimit) return 'too-many';
    if (timingSafeEqual(digest(given), expected)) return 'right';
    wrong.push(time);
    return 'wrong';
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
