import type { Exchange } from '../connector.js';
import { errorTable, isRefusal } from '../errors.js';
import { jsonReply, redirectReply, type SsoReply } from './reply.js';
import { readHeader, type SsoRequest } from './request.js';

/**
 * What an anonymous visitor gets where only signed-in people may go: somebody who opens a page is led to the sign-in
 * page and back, everything else (a script, a form, a program) gets `401` as JSON.
 */
export function signInReply(exchange: Exchange, signInPath: string): SsoReply {
  if (!opensPage(exchange.request)) {
    const { status, publicMessage } = errorTable.ERR_SIGN_IN_REQUIRED;
    return jsonReply(status, { error: 'ERR_SIGN_IN_REQUIRED', message: publicMessage });
  }
  const reply = exchange.signInFirst();
  // An address that is no safe way back, or too long for one, costs the way back, not the sign-in.
  return isRefusal(reply) ? redirectReply(signInPath) : reply;
}

/** Browsers say that they navigate; older ones and command lines are told by what they accept. */
function opensPage({ method, headers }: SsoRequest): boolean {
  if (method !== 'GET') return false;
  const mode = readHeader(headers, 'sec-fetch-mode');
  if (mode !== undefined) return mode === 'navigate';
  return readHeader(headers, 'accept')?.includes('text/html') === true;
}
