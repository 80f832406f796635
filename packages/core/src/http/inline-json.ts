/**
 * JSON that may stand in an inline script: `<`, `>` and `&` cannot end the script or begin a tag, and the two line
 * separators that old script parsers take for line ends are escaped, too.
 */
export function inlineJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
