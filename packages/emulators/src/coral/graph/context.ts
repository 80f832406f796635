import type { Account, Role } from '../account.js';
import type { Accounts } from '../accounts.js';
import { CoralError } from '../coral-error.js';
import type { Installation } from '../personal-tokens.js';
import type { Settings } from '../settings.js';
import type { Stories } from '../stories.js';

/** What resolvers work with. */
export interface GraphContext {
  readonly accounts: Accounts;
  readonly settings: Settings;
  readonly stories: Stories;
  readonly installation: Installation;
  /** Where Coral is, for links. */
  readonly origin: string;
  /** Who asks; null for a guest. */
  readonly viewer: Account | null;
  readonly now: Date;
}

/** What a field wants of its reader. */
export interface Access {
  readonly roles?: readonly Role[];
  /** The person whom the field is about may read it, too. */
  readonly self?: boolean;
}

/**
 * Throws when the viewer may not read a field.
 * @param ownerId Coral's id of the person whom the field is about
 */
export function allow({ viewer }: GraphContext, { roles, self = false }: Access, ownerId?: string): void {
  if (viewer !== null && self && viewer.id === ownerId) return;
  if (viewer === null || roles?.includes(viewer.role) !== true) {
    throw new CoralError('USER_NOT_ENTITLED', 'You are not authorized to access that resource.');
  }
}

/** The viewer of a change: signed in, in good standing, and with one of the roles. */
export function actor(context: GraphContext, roles?: readonly Role[]): Account {
  const { viewer, now } = context;
  if (viewer === null)
    throw new CoralError('USER_NOT_ENTITLED', 'You are not authorized to access that resource.');
  const { deletedAt, banned, suspension, warning, username } = viewer;
  if (deletedAt !== undefined || username === undefined || username === '') {
    throw new CoralError('USER_NOT_ENTITLED', 'You are not authorized to access that resource.');
  }
  if (banned) throw new CoralError('USER_BANNED', 'Your account is currently banned.');
  if (suspension !== undefined && suspension.until.getTime() > now.getTime()) {
    throw new CoralError('USER_SUSPENDED', 'Your account is currently suspended.');
  }
  if (warning !== undefined) throw new CoralError('USER_WARNED', 'Your account has been warned.');
  if (roles !== undefined) allow(context, { roles });
  return context.accounts.require(viewer.id);
}
