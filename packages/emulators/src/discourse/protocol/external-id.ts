import { DiscourseError } from './errors.js';

const banned = new Set(['none', 'nil', 'blank', 'null']);

/** True for nothing, or nothing but white space of any kind (no-break space too). */
export function isBlank(text: string | null | undefined): boolean {
  return text === null || text === undefined || /^\p{White_Space}*$/u.test(text);
}

/**
 * The external id as Discourse will store it.
 * @throws DiscourseError `DiscourseConnect::BlankExternalId`, `DiscourseConnect::BannedExternalId`
 */
export function readExternalId(value: string | number | null | undefined): string {
  const id = value === null || value === undefined ? '' : String(value);
  if (isBlank(id)) throw new DiscourseError('DiscourseConnect::BlankExternalId', 'The external id is blank.');
  if (banned.has(id.toLowerCase())) {
    throw new DiscourseError('DiscourseConnect::BannedExternalId', 'The external id is a word for nothing.');
  }
  return id;
}
