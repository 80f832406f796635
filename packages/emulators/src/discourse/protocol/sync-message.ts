import { parseMessage, type ReadingRules, readSigned } from './connect-message.js';
import type { ConnectMessage } from './fields.js';
import type { FormValue } from './form.js';

export interface SyncRules extends ReadingRules {
  /**
   * Discourse before 24 July 2026 put the decoded values into a query again without escaping them and decoded that: a
   * `+` of the base64 became a space, and a value escaped twice was taken. Default false.
   */
  readonly decodesTwice?: boolean;
}

/**
 * Reads `sso` and `sig` of `POST /admin/users/sync_sso`, after the framework has decoded the body. A missing value
 * counts as empty.
 * @throws as {@link parseMessage}
 */
export function readSyncMessage(
  { sso, sig }: { readonly sso: FormValue; readonly sig: FormValue },
  secret: string | null,
  { decodesTwice = false, ...rules }: SyncRules = {},
): ConnectMessage {
  if (!decodesTwice) return readSigned(sso ?? '', sig ?? '', secret, rules);
  const glue = (value: FormValue): string => (typeof value === 'string' ? value : '');
  return parseMessage(`sso=${glue(sso)}&sig=${glue(sig)}`, secret, rules);
}
