import { isUri } from './uri.js';

/** What a claim of a Coral token may be. */
export type ClaimKind =
  /** A string that is not empty. */
  | 'text'
  /** Like `text`; Coral lower-cases it. */
  | 'email'
  /**
   * Seconds since 1970 (RFC 7519: NumericDate). Text made of digits passes here and fails later where it
   * counts.
   */
  | 'seconds'
  /** A list of strings, none of them empty. */
  | 'texts'
  /** One of {@link coralRoles}. */
  | 'role'
  /** An absolute URI of any scheme. */
  | 'uri';

/** One claim: its name on the wire, what it may be, and where the site's side of it comes from. */
export interface ClaimField {
  readonly name: string;
  readonly kind: ClaimKind;
  readonly required: boolean;
  /** What fills it when we sign: a field of the site user, or the token itself. */
  readonly source: string;
  /** First version of Coral that knows it. */
  readonly since: string;
}

/** Roles in Coral, least powerful first. */
export const coralRoles = ['COMMENTER', 'MEMBER', 'STAFF', 'MODERATOR', 'ADMIN'] as const;

export type CoralRole = (typeof coralRoles)[number];

/** Claims beside `user`, in the order in which Coral judges them. */
export const tokenFields: readonly ClaimField[] = [
  { name: 'jti', kind: 'text', required: false, source: 'fresh for each token', since: '5.0.0' },
  { name: 'exp', kind: 'seconds', required: false, source: 'now + expiresIn', since: '5.0.0' },
  { name: 'iat', kind: 'seconds', required: false, source: 'now', since: '5.0.0' },
];

/** Claims inside `user`, in the order in which Coral judges them; the first that is wrong decides. */
export const userFields: readonly ClaimField[] = [
  { name: 'id', kind: 'text', required: true, source: 'id', since: '5.0.0' },
  { name: 'email', kind: 'email', required: true, source: 'email, if emailVerified', since: '5.0.0' },
  { name: 'username', kind: 'text', required: true, source: 'username, else name', since: '5.0.0' },
  { name: 'badges', kind: 'texts', required: false, source: 'badges', since: '5.0.0' },
  { name: 'role', kind: 'role', required: false, source: 'the option roles', since: '5.0.0' },
  { name: 'url', kind: 'uri', required: false, source: 'profileUrl', since: '6.0.0' },
  { name: 'avatar', kind: 'uri', required: false, source: 'avatarUrl', since: '6.3.3' },
];

/** True for a role of Coral, in capitals as Coral wants it. */
export function isCoralRole(value: unknown): value is CoralRole {
  return coralRoles.some((role) => role === value);
}

/**
 * Judges one claim as Coral's schema does. `null` is never the same as absent.
 * @returns what is wrong with it, or null
 */
export function claimFault({ kind, required }: ClaimField, value: unknown): string | null {
  if (value === undefined) return required ? 'is missing' : null;
  switch (kind) {
    case 'text':
    case 'email':
      return isText(value) ? null : 'must be text that is not empty';
    case 'seconds':
      return isSeconds(value) ? null : 'must be a number of seconds';
    case 'texts':
      return Array.isArray(value) && value.every(isText)
        ? null
        : 'must be a list of texts, none of them empty; leave it out rather than send null';
    case 'role':
      return isCoralRole(value) ? null : `must be one of ${coralRoles.join(', ')}, in capitals`;
    case 'uri':
      return typeof value === 'string' && isUri(value) ? null : 'must be an absolute URI';
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isSeconds(value: unknown): boolean {
  const number =
    typeof value === 'string' && /^\s*[+-]?\d+(?:\.\d+)?\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Math.abs(number) <= Number.MAX_SAFE_INTEGER;
}
