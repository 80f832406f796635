import { isBlank } from '../protocol/external-id.js';
import type { DiscourseSettings } from './settings.js';

const genericMailboxes = new Set([
  'i',
  'me',
  'info',
  'support',
  'admin',
  'webmaster',
  'hello',
  'mail',
  'office',
  'contact',
  'team',
]);
const confusingEnding = /\.(?:js|json|css|htm|html|xml|jpg|jpeg|png|gif|bmp|ico|tif|tiff|woff)$/i;
/** Longest name in characters that the database takes. */
const columnLength = 60;
const fallback = 'user';

export type UsernameSettings = Pick<
  DiscourseSettings,
  | 'unicode_usernames'
  | 'min_username_length'
  | 'max_username_length'
  | 'reserved_usernames'
  | 'use_email_for_username_and_name_suggestions'
>;

/** User names are compared in this form. */
export function normalizeUsername(username: string): string {
  return username.normalize('NFC').toLowerCase();
}

/** Is the name kept free by the setting, where `*` stands for any characters? */
export function isReservedUsername(username: string, reserved: string): boolean {
  const name = normalizeUsername(username);
  return reserved
    .normalize('NFC')
    .split('|')
    .filter((item) => item !== '')
    .some((item) => {
      const pattern = item
        .toLowerCase()
        .replace(/[.+?^${}()[\]\\]/g, '\\$&')
        .replaceAll('*', '.*');
      return new RegExp(`^${pattern}$`).test(name);
    });
}

/**
 * A user name for a new person, made from the first input that leaves something after cleaning. E-mail addresses count
 * only when the setting says so. A name that is taken gets the lowest free number; so does the generic name, always.
 * @param isTaken is asked with the name as it would be stored
 * @param current the person's present name: it may be suggested again
 */
export function suggestUsername(
  inputs: readonly (string | undefined)[],
  settings: UsernameSettings,
  isTaken: (username: string) => boolean,
  current?: string,
): string {
  const cleaned = inputs
    .map((input) => fixUsername(fromEmail(input ?? '', settings), settings))
    .find((name) => name !== '');
  const kept = current === undefined ? undefined : normalizeUsername(current);
  const isFree = (name: string): boolean =>
    !isReservedUsername(name, settings.reserved_usernames) && !isTaken(name);
  const name = cleaned ?? fallback;
  if (cleaned !== undefined && (normalizeUsername(name) === kept || isFree(name)))
    return numbered(name, kept, current);
  for (let number = 1; ; number++) {
    const attempt = truncated(name, settings.max_username_length - String(number).length) + number;
    if (normalizeUsername(attempt) === kept || isFree(attempt)) return numbered(attempt, kept, current);
  }
}

/** The present name is kept letter for letter. */
function numbered(name: string, kept: string | undefined, current: string | undefined): string {
  return current !== undefined && normalizeUsername(name) === kept ? current : name;
}

/** Cleans a name: disallowed characters become `_` or go, runs of signs become one `_`, short ones get `1`s. */
export function fixUsername(input: string, settings: UsernameSettings): string {
  const plain = settings.unicode_usernames ? input.normalize('NFC') : transliterate(input);
  const clean = plain
    .replace(settings.unicode_usernames ? /[^\p{L}\p{N}\p{M}._-]/gu : /[^\w.-]/g, '_')
    .replace(/^[^\p{L}\p{N}\p{M}_]+/u, '')
    .replace(confusingEnding, '_')
    .replace(/[^\p{L}\p{N}\p{M}]+$/u, '')
    .replace(/[-_.]{2,}/g, '_');
  if (clean === '') return '';
  const sized = truncated(clean, settings.max_username_length).replace(/[^\p{L}\p{N}\p{M}]+$/u, '');
  return sized + '1'.repeat(Math.max(0, settings.min_username_length - graphemes(sized).length));
}

/** A full name made from a user name or an e-mail address: `user_john` → `User John`. */
export function suggestName(input: string | undefined): string {
  if (isBlank(input) || input === undefined) return '';
  const part = /^[^@]+/.exec(input)?.[0] ?? /[^@]+$/.exec(input)?.[0] ?? '';
  return part
    .replace(/[._-]+/g, ' ')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .trim()
    .replace(/(^|\s)\p{L}/gu, (start) => start.toUpperCase());
}

function fromEmail(input: string, settings: UsernameSettings): string {
  const address = /([^@]+)@([^.]+)/.exec(input);
  if (address === null) return input;
  if (!settings.use_email_for_username_and_name_suggestions) return '';
  const mailbox = address[1] ?? '';
  return genericMailboxes.has(mailbox) ? (address[2] ?? '') : mailbox;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

function graphemes(text: string): readonly string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function truncated(name: string, limit: number): string {
  const clusters = graphemes(name).slice(0, limit);
  while ([...clusters.join('')].length > columnLength) clusters.pop();
  return clusters.join('');
}

/** Latin letters that have no decomposition into a letter and a mark. */
const letters = new Map(
  Object.entries({
    ß: 'ss',
    Æ: 'AE',
    æ: 'ae',
    Œ: 'OE',
    œ: 'oe',
    Ø: 'O',
    ø: 'o',
    Ð: 'D',
    ð: 'd',
    Đ: 'D',
    đ: 'd',
    Þ: 'Th',
    þ: 'th',
    Ħ: 'H',
    ħ: 'h',
    ı: 'i',
    Ł: 'L',
    ł: 'l',
    Ŋ: 'NG',
    ŋ: 'ng',
    Ŧ: 'T',
    ŧ: 't',
    ĸ: 'k',
    ŉ: "'n",
    ẞ: 'SS',
  }),
);

/** Letters of other scripts become a question mark, which cleaning turns into `_`. */
function transliterate(text: string): string {
  let plain = '';
  for (const character of text.normalize('NFC')) {
    const base = character.normalize('NFD').charAt(0);
    if (character <= '\u007f') plain += character;
    else if (letters.has(character)) plain += letters.get(character);
    else plain += base <= '\u007f' ? base : '?';
  }
  return plain;
}
