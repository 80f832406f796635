import type { IncomingMessage } from 'node:http';

const bodyless = new Set(['GET', 'HEAD']);

/** Whether a message is what a page of the site takes: a form as browsers send it, or no body at all. */
export function isFormOrNothing({ method = '', headers }: IncomingMessage): boolean {
  if (bodyless.has(method)) return true;
  const type = headers['content-type'];
  if (type !== undefined) return /^application\/x-www-form-urlencoded(; ?charset=utf-8)?$/i.test(type);
  return headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0';
}
