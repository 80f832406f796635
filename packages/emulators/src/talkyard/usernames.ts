import { randomInt } from 'node:crypto';

const longest = 20;
const separators = new Set('\t\n\r_~/,\\ +.-');

/**
 * What Talkyard makes of a wished user name, before it looks whether the name is free: letters lose their accents, other
 * non-ASCII characters become "z", runs of separators one "_", the rest of the punctuation goes.
 */
export function okayUsername(wish: string): string {
  let name = '';
  for (const character of wish.normalize('NFD')) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0x300 && code <= 0x36f) continue;
    const ascii = code > 0x7f ? 'z' : character;
    if (/[A-Za-z0-9]/.test(ascii)) name += ascii;
    else if (separators.has(ascii) && !name.endsWith('_')) name += '_';
  }
  name = name.slice(0, longest).replace(/^_|_$/g, '');
  if (!/[^0-9]/.test(name)) name = `n${name}`.slice(0, longest);
  for (const digit of '23456789') if (name.length < 3) name += digit;
  return name;
}

/** A free name: the wish itself, or with one, then two, then more random digits in place of its end. */
export function freeUsername(wish: string, isTaken: (username: string) => boolean): string | undefined {
  const base = okayUsername(wish);
  if (!isTaken(base)) return base;
  for (let digits = 1; digits < longest; digits++) {
    const tail = Array.from({ length: digits }, (_, at) =>
      String(at === 0 ? randomInt(1, 10) : randomInt(10)),
    ).join('');
    const candidate = base.slice(0, longest - digits) + tail;
    if (!isTaken(candidate)) return candidate;
  }
  return undefined;
}
