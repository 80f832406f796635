import { randomUUID } from 'node:crypto';

import { type Account, isRole, type Role } from '../account.js';
import { CoralError } from '../coral-error.js';
import { checkEmail } from '../login.js';
import { createPersonalToken } from '../personal-tokens.js';
import { rotate } from '../settings.js';
import { signHs256 } from '../token/hs256.js';
import type { GraphContext } from './context.js';
import type { Input, InputName } from './inputs.js';

/** One change: who may make it, and what comes of it. */
export interface MutationType {
  readonly input: InputName;
  /** Undefined: whoever is signed in and in good standing. */
  readonly roles?: readonly Role[];
  /** Fields of the answer beside `clientMutationId`. */
  readonly payload: Readonly<Record<string, string>>;
  run(input: Input, context: GraphContext, actor: Account): Readonly<Record<string, unknown>>;
}

const admin: readonly Role[] = ['ADMIN'];
const staff: readonly Role[] = ['ADMIN', 'MODERATOR'];

/** A change of one user, found by Coral's id. */
function ofUser(
  input: InputName,
  roles: readonly Role[],
  change: (account: Account, input: Input, context: GraphContext, actor: Account) => void,
): MutationType {
  return {
    input,
    roles,
    payload: { user: 'User!' },
    run(values, context, actor) {
      const account = context.accounts.require(values.text('userID'));
      change(account, values, context, actor);
      return { user: account };
    },
  };
}

