import { isRole, type Role } from '../account.js';
import { CoralError } from '../coral-error.js';
import { isObject } from './decode.js';

/** The claims of a token of single sign-on, as Coral's schema lets them through. */
export interface SsoClaims {
  readonly jti: string | undefined;
  readonly exp: number | undefined;
  readonly iat: number | undefined;
  readonly user: {
    readonly id: string;
    /** In lower case. */
    readonly email: string;
    readonly username: string;
    readonly badges: readonly string[] | undefined;
    readonly role: Role | undefined;
    readonly url: string | undefined;
    readonly avatar: string | undefined;
  };
}

/** A place where the schema was not met. */
class SchemaFault {
  constructor(readonly path: string) {}
}

/**
 * Reads the claims. Unknown ones are ignored; the first fault in the order of the schema decides.
 * @throws CoralError `TOKEN_INVALID`; `USERNAME_NOT_PROVIDED` when the first fault is an absent user name and
 * there is a `url`
 */
export function readSsoClaims(payload: unknown): SsoClaims {
  try {
    const token = object(payload, 'payload');
    const jti = optional(token, 'jti', text);
    const exp = optional(token, 'exp', seconds);
    const iat = optional(token, 'iat', seconds);
    const user = object(token.user, 'user');
    return {
      jti,
      exp,
      iat,
      user: {
        id: text(user.id, 'user.id'),
        email: text(user.email, 'user.email').toLowerCase(),
        username: text(user.username, 'user.username'),
        badges: optional(user, 'badges', texts),
        role: optional(user, 'role', role),
        url: optional(user, 'url', uri),
        avatar: optional(user, 'avatar', uri),
      },
    };
  } catch (fault) {
    if (!(fault instanceof SchemaFault)) throw fault;
    const user = isObject(payload) && isObject(payload.user) ? payload.user : {};
    if (fault.path === 'user.username' && user.username === undefined && user.url !== undefined) {
      throw new CoralError(
        'USERNAME_NOT_PROVIDED',
        `No user name was provided. Choose one at ${String(user.url)}.`,
      );
    }
    throw new CoralError('TOKEN_INVALID', `The claim ${fault.path} does not match the schema.`);
  }
}

/** The picture of a token, if it is one that Coral keeps. */
export function keptAvatar(avatar: string | undefined): string | undefined {
  if (avatar === undefined || !URL.canParse(avatar)) return undefined;
  const { pathname } = new URL(avatar);
  const extension = pathname.slice(pathname.lastIndexOf('.') + 1).toLowerCase();
  return ['jpg', 'jpeg', 'gif', 'png', 'webp'].includes(extension) && pathname.includes('.')
    ? avatar
    : undefined;
}

function optional<T>(
  source: Readonly<Record<string, unknown>>,
  name: string,
  read: (value: unknown, path: string) => T,
): T | undefined {
  return source[name] === undefined ? undefined : read(source[name], name);
}

function object(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw new SchemaFault(path);
  return value;
}

function text(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '') throw new SchemaFault(path);
  return value;
}

function texts(value: unknown, path: string): readonly string[] {
  if (!Array.isArray(value)) throw new SchemaFault(path);
  return value.map((entry, index) => text(entry, `${path}[${index}]`));
}

// The schema library turns digits into a number; whoever reads the claim afterwards sees the text again.
function seconds(value: unknown, path: string): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !(Math.abs(number) <= Number.MAX_SAFE_INTEGER))
    throw new SchemaFault(path);
  return number;
}

function role(value: unknown, path: string): Role {
  if (!isRole(value)) throw new SchemaFault(path);
  return value;
}

/** Absolute URI of any scheme, in the characters of RFC 3986. */
function uri(value: unknown, path: string): string {
  const address = text(value, path);
  const known = /^[a-z][a-z0-9+.-]*:[\w.~:/?#[\]@!$&'()*+,;=%-]+$/i.test(address);
  const encoded = !/%(?![0-9a-f]{2})/i.test(address);
  const hosted = !/^https?:/i.test(address) || /^https?:\/\/[^/?#]/i.test(address);
  if (!known || !encoded || !hosted || address.split('#').length > 2) throw new SchemaFault(path);
  return address;
}
