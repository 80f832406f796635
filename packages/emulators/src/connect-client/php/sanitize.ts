/** WordPress's `sanitize_text_field`: no tags, no line breaks, no `%xx`, no blanks at the edges or in a row. */
export function sanitizeTextField(text: string): string {
  let plain = text.includes('<') ? text.replace(/<[^>]*>?/g, '') : text;
  plain = plain.replace(/[\r\n\t ]+/g, ' ').trim();
  while (/%[a-f0-9]{2}/i.test(plain))
    plain = plain
      .replace(/%[a-f0-9]{2}/gi, '')
      .replace(/ +/g, ' ')
      .trim();
  return plain;
}

/** WordPress's `sanitize_key`, through which its API keys go. */
export function sanitizeKey(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9_-]/g, '');
}
