/**
 * Lower-cases ASCII letters alone, for comparing names and addresses: other letters may fold into them (the Kelvin
 * sign becomes a "k"), and whoever chooses such a letter must not become somebody else.
 */
export function foldAsciiCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
