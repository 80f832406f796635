import { DiscourseError } from '../protocol/errors.js';
import { normalizeEmail } from './accounts.js';
import type { ForumUser, SeedInvite } from './records.js';

/** Invitations by link. A key that is in the browser's session is looked at when a login comes back. */
export class Invites {
  readonly #invites = new Map<string, { readonly invite: SeedInvite; redeemed: number }>();
  readonly #now: () => Date;

  constructor(invites: readonly SeedInvite[], now: () => Date) {
    for (const invite of invites) this.#invites.set(invite.key, { invite, redeemed: 0 });
    this.#now = now;
  }

  has(key: string): boolean {
    return this.#invites.has(key);
  }

  /**
   * The invitation that a login brings along.
   * @throws DiscourseError `Invite::ValidationFailed` when it is unknown, expired, used up or for somebody else
   */
  validate(key: string, email: string | undefined): SeedInvite {
    const refuse = (text: string): never => {
      throw new DiscourseError('Invite::ValidationFailed', text);
    };
    const entry = this.#invites.get(key);
    if (entry === undefined) return refuse('This invitation does not exist.');
    const { invite, redeemed } = entry;
    if (invite.expiresAt !== undefined && invite.expiresAt.getTime() <= this.#now().getTime()) {
      return refuse('This invitation has expired.');
    }
    if (redeemed >= (invite.maxRedemptions ?? 1)) return refuse('This invitation has been used already.');
    if (invite.email !== undefined && normalizeEmail(invite.email) !== normalizeEmail(email ?? '')) {
      return refuse('This invitation is for another e-mail address.');
    }
    return invite;
  }

  /**
   * Uses an invitation.
   * @throws DiscourseError `Invite::RedemptionFailed` when it is set up to fail
   */
  redeem(invite: SeedInvite, user: ForumUser): void {
    if (invite.redemptionFails === true) {
      throw new DiscourseError('Invite::RedemptionFailed', 'The invitation could not be redeemed.');
    }
    const entry = this.#invites.get(invite.key);
    if (entry !== undefined) entry.redeemed++;
    user.invitedWith = invite.key;
  }
}
