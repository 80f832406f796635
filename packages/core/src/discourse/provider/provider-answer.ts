import type { DiscourseFields } from '../protocol/fields.js';
import type { ClientPerson } from './client-person.js';
import type { ProviderRequest } from './provider-request.js';

/** How a second factor stands. */
export type TwoFactorState = 'confirmed' | 'none' | 'notAsked';

/**
 * The answer about a person, made for it: nonce, return address and the client's own `custom.*` fields are repeated,
 * all else comes from the site. WordPress returns to the address in the answer, so that one is always there; the wiki
 * needs `groups`, `email` and `username`, so these are, too.
 */
export function userAnswer(
  request: ProviderRequest,
  { id, username, name, email, admin, moderator, groups, avatarUrl }: ClientPerson,
  twoFactor: TwoFactorState,
): DiscourseFields {
  return {
    nonce: request.nonce,
    returnSsoUrl: request.returnUrl,
    externalId: String(id),
    username,
    email,
    name: name ?? undefined,
    admin,
    moderator,
    groups,
    avatarUrl,
    ...(twoFactor === 'confirmed' ? { confirmed2fa: true } : {}),
    ...(twoFactor === 'none' ? { no2faMethods: true } : {}),
    custom: request.custom,
  };
}

/** The answer that nobody is there. It holds nothing of a person: some clients log in whoever it names. */
export function failedAnswer({ nonce, returnUrl, custom }: ProviderRequest): DiscourseFields {
  return { nonce, returnSsoUrl: returnUrl, prompt: 'none', failed: true, custom };
}