/** All changes that this emulator knows, by name. */
export const mutations: Readonly<Record<string, MutationType>> = {
  // Nothing is tested here: empty, taken and odd names all pass.
  updateUserUsername: ofUser('UpdateUserUsernameInput', admin, (account, input) => {
    account.username = input.text('username');
  }),

  updateUserEmail: ofUser('UpdateUserEmailInput', admin, (account, input, { accounts }) => {
    checkEmail(input.text('email'));
    const email = input.text('email').toLowerCase();
    if (accounts.emailBelongsToOther(account, email)) {
      throw new CoralError('DUPLICATE_EMAIL', 'The e-mail address is in use.', { param: 'input.email' });
    }
    const local = account.profiles.find(({ type, id }) => type === 'local' && id === account.email);
    if (local !== undefined) local.id = email;
    account.email = email;
    account.emailVerified = true;
  }),

  updateUserAvatar: ofUser('UpdateUserAvatarInput', admin, (account, input) => {
    const avatar = input.optionalText('avatar');
    if (avatar === undefined || avatar === '') delete account.avatar;
    else account.avatar = avatar;
  }),

  updateUserRole: ofUser('UpdateUserRoleInput', staff, (account, input, _context, actor) => {
    const role = input.text('role');
    const scoped = input.flag('scoped');
    if (!isRole(role)) throw new CoralError('VALIDATION', 'Unknown role.');
    if (scoped && role !== 'MODERATOR' && role !== 'MEMBER') throw new Error(`${role} cannot be scoped`);
    const grantsTooMuch = actor.role !== 'ADMIN' && (role === 'ADMIN' || account.role === 'ADMIN');
    if (actor.id === account.id || grantsTooMuch) {
      throw new CoralError('USER_NOT_ENTITLED', 'You may not change this role.');
    }
    account.role = role;
    if (role === 'MODERATOR') account.moderationScopes = { scoped, siteIDs: [] };
    if (role === 'MEMBER') account.membershipScopes = { scoped, siteIDs: [] };
  }),

  updateUserModerationScopes: ofUser(
    'UpdateUserModerationScopesInput',
    staff,
    (account, input, _context, actor) => {
      if (actor.id === account.id) throw new Error('cannot update your own moderation scopes');
      if (account.moderationScopes?.scoped !== true) throw new Error('User is not moderation scoped');
      account.moderationScopes = { scoped: true, siteIDs: input.inner('moderationScopes').texts('siteIDs') };
    },
  ),

  updateUserMembershipScopes: ofUser('UpdateUserMembershipScopesInput', staff, (account, input) => {
    if (account.membershipScopes?.scoped !== true) throw new Error('User is not membership scoped');
    account.membershipScopes = { scoped: true, siteIDs: input.inner('membershipScopes').texts('siteIDs') };
  }),

  updateSSOProfileID: ofUser('UpdateSSOProfileIDInput', admin, (account, input, { accounts }) => {
    const id = input.text('ssoProfileID');
    const profile = account.profiles.find(({ type }) => type === 'sso');
    if (profile === undefined) throw new CoralError('SSO_PROFILE_NOT_SET', 'The user has no SSO profile.');
    if ((accounts.byProfile('sso', id) ?? account) !== account) {
      throw new CoralError('DUPLICATE_USER', 'Another user has this SSO profile.');
    }
    profile.id = id;
  }),

  deleteUserAccount: {
    input: 'DeleteUserAccountInput',
    roles: admin,
    payload: { user: 'User' },
    // These errors have no code of their own, so the caller learns nothing from them.
    run(input, { accounts, now }, actor) {
      const id = input.text('userID');
      if (id === actor.id) throw new Error('cannot delete self immediately');
      const account = accounts.byId(id);
      if (account === undefined) throw new Error('could not find user by ID');
      if (account.deletedAt !== undefined) throw new Error('user was already deleted');
      account.deletedAt = now;
      account.profiles = [];
      delete account.email;
      return { user: account };
    },
  },

  requestUserCommentsDownload: {
    input: 'RequestUserCommentsDownloadInput',
    roles: admin,
    payload: { archiveURL: 'String!' },
    run(input, { origin, installation, now }) {
      const second = Math.floor(now.getTime() / 1_000);
      const claims = {
        jti: randomUUID(),
        user: input.text('userID'),
        iat: second,
        exp: second + 14 * 86_400,
      };
      const token = signHs256(claims, installation.signingSecret);
      return { archiveURL: `${origin}/account/download?token=${token}` };
    },
  },

  banUser: ofUser('BanUserInput', staff, (account, input) => {
    const siteIDs = input.texts('siteIDs');
    if (siteIDs.length > 0) {
      account.bannedSites = [...new Set([...account.bannedSites, ...siteIDs])];
      return;
    }
    if (account.role === 'MODERATOR') {
      throw new CoralError('MODERATOR_CANNOT_BE_BANNED_ON_SITE', 'A moderator cannot be banned.');
    }
    account.banned = true;
    account.premod = false;
    delete account.suspension;
    delete account.warning;
  }),

  updateUserBan: ofUser('UpdateUserBanInput', staff, (account, input) => {
    const ban = input.texts('banSiteIDs');
    const unban = new Set(input.texts('unbanSiteIDs'));
    if (ban.some((id) => unban.has(id))) throw new CoralError('VALIDATION', 'A site is in both lists.');
    account.bannedSites = [...new Set([...account.bannedSites, ...ban])].filter((id) => !unban.has(id));
  }),

  removeUserBan: ofUser('RemoveUserBanInput', staff, (account) => {
    if (account.banned) account.banned = false;
    else account.bannedSites = [];
  }),

  suspendUser: ofUser('SuspendUserInput', staff, (account, input, { now }) => {
    if (account.suspension !== undefined && account.suspension.until.getTime() > now.getTime()) {
      throw new CoralError('USER_ALREADY_SUSPENDED', 'The user is suspended already.');
    }
    const until = new Date(now.getTime() + input.number('timeout') * 1_000);
    account.suspension = { until, message: input.text('message') };
  }),

  removeUserSuspension: ofUser('RemoveUserSuspensionInput', staff, (account) => {
    delete account.suspension;
  }),

  premodUser: ofUser('PremodUserInput', staff, (account) => {
    if (account.premod) throw new CoralError('USER_ALREADY_PREMOD', 'The user is premoderated already.');
    account.premod = true;
  }),

  removeUserPremod: ofUser('RemovePremodUserInput', staff, (account) => {
    account.premod = false;
  }),

  warnUser: ofUser('WarnUserInput', staff, (account, input) => {
    if (account.warning !== undefined) throw new Error('User already warned');
    account.warning = input.text('message');
  }),

  removeUserWarning: ofUser('RemoveUserWarningInput', staff, (account) => {
    delete account.warning;
  }),

  sendModMessage: ofUser('SendModMessageInput', staff, (account, input) => {
    account.modMessage = input.text('message');
  }),

  rotateSSOSigningSecret: {
    input: 'RotateSSOSigningSecretInput',
    roles: admin,
    payload: { settings: 'Settings' },
    run(input, { settings, now }) {
      rotate(settings.signingSecrets, 'ssosec_', input.number('inactiveIn'), now);
      return { settings };
    },
  },

  deactivateSSOSigningSecret: {
    input: 'DeactivateSSOSigningSecretInput',
    roles: admin,
    payload: { settings: 'Settings' },
    run(input, { settings, now }) {
      const secret = settings.signingSecrets.find(({ kid }) => kid === input.text('kid'));
      if (secret !== undefined) {
        secret.inactiveAt = now;
        secret.rotatedAt ??= now;
      }
      return { settings };
    },
  },

  deleteSSOSigningSecret: {
    input: 'DeleteSSOSigningSecretInput',
    roles: admin,
    payload: { settings: 'Settings' },
    run(input, { settings }) {
      const at = settings.signingSecrets.findIndex(({ kid }) => kid === input.text('kid'));
      if (at !== -1) settings.signingSecrets.splice(at, 1);
      return { settings };
    },
  },

  createToken: {
    input: 'CreateTokenInput',
    payload: { user: 'User!', token: 'Token!', signedToken: 'String!' },
    run(input, { installation, now }, actor) {
      const { record, signedToken } = createPersonalToken(installation, actor, input.text('name'), now);
      return { user: actor, token: record, signedToken };
    },
  },

  deactivateToken: {
    input: 'DeactivateTokenInput',
    payload: { user: 'User!', token: 'Token' },
    run(input, _context, actor) {
      const token = actor.tokens.find(({ id }) => id === input.text('id'));
      if (token === undefined) throw new CoralError('TOKEN_NOT_FOUND', 'The token was not found.');
      actor.tokens = actor.tokens.filter((other) => other !== token);
      return { user: actor, token };
    },
  },

  createComment: {
    input: 'CreateCommentInput',
    payload: { edge: 'CommentEdge!' },
    run(input, { stories, now }, actor) {
      const node = stories.comment(
        input.text('storyID'),
        actor,
        input.text('body'),
        input.optionalText('parentID'),
        now,
      );
      return { edge: { node, cursor: node.createdAt } };
    },
  },
};
