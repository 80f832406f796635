/** Which software stands at the other end: a Discourse forum, or WordPress with wp-discourse in its place. */
export type ForumFlavour = 'discourse' | 'wordpress';

/**
 * How text of the other end is read: WordPress writes names as they stand in its pages, with HTML entities. Decoded
 * once.
 */
export function textReader(flavour: ForumFlavour): (text: string) => string {
  return flavour === 'wordpress' ? decodeEntities : (text) => text;
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
};

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,5}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[String(name).toLowerCase()] ?? whole;
    const code = decimal !== undefined ? Number(decimal) : Number.parseInt(String(hex), 16);
    // Control characters and impossible code points stay as they were written.
    return code >= 0x20 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) && code !== 0x7f
      ? String.fromCodePoint(code)
      : whole;
  });
}
