import type { ErrorCode } from '@forum-sso/core';

/** Refusals that have nothing to do with the person: the next one would get the same. */
const codes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_DISCOURSE_ADDRESS_WRONG',
  'ERR_DISCOURSE_KEY_REFUSED',
  'ERR_DISCOURSE_CONNECT_OFF',
  'ERR_DISCOURSE_SYNC_REFUSED',
  'ERR_TALKYARD_API_SECRET_MISSING',
  'ERR_TALKYARD_API_SECRET_REFUSED',
  'ERR_TALKYARD_API_OFF',
  'ERR_TALKYARD_ADDRESS_WRONG',
  'ERR_CORAL_NOT_SET_UP',
  'ERR_CORAL_SECRET_UNUSABLE',
  'ERR_CORAL_REDIRECTED',
  'ERR_CORAL_CREDENTIALS_REFUSED',
  'ERR_CORAL_NOT_ENTITLED',
  'ERR_CORAL_TENANT_UNKNOWN',
  'ERR_CORAL_SSO_DISABLED',
  'ERR_CORAL_SIGNING_SECRET_UNKNOWN',
]);

/** True when going on with other people is of no use. */
export function isHopeless(code: ErrorCode): boolean {
  return codes.has(code);
}
