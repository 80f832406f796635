/** Ids that Discourse refuses, or that only a fault in a site's code produces. */
const impossibleIds: ReadonlySet<string> = new Set([
  'none',
  'nil',
  'blank',
  'null',
  'undefined',
  'nan',
  '[object object]',
]);

/** Whether an `external_id` can name somebody: not blank, and not a word such as "null" or "undefined". */
export function isExternalId(id: string): boolean {
  const text = id.trim().toLowerCase();
  return text !== '' && !impossibleIds.has(text);
}
