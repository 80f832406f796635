import { type Refusal, refusal } from '../../errors.js';
import { isRecord } from '../../json.js';
import { type CoralRole, isCoralRole } from '../fields.js';

/** An account in Coral. */
export interface CoralUser {
  /** Coral's own id; after accounts were joined it is not the site's. */
  readonly id: string;
  readonly username?: string;
  readonly email?: string;
  readonly role: CoralRole;
  readonly badges: readonly string[];
  readonly avatar?: string;
  readonly createdAt?: Date;
  /** When it was deleted; the row stays, and its id is never free again. */
  readonly deletedAt?: Date;
  /** The site's ids that sign in to this account. */
  readonly ssoProfileIds: readonly string[];
  /** Banned everywhere. */
  readonly banned: boolean;
  /** End of the present suspension. */
  readonly suspendedUntil?: Date;
  readonly premoderated: boolean;
  readonly warned: boolean;
}

/** A signing secret with what Coral knows of its use. */
export interface CoralSigningSecretRecord {
  readonly kid: string;
  readonly secret: string;
  readonly createdAt?: Date;
  /** A rough hint: Coral notes it at most once a minute, for all keys together. */
  readonly lastUsedAt?: Date;
  readonly rotatedAt?: Date;
  readonly inactiveAt?: Date;
}

/** Coral's settings for single sign-on. */
export interface CoralSsoSettings {
  readonly enabled: boolean;
  /** When false, people who are new to Coral stay anonymous without any error. */
  readonly allowRegistration: boolean;
  readonly signingSecrets: readonly CoralSigningSecretRecord[];
}

type Data = Readonly<Record<string, unknown>>;

/** Reads a user of an answer; null stays null. */
export function readUser(value: unknown): CoralUser | null | Refusal {
  if (value === null || value === undefined) return null;
  if (!isRecord(value)) return unexpected('user');
  const { id, username, email, role, badges, avatar, profiles, createdAt, deletedAt, status } = value;
  if (typeof id !== 'string' || id === '' || !isCoralRole(role)) return unexpected('user');
  const suspension = inner(status, 'suspension');
  const until = date(suspension.until);
  const created = date(createdAt);
  const deleted = date(deletedAt);
  return {
    id,
    role,
    ...(typeof username === 'string' ? { username } : {}),
    ...(typeof email === 'string' ? { email } : {}),
    badges: texts(badges),
    ...(typeof avatar === 'string' && avatar !== '' ? { avatar } : {}),
    ...(created === undefined ? {} : { createdAt: created }),
    ...(deleted === undefined ? {} : { deletedAt: deleted }),
    ssoProfileIds: list(profiles).flatMap((profile) =>
      isRecord(profile) && profile.__typename === 'SSOProfile' ? texts([profile.id]) : [],
    ),
    banned: inner(status, 'ban').active === true,
    ...(suspension.active === true && until !== undefined ? { suspendedUntil: until } : {}),
    premoderated: inner(status, 'premod').active === true,
    warned: inner(status, 'warning').active === true,
  };
}

/** Reads the settings of an answer. */
export function readSsoSettings(data: Data): CoralSsoSettings | Refusal {
  const integrations = inner(inner(data, 'settings').auth, 'integrations');
  const { sso } = integrations;
  if (!isRecord(sso)) return unexpected('settings');
  const signingSecrets: CoralSigningSecretRecord[] = [];
  for (const entry of list(sso.signingSecrets)) {
    const { kid, secret } = isRecord(entry) ? entry : {};
    if (!isRecord(entry) || typeof kid !== 'string' || typeof secret !== 'string')
      return unexpected('signingSecrets');
    const dates = ['createdAt', 'lastUsedAt', 'rotatedAt', 'inactiveAt'] as const;
    const known = dates.flatMap((name) => {
      const value = date(entry[name]);
      return value === undefined ? [] : [[name, value] as const];
    });
    signingSecrets.push({ kid, secret, ...Object.fromEntries(known) });
  }
  return { enabled: sso.enabled === true, allowRegistration: sso.allowRegistration === true, signingSecrets };
}

/** An object inside an object; an empty one when it is not there. */
export function inner(value: unknown, name: string): Data {
  const part = isRecord(value) ? value[name] : undefined;
  return isRecord(part) ? part : {};
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function unexpected(what: string): Refusal {
  return refusal(
    'ERR_CORAL_ANSWER_MALFORMED',
    `Coral's answer has no usable "${what}": its version may be unknown to us.`,
  );
}

function texts(value: unknown): string[] {
  return list(value).filter((entry) => typeof entry === 'string');
}

function date(value: unknown): Date | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time);
}
