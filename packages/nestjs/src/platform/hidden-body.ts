import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

const bodyHeaders = ['content-type', 'content-length', 'transfer-encoding'] as const;

const hidden = new WeakMap<IncomingMessage, IncomingHttpHeaders>();

/** Whether a message says that it has a body, or what kind it would be. */
export function hasBody({ headers }: IncomingMessage): boolean {
  for (const name of bodyHeaders) if (headers[name] !== undefined) return true;
  return false;
}

/**
 * Lets a message look as if it had no body, so that the parsers of the application leave it alone: a webhook's
 * signature covers the bytes as they were sent. Only for addresses of ours, which nobody else answers.
 */
export function hideBody(message: IncomingMessage): void {
  const { headers } = message;
  const kept: IncomingHttpHeaders = {};
  for (const name of bodyHeaders) {
    const value = headers[name];
    if (value === undefined) continue;
    kept[name] = value;
    delete headers[name];
  }
  hidden.set(message, kept);
}

/** Undoes {@link hideBody}. */
export function showBody(message: IncomingMessage): void {
  const kept = hidden.get(message);
  if (kept === undefined) return;
  Object.assign(message.headers, kept);
  hidden.delete(message);
}
