import { type ErrorCode, type Refusal, refusal } from '../../errors.js';

/** Our code for each of Coral's, and what the operator should do about it. */
const codes: Readonly<Record<string, readonly [code: ErrorCode, advice: string]>> = {
  TOKEN_INVALID: ['ERR_CORAL_CREDENTIALS_REFUSED', 'The token was not accepted.'],
  AUTHENTICATION_ERROR: ['ERR_CORAL_CREDENTIALS_REFUSED', 'The token was not accepted.'],
  USER_NOT_ENTITLED: [
    'ERR_CORAL_NOT_ENTITLED',
    "The access token's owner may not do this: it needs the role ADMIN (for bans and the like MODERATOR), and nobody may change their own role.",
  ],
  RAW_QUERY_NOT_AUTHORIZED: [
    'ERR_CORAL_NOT_ENTITLED',
    'Coral takes queries of our own from administrators only: make the access token as a user with the role ADMIN.',
  ],
  USER_BANNED: ['ERR_CORAL_NOT_ENTITLED', "The access token's owner is banned in Coral."],
  USER_SUSPENDED: ['ERR_CORAL_NOT_ENTITLED', "The access token's owner is suspended in Coral."],
  USER_WARNED: ['ERR_CORAL_NOT_ENTITLED', "The access token's owner has a warning to acknowledge in Coral."],
  MODERATOR_CANNOT_BE_BANNED_ON_SITE: [
    'ERR_CORAL_NOT_ENTITLED',
    'Coral bans no moderators: take the role away first.',
  ],
  TENANT_NOT_FOUND: [
    'ERR_CORAL_TENANT_UNKNOWN',
    'No Coral is installed under this host name: use the very domain that was given at its installation.',
  ],
  INTEGRATION_DISABLED: ['ERR_CORAL_SSO_DISABLED', 'Single sign-on is switched off in Coral.'],
  USER_NOT_FOUND: ['ERR_CORAL_USER_NOT_FOUND', 'Coral does not know this user.'],
  TOKEN_NOT_FOUND: ['ERR_CORAL_USER_NOT_FOUND', 'Coral does not know this access token.'],
  DUPLICATE_USER: [
    'ERR_CORAL_USER_EXISTS',
    'Another account has this id; the id of a deleted one is never free again.',
  ],
  DUPLICATE_EMAIL: ['ERR_CORAL_EMAIL_TAKEN', 'Another account in Coral has this e-mail address.'],
  EMAIL_INVALID_FORMAT: ['ERR_CORAL_EMAIL_REFUSED', 'Coral does not take an address of this form.'],
  EMAIL_EXCEEDS_MAX_LENGTH: ['ERR_CORAL_EMAIL_REFUSED', 'Coral takes addresses of up to 100 characters.'],
  SSO_PROFILE_NOT_SET: ['ERR_CORAL_SSO_PROFILE_MISSING', 'The account has no single sign-on profile.'],
  USERNAME_NOT_PROVIDED: ['ERR_CORAL_TOKEN_USERNAME_MISSING', 'The token holds no user name.'],
  USER_ALREADY_BANNED: ['ERR_CORAL_STATE_UNCHANGED', 'The user is banned already.'],
  USER_ALREADY_SUSPENDED: ['ERR_CORAL_STATE_UNCHANGED', 'The user is suspended already.'],
  USER_ALREADY_PREMOD: ['ERR_CORAL_STATE_UNCHANGED', 'The user is premoderated already.'],
  RATE_LIMIT_EXCEEDED: ['ERR_CORAL_RATE_LIMITED', 'Too many requests.'],
  VALIDATION: ['ERR_CORAL_QUERY_REFUSED', 'A value was not accepted.'],
  PERSISTED_QUERY_NOT_FOUND: ['ERR_CORAL_QUERY_REFUSED', 'The query was not understood.'],
  GRAPHQL_PARSE_FAILED: ['ERR_CORAL_QUERY_REFUSED', 'The query was not understood.'],
  GRAPHQL_VALIDATION_FAILED: [
    'ERR_CORAL_QUERY_REFUSED',
    'This version of Coral does not know a field or an operation that we used.',
  ],
  BAD_USER_INPUT: ['ERR_CORAL_QUERY_REFUSED', 'A value was not of the type that Coral wants.'],
  INTERNAL_ERROR: [
    'ERR_CORAL_FAULT',
    "The reason stands in Coral's own log only. A deactivated access token is answered in this way, too.",
  ],
};

/** One of Coral's errors, as both of its envelopes tell it. */
export interface CoralFault {
  /** Coral's code, `USER_NOT_FOUND`; the empty string when it gave none. */
  readonly code: string;
  /** What to quote to Coral's operator. */
  readonly traceId: string | undefined;
  /** HTTP status of the answer. */
  readonly status: number;
}

/** Our refusal for one of Coral's errors. Coral's own sentence is left out: it quotes addresses and names. */
export function coralRefusal({ code, traceId, status }: CoralFault): Refusal {
  const [ours, advice] = (Object.hasOwn(codes, code) ? codes[code] : undefined) ?? [
    'ERR_CORAL_REFUSED',
    'Coral did not carry this out.',
  ];
  const trace = traceId === undefined ? '' : `, trace ${traceId}`;
  return refusal(ours, `${advice} (Coral: ${code === '' ? 'no code' : code}, HTTP ${status}${trace})`);
}

/** A code or id of the other side that may stand in our text; the empty string for anything else. */
export function plainWord(value: unknown): string {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value) ? value : '';
}
