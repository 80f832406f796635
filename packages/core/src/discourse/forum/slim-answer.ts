import { isRefusal, type Refusal } from '../../errors.js';
import type { DiscourseFields, FieldName } from '../protocol/fields.js';
import { type SignedMessage, sealMessage } from '../protocol/message.js';
import type { SigningKey } from '../protocol/signature.js';

/**
 * Longest `sso` text of a redirect, in characters. Web servers in front of a forum commonly refuse an address line of
 * 4,096 or 8,192; percent-encoding adds to this, and the forum's own address comes on top.
 */
export const redirectLimit = 2_000;

/**
 * What a login can do without, the bulkiest first. `groups` is not among them: left out, it would empty the
 * memberships of a forum that overrides groups.
 */
const optionalFields = [
  'bio',
  'custom',
  'profileBackgroundUrl',
  'cardBackgroundUrl',
  'removeGroups',
  'addGroups',
  'location',
  'website',
  'avatarUrl',
  'title',
] as const satisfies readonly (FieldName | 'custom')[];

export interface SlimAnswer {
  readonly message: SignedMessage;
  /** Fields that were left out, the first first; empty when all fitted. */
  readonly leftOut: readonly string[];
  /** Length of the whole `sso` text, in characters. */
  readonly fullLength: number;
}

/** Signs an answer that fits into an address line: optional fields are left out, one by one, until it does. */
export function sealSlimAnswer(fields: DiscourseFields, key: SigningKey): SlimAnswer | Refusal {
  let message = sealMessage(fields, key);
  if (isRefusal(message)) return message;
  const fullLength = message.sso.length;
  const leftOut: string[] = [];
  let rest = fields;
  for (const name of optionalFields) {
    if (message.sso.length <= redirectLimit) break;
    if (rest[name] === undefined) continue;
    const { [name]: _, ...others } = rest;
    rest = others;
    leftOut.push(name);
    message = sealMessage(rest, key);
    if (isRefusal(message)) return message;
  }
  return { message, leftOut, fullLength };
}
