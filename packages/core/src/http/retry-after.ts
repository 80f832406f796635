/** The longest wait that is believed, in seconds. */
const longest = 86_400;

/**
 * Reads the header `Retry-After` (RFC 9110, 10.2.3): a number of seconds, or a date, which is held against the answer's own
 * `Date`, since the other clock may be wrong.
 * @returns whole seconds, at most a day; undefined when the header is missing or makes no sense
 */
export function readRetryAfter(headers: Headers): number | undefined {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.min(Math.ceil(Number(text)), longest);
  // A date of HTTP holds the name of a month; other texts that a Date would take are none.
  if (!/[a-z]{3}/i.test(text)) return undefined;
  const at = Date.parse(text);
  const sentAt = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(at)) return undefined;
  const seconds = Math.ceil((at - (Number.isNaN(sentAt) ? Date.now() : sentAt)) / 1_000);
  return Math.min(Math.max(0, seconds), longest);
}
