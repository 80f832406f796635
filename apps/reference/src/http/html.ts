import { escapeHtml } from '@forum-sso/core';

/** Markup that is safe to print as it stands. Only {@link html} and {@link trusted} make it. */
export class Markup {
  constructor(readonly text: string) {}
}

type Part = Markup | string | number | null | undefined | false | readonly Part[];

/** Template for HTML: values are escaped unless they are markup already. Attribute values must stand in quotes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((text, string, index) => text + print(parts[index - 1]) + string));
}

/** Text of our own that is markup already, such as the style sheet. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

function print(part: Part): string {
  if (part === undefined || part === null || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(print).join('');
  return escapeHtml(String(part));
}
