/**
 * PHP's `base64_decode` in its strict form: white space is skipped, missing padding is fine, wrong padding and every
 * other character are not.
 * @returns null where PHP returns false
 */
export function decodeBase64(text: string): string | null {
  const characters = text.replace(/[ \t\r\n]/g, '');
  const match = /^([A-Za-z0-9+/]*)(={0,2})$/.exec(characters);
  if (match === null) return null;
  const [, digits = '', padding = ''] = match;
  if (digits.length % 4 === 1) return null;
  if (padding !== '' && (digits.length + padding.length) % 4 !== 0) return null;
  return Buffer.from(digits, 'base64').toString('utf8');
}

export function encodeBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
