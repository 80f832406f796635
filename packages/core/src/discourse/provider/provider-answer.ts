import type { SiteUser } from '../../site-user.js';
import type { DiscourseFields } from '../protocol/fields.js';
import type { ProviderRequest } from './provider-request.js';

/** How a second factor stands. */
export type TwoFactorState = 'confirmed' | 'none' | 'notAsked';

/**
 * The answer about a person, made for it: nonce, return address and the client's own `custom.*` fields are repeated,
 * all else comes from the site. WordPress returns to the address in the answer, so that one is always there; the wiki
 * needs `groups`, `email` and `username`, so these are, too.
 *
 * @param number the person's number: clients take it for a whole number
 */
export function userAnswer(
  request: ProviderRequest,
  user: SiteUser,
  number: number,
  twoFactor: TwoFactorState,
): DiscourseFields {
  return {
    nonce: request.nonce,
    returnSsoUrl: request.returnUrl,
    externalId: String(number),
    username: user.username ?? `user${number}`,
    email: user.email,
    name: user.name,
    admin: user.admin === true,
    moderator: user.moderator === true,
    groups: user.groups ?? [],
    avatarUrl: user.avatarUrl,
    ...(twoFactor === 'confirmed' ? { confirmed2fa: true } : {}),
    ...(twoFactor === 'none' ? { no2faMethods: true } : {}),
    custom: request.custom,
  };
}

/** The answer that nobody is there. It holds nothing of a person: some clients log in whoever it names. */
export function failedAnswer({ nonce, returnUrl, custom }: ProviderRequest): DiscourseFields {
  return { nonce, returnSsoUrl: returnUrl, prompt: 'none', failed: true, custom };
}
