/** True when a text holds a control character (ASCII below the blank, or DEL): they break names, logs and headers. */
export function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

/** The same as a pattern, for schemas: matches a text without any. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
export const withoutControlCharacters = /^[^\u0000-\u001f\u007f]*$/;
