import type { Account, Profile } from './account.js';
import type { Accounts } from './accounts.js';
import { CoralError } from './coral-error.js';
import type { Settings } from './settings.js';
import { keptAvatar, type SsoClaims } from './token/sso-claims.js';

/** Longest address that Coral takes when it makes an account. */
const emailLimit = 100;

/** Tokens that were logged out: their ids, and until when. */
export class Revocations {
  readonly #until = new Map<string, number>();

  revoke(jti: string, until: Date): void {
    this.#until.set(jti, until.getTime());
  }

  isRevoked(jti: string, now: Date): boolean {
    return (this.#until.get(jti) ?? 0) > now.getTime();
  }
}

export interface LoginParts {
  readonly accounts: Accounts;
  readonly settings: Settings;
  readonly revocations: Revocations;
}

/**
 * Finds, joins, creates or updates the account of a verified token, in that order.
 * @returns the account as it was when the request came, so that a ban that the address brings shows from the
 * next request on; null when the person stays anonymous
 */
export function logIn(
  { accounts, settings, revocations }: LoginParts,
  claims: SsoClaims,
  now: Date,
): Account | null {
  const { jti, exp, iat, user } = claims;
  if (jti !== undefined && exp !== undefined && revocations.isRevoked(jti, now)) return null;
  const issuedAt = iat === undefined || iat === 0 ? now : new Date(iat * 1_000);
  let account = find(accounts, user.id, user.email);
  if (account === undefined) {
    if (!settings.allowRegistration) return null;
    account = create(accounts, settings, claims, issuedAt, now);
    if (moderation(settings, account) === 'PREMOD') account.premod = true;
  } else if (iat !== undefined && iat !== 0 && differs(account, user)) {
    update(accounts, account, user, issuedAt);
  }
  const attached = { ...account, profiles: account.profiles.map((profile) => ({ ...profile })) };
  if (moderation(settings, account) === 'BAN') account.banned = true;
  return attached;
}

function find(accounts: Accounts, id: string, email: string): Account | undefined {
  const known = accounts.byProfile('sso', id);
  if (known !== undefined) return known;
  const owner = accounts.byEmail(email);
  const joined =
    accounts.byProfile('local', id) ??
    accounts.byProfile('local', email) ??
    (owner?.profiles.some(({ type }) => type === 'sso') === true ? owner : undefined);
  joined?.profiles.push({ type: 'sso', id });
  return joined;
}

function create(
  accounts: Accounts,
  settings: Settings,
  { user }: SsoClaims,
  issuedAt: Date,
  now: Date,
): Account {
  const { id, email, username, badges, role = 'COMMENTER', url } = user;
  checkEmail(email);
  const avatar = keptAvatar(user.avatar);
  const profile: Profile = { type: 'sso', id, lastIssuedAt: issuedAt };
  const rest = {
    id,
    username,
    role,
    ...(badges === undefined ? {} : { badges }),
    ...(avatar === undefined ? {} : { avatar }),
    ...(url === undefined ? {} : { ssoURL: url }),
    profiles: [profile],
  };
  try {
    return accounts.insert({ ...rest, email, emailVerified: true }, now);
  } catch (error) {
    const joinable = settings.localEnabled && settings.socialEnabled;
    if (!(error instanceof CoralError) || error.code !== 'DUPLICATE_EMAIL' || !joinable) throw error;
    return accounts.insert({ ...rest, duplicateEmail: email }, now);
  }
}

/** Coral's loose test, made only where an account is created or an administrator changes an address. */
export function checkEmail(email: string): void {
  if (!/^\S+@\S.+\S$/.test(email.slice(0, 10 * emailLimit))) {
    throw new CoralError('EMAIL_INVALID_FORMAT', 'The e-mail address is not of the right form.', {
      param: 'input.email',
    });
  }
  if (email.length > emailLimit) {
    throw new CoralError(
      'EMAIL_EXCEEDS_MAX_LENGTH',
      `The e-mail address is longer than ${emailLimit} characters.`,
      {
        param: 'input.email',
      },
    );
  }
}

function differs(account: Account, user: SsoClaims['user']): boolean {
  return (
    account.email !== user.email ||
    account.username !== user.username ||
    account.avatar !== user.avatar ||
    account.ssoURL !== user.url ||
    (user.role !== undefined && account.role !== user.role) ||
    JSON.stringify(account.badges) !== JSON.stringify(user.badges)
  );
}

function update(accounts: Accounts, account: Account, user: SsoClaims['user'], issuedAt: Date): void {
  const { email, username, badges, role, url } = user;
  const profiles = account.profiles.filter(({ type }) => type === 'sso');
  const last = profiles[0]?.lastIssuedAt;
  if (profiles.length === 0 || (last !== undefined && last.getTime() >= issuedAt.getTime())) return;
  // The database's index refuses it, and nothing turns that into an error with a name.
  if (accounts.emailBelongsToOther(account, email))
    throw new CoralError('INTERNAL_ERROR', 'duplicate key: email');
  const avatar = keptAvatar(user.avatar);
  account.email = email;
  account.username = username;
  if (badges !== undefined) account.badges = badges;
  if (role !== undefined) account.role = role;
  if (avatar !== undefined) account.avatar = avatar;
  if (url !== undefined) account.ssoURL = url;
  for (const profile of profiles) profile.lastIssuedAt = issuedAt;
}

function moderation({ emailDomains }: Settings, { email }: Account): 'BAN' | 'PREMOD' | undefined {
  const domain = email?.slice(email.lastIndexOf('@') + 1);
  if (domain === undefined) return undefined;
  return emailDomains.find((entry) => domain.startsWith(entry.domain) || domain.includes(`.${entry.domain}`))
    ?.newUserModeration;
}
