const longest = 20;
const shortest = 3;

/**
 * The user name that Talkyard makes of a wish, as long as nobody there has it; a taken one gets digits behind it. For
 * showing a person beforehand what they will be called. Send the wish itself: Talkyard mends it in the same way, and
 * `upsertUser` tells what came out.
 *
 * Talkyard: accents are dropped, every other non-ASCII character becomes "z", runs of blanks and of `_ ~ / , \ + . -`
 * become one "_", other punctuation goes; at most 20 characters, no "_" at either end; "n" before mere digits; padded
 * with digits to 3 characters.
 *
 * @returns the name, or undefined when the wish is empty: Talkyard then takes the full name, or `unnamed_` and a number
 */
export function mendedUsername(wish: string): string | undefined {
  const wanted = wish.trim();
  if (wanted === '') return undefined;
  const ascii = wanted
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/\P{ASCII}/gu, 'z');
  const plain = ascii
    .replace(/[\t\n\r_~/,\\ +.-]+/g, '_')
    .replace(/[^A-Za-z0-9_]/g, '')
    .replace(/__+/g, '_');
  const cut = withoutEdges(plain.slice(0, longest));
  const named = /^[0-9]*$/.test(cut) ? `n${cut}`.slice(0, longest) : cut;
  return named.length >= shortest ? named : `${named}23456789`.slice(0, shortest);
}

function withoutEdges(name: string): string {
  const start = name.startsWith('_') ? 1 : 0;
  return name.slice(start, name.endsWith('_') ? Math.max(start, name.length - 1) : undefined);
}
