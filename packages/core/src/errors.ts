/**
 * Every error of Forum SSO, in one table: stable code, HTTP status, and the sentence a person may read.
 *
 * - `status`: what a browser or caller gets.
 * - `publicMessage`: safe to show to anybody; says nothing that an attacker could use.
 *
 * What only the operator should know (which option, which setting of the other system) is the `detail` of the
 * single error. Neither ever holds a secret, an expected signature, a key, a token or a payload.
 */
export const errorTable = {
  // Start
  ERR_OPTIONS_INVALID: { status: 500, publicMessage: 'This login is not set up correctly.' },

  // Requests in general
  ERR_METHOD_NOT_ALLOWED: { status: 405, publicMessage: 'This address cannot be used in this way.' },
  ERR_NOT_A_NAVIGATION: {
    status: 403,
    publicMessage: 'This address only works when it is opened as a page of its own.',
  },
  ERR_PREFETCH: { status: 503, publicMessage: 'This address is not answered in advance.' },
  ERR_ORIGIN_FOREIGN: {
    status: 403,
    publicMessage: 'This request came from another site and was not carried out.',
  },
  ERR_QUERY_MALFORMED: { status: 400, publicMessage: 'The address of this page is damaged.' },
  ERR_PARAMETER_MISSING: { status: 400, publicMessage: 'The address of this page is incomplete.' },
  ERR_PARAMETER_REPEATED: { status: 400, publicMessage: 'The address of this page is damaged.' },
  ERR_RETURN_PATH_UNSAFE: { status: 400, publicMessage: 'The address to return to is not on this site.' },
  ERR_BODY_TOO_LARGE: { status: 413, publicMessage: 'The request is too large.' },
  ERR_BODY_UNREADABLE: { status: 400, publicMessage: 'The request broke off before it was complete.' },
  ERR_RAW_BODY_CONSUMED: { status: 500, publicMessage: 'This request could not be read.' },
  ERR_RATE_LIMITED: { status: 429, publicMessage: 'Too many requests. Please wait a moment.' },

  // The DiscourseConnect message
  ERR_SSO_SECRET_UNUSABLE: { status: 500, publicMessage: 'This login is not set up correctly.' },
  ERR_SSO_FIELD_UNUSABLE: { status: 500, publicMessage: 'This account cannot be sent to the forum.' },
  ERR_SSO_MESSAGE_TOO_LARGE: { status: 413, publicMessage: 'The login request is too large.' },
  ERR_SSO_SIGNATURE_MISSING: { status: 403, publicMessage: 'The login request is not signed.' },
  ERR_SSO_SIGNATURE_INVALID: {
    status: 403,
    publicMessage: 'The login request could not be verified. Please start again.',
  },
  ERR_SSO_PAYLOAD_MALFORMED: {
    status: 400,
    publicMessage: 'The login request is damaged. Please start again.',
  },
  ERR_SSO_FIELD_REPEATED: { status: 400, publicMessage: 'The login request is damaged. Please start again.' },
  ERR_SSO_NONCE_MISSING: {
    status: 400,
    publicMessage: 'The login request is incomplete. Please start again.',
  },
  ERR_SSO_RETURN_URL_FOREIGN: {
    status: 403,
    publicMessage: 'The login request asks to return to an address that does not belong to this community.',
  },

  // The site's user
  ERR_SITE_USER_INVALID: { status: 500, publicMessage: 'Your account could not be read.' },
  ERR_USER_SUSPENDED: { status: 403, publicMessage: 'Your account is suspended.' },
  ERR_SITE_CALLBACK_FAILED: { status: 503, publicMessage: 'The login is not available at the moment.' },

  // Session and store
  ERR_SESSION_TOO_LARGE: { status: 500, publicMessage: 'You could not be signed in.' },
  ERR_STORE_UNAVAILABLE: {
    status: 503,
    publicMessage: 'The login is not available at the moment. Please try again soon.',
  },

  // Anything that is a fault of ours
  ERR_INTERNAL: { status: 500, publicMessage: 'Something went wrong here.' },
} as const satisfies Record<`ERR_${string}`, { status: number; publicMessage: string }>;

/** All codes, as a union of literals: `switch (error.code)` narrows on it. */
export type ErrorCode = keyof typeof errorTable;

/**
 * A refusal as a plain value. Inside, functions return it rather than throw: an exception costs its stack, and a
 * stranger's bad request is nothing exceptional. It becomes a {@link ForumSsoError} at the public edge.
 */
export interface Refusal {
  readonly refused: ErrorCode;
  /** For the operator's log: what is wrong and what to fix. Never a secret or another's data. */
  readonly detail: string;
  /** The lower-level error, if there was one. */
  readonly cause?: unknown;
}

/** Makes a {@link Refusal}. */
export function refusal(refused: ErrorCode, detail: string, cause?: unknown): Refusal {
  return cause === undefined ? { refused, detail } : { refused, detail, cause };
}

/** Tells a {@link Refusal} from any other result. */
export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'refused' in value;
}

const brand = Symbol.for('@forum-sso/error');

/**
 * The only error that Forum SSO throws. Check it by `code`, not by `instanceof`: an application may hold two copies
 * of this package; {@link isForumSsoError} recognises both.
 */
export class ForumSsoError extends Error {
  /** Stable code, one of {@link ErrorCode}. */
  readonly code: ErrorCode;
  /** The HTTP status that fits. */
  readonly status: number;
  /** What a person may read. */
  readonly publicMessage: string;
  /** What the operator should know: names the option or setting to fix. Holds no secret. */
  readonly detail: string;
  /** With `ERR_OPTIONS_INVALID`: every problem that was found, one sentence each. */
  readonly problems: readonly string[];
  readonly [brand] = true;

  constructor(
    code: ErrorCode,
    detail: string,
    { cause, problems = [] }: { readonly cause?: unknown; readonly problems?: readonly string[] } = {},
  ) {
    super(`${code}: ${detail}`, cause === undefined ? undefined : { cause });
    this.name = 'ForumSsoError';
    this.code = code;
    this.status = errorTable[code].status;
    this.publicMessage = errorTable[code].publicMessage;
    this.detail = detail;
    this.problems = problems;
  }
}

/** True for a {@link ForumSsoError} of this or of another copy of the package. */
export function isForumSsoError(error: unknown): error is ForumSsoError {
  return typeof error === 'object' && error !== null && brand in error;
}

/** The error for a refusal: where a value has to become an exception. */
export function errorFrom({ refused, detail, cause }: Refusal): ForumSsoError {
  return new ForumSsoError(refused, detail, cause === undefined ? {} : { cause });
}
