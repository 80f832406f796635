/**
 * Control characters (ESC among them), format characters (what turns the writing direction, what is invisible), line
 * and paragraph separators, halves of surrogate pairs, private use.
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

/**
 * A text from outside as it may be shown on a terminal or in a log: whatever could move the cursor, change colours, turn
 * the direction or begin a new line stands there as its code, `\u{1b}`.
 *
 * @param limit most characters; a longer text is cut
 */
export function plain(text: string, limit = 200): string {
  const cut = text.length > limit ? `${text.slice(0, limit).toWellFormed()}…` : text;
  return cut.replace(unsafe, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** JSON that may be shown on a terminal: the same value, with what {@link plain} replaces as JSON's own escapes. */
export function plainJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(unsafe, (character) =>
    character === '\n' ? character : character.split('').map(escaped).join(''),
  );
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
