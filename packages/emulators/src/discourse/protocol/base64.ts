const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const sextets = new Map([...alphabet].map((character, value) => [character, value]));

/**
 * Base64 decoding with the leniency of Ruby's `decode64`: characters outside the alphabet are skipped, missing padding
 * is fine, a padding character in the third or fourth place of a group ends the text, and what is left of a group that
 * is not complete is dropped.
 */
export function decodeBase64Leniently(text: string): Uint8Array {
  const bytes: number[] = [];
  let group: number[] = [];
  const flush = (): void => {
    const [a = 0, b = 0, c = 0, d = 0] = group;
    if (group.length > 1) bytes.push((a << 2) | (b >> 4));
    if (group.length > 2) bytes.push(((b << 4) | (c >> 2)) & 0xff);
    if (group.length > 3) bytes.push(((c << 6) | d) & 0xff);
    group = [];
  };
  for (const character of text) {
    if (character === '=' && group.length > 1) break;
    const sextet = sextets.get(character);
    if (sextet !== undefined) group.push(sextet);
    if (group.length === 4) flush();
  }
  flush();
  return Uint8Array.from(bytes);
}

/** Strict base64 of UTF-8 text: one line, padded. */
export function encodeBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
