import { createHash } from 'node:crypto';

const shortest = 3;
const longest = 30;

/** Letters up to ÿ (without the multiplication and division signs), digits, low line and full stop. */
const safeCharacter = /^[A-Za-zÀ-ÖØ-öø-ÿ\d_.]$/;

/**
 * A user name as Coral's own sign-up would take it: 3 to 30 characters out of Latin letters with the accents of
 * Western Europe, digits, `_` and `.`. Coral itself lets names from a token pass as they are, but its pages
 * were made for these. Accents beyond `ÿ` are taken off, everything else becomes one `_`. Names need not be
 * unique in Coral; two people may end up with the same.
 *
 * @param name the name as the site has it
 * @param userId fills up a name of which too little is left, always in the same way
 */
export function coralSafeUserName(name: string, userId: string): string {
  let safe = '';
  let gap = false;
  for (const character of name.normalize('NFC')) {
    const kept = safeCharacter.test(character) ? character : withoutMarks(character);
    if (kept === '') {
      gap = true;
      continue;
    }
    if (gap && safe !== '') safe += '_';
    gap = false;
    safe += kept;
  }
  if (safe.length > longest) safe = safe.slice(0, longest);
  if (safe.length >= shortest) return safe;
  const digest = createHash('sha256').update(userId).digest('hex').slice(0, 8);
  return `${safe === '' ? 'user' : safe}_${digest}`;
}

/** The bare letter under marks that Coral does not know (`ž` to `z`); the empty string when there is none. */
function withoutMarks(character: string): string {
  const bare = character.normalize('NFKD').replace(/\p{M}/gu, '');
  for (const part of bare) if (!safeCharacter.test(part)) return '';
  return bare;
}
