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
    publicMessage:
      'The login request asks to return to an address that is not set up here for the community that sent it.',
  },

  // The API of a Discourse forum
  ERR_DISCOURSE_UNAVAILABLE: { status: 503, publicMessage: 'The forum cannot be reached at the moment.' },
  ERR_DISCOURSE_ADDRESS_WRONG: { status: 500, publicMessage: 'This login is not set up correctly.' },
  ERR_DISCOURSE_KEY_REFUSED: { status: 500, publicMessage: 'This login is not set up correctly.' },
  ERR_DISCOURSE_RATE_LIMITED: { status: 503, publicMessage: 'The forum is busy. Please try again soon.' },
  ERR_DISCOURSE_USER_UNKNOWN: { status: 404, publicMessage: 'The forum has no such account.' },
  ERR_DISCOURSE_CONNECT_OFF: {
    status: 500,
    publicMessage: 'The forum does not take people over from this site.',
  },
  ERR_DISCOURSE_SYNC_REFUSED: { status: 500, publicMessage: 'The forum did not accept the account.' },
  ERR_DISCOURSE_RECORD_INVALID: { status: 409, publicMessage: 'The forum cannot store this account.' },
  ERR_DISCOURSE_DELETE_REFUSED: { status: 409, publicMessage: 'The forum does not delete this account.' },
  ERR_DISCOURSE_ACCOUNT_PROTECTED: {
    status: 409,
    publicMessage: 'The forum does not let this be done to the account.',
  },
  ERR_DISCOURSE_REPLY_UNEXPECTED: {
    status: 502,
    publicMessage: 'The forum gave an answer that makes no sense here.',
  },

  // The site in the place of a Discourse forum
  ERR_PROVIDER_REQUEST_MISSING: {
    status: 400,
    publicMessage:
      'This address is for sites that let people sign in with this one, and it was opened without a login request. Begin at such a site. If you run it: it has to send the parameters "sso" and "sig".',
  },
  ERR_PROVIDER_REQUEST_UNREADABLE: {
    status: 422,
    publicMessage:
      'The login request cannot be read: it has no return_sso_url, or is no base64 of form-encoded fields. The operator of the site that sent you here should look into it.',
  },
  ERR_PROVIDER_RETURN_URL_UNUSABLE: {
    status: 400,
    publicMessage:
      'The login request asks to return to an address that cannot be used: it must be an absolute https address, percent-encoded.',
  },
  ERR_PROVIDER_CLIENT_UNKNOWN: {
    status: 400,
    publicMessage:
      'The site that sent you here is not set up for signing in with this one. Its host has to be added to the list of clients here.',
  },
  ERR_PROVIDER_SIGNATURE_INVALID: {
    status: 422,
    publicMessage:
      'The login request could not be verified: the secret at the site that sent you here differs from the one here.',
  },
  ERR_PROVIDER_PROMPT_UNKNOWN: {
    status: 400,
    publicMessage:
      'The site that sent you here asks in a way that is not known here: the field "prompt" of its login request may only be "none".',
  },
  ERR_PROVIDER_KEY_REFUSED: { status: 403, publicMessage: 'The API key is missing or wrong.' },
  ERR_PROVIDER_USER_UNKNOWN: { status: 404, publicMessage: 'There is no such user.' },
  ERR_PROVIDER_WEBHOOK_FAILED: { status: 502, publicMessage: 'The other site did not take the message.' },
  ERR_PROVIDER_SYNC_REFUSED: { status: 422, publicMessage: 'The message is not accepted.' },

  // Webhooks of Discourse
  ERR_WEBHOOK_SIGNATURE_MISSING: { status: 401, publicMessage: 'The webhook is not signed.' },
  ERR_WEBHOOK_SIGNATURE_INVALID: { status: 401, publicMessage: 'The signature of the webhook is wrong.' },
  ERR_WEBHOOK_MALFORMED: { status: 400, publicMessage: 'The webhook cannot be read.' },
  ERR_WEBHOOK_SENDER_FOREIGN: { status: 403, publicMessage: 'Webhooks are not accepted from this address.' },

  // Signing in to the site with a forum account
  ERR_LOGIN_ATTEMPT_MISSING: {
    status: 403,
    publicMessage: 'This login was not begun in this browser, or is over already. Please sign in again.',
  },
  ERR_LOGIN_ATTEMPT_EXPIRED: {
    status: 403,
    publicMessage: 'This login took too long. Please sign in again.',
  },
  ERR_LOGIN_ALREADY_USED: { status: 403, publicMessage: 'This login was used before. Please sign in again.' },
  ERR_LOGIN_RETURN_URL_WRONG: { status: 403, publicMessage: 'This login was meant for another address.' },
  ERR_LOGIN_NOT_AN_ANSWER: { status: 403, publicMessage: 'The forum did not say who you are.' },
  ERR_LOGIN_TWO_FACTOR_MISSING: {
    status: 403,
    publicMessage: 'Signing in here needs a second factor. Set one up at the forum and try again.',
  },
  ERR_LOGIN_USER_UNUSABLE: { status: 403, publicMessage: 'The forum did not say who you are.' },
  ERR_LOGIN_NO_ACCOUNT: { status: 403, publicMessage: 'There is no account for you at this site.' },
  ERR_LOGIN_NOBODY: { status: 403, publicMessage: 'You are not signed in at the forum.' },
  ERR_LINK_FORUM_USER_TAKEN: {
    status: 409,
    publicMessage: 'This forum account is connected with another account at this site.',
  },
  ERR_LINK_SITE_USER_TAKEN: {
    status: 409,
    publicMessage: 'Your account is connected with another forum account.',
  },
  ERR_LINK_USER_CHANGED: {
    status: 403,
    publicMessage: 'You are signed in with another account than when you began. Please start again.',
  },
  ERR_LINK_CONFIRMATION_INVALID: {
    status: 403,
    publicMessage: 'This confirmation is over. Please start again.',
  },

  // The site's user
  ERR_SIGN_IN_REQUIRED: { status: 401, publicMessage: 'Please sign in first.' },
  ERR_SITE_USER_INVALID: { status: 500, publicMessage: 'Your account could not be read.' },
  ERR_USER_SUSPENDED: { status: 403, publicMessage: 'Your account is suspended.' },
  ERR_EMAIL_NOT_VERIFIED: {
    status: 403,
    publicMessage: 'Please confirm your e-mail address first.',
  },
  ERR_SITE_CALLBACK_FAILED: { status: 503, publicMessage: 'The login is not available at the moment.' },

  // Session and store
  ERR_SESSION_TOO_LARGE: { status: 500, publicMessage: 'You could not be signed in.' },
  ERR_STORE_UNAVAILABLE: {
    status: 503,
    publicMessage: 'The login is not available at the moment. Please try again soon.',
  },

  // Pushes
  ERR_USER_REMOVED: { status: 403, publicMessage: 'This account no longer exists.' },
  ERR_PUSH_NOT_SET_UP: { status: 500, publicMessage: 'This cannot be passed on to the community.' },
  ERR_PUSH_BUSY: { status: 503, publicMessage: 'This account is being changed. Please try again soon.' },
  ERR_PUSH_QUEUE_FULL: { status: 503, publicMessage: 'Too much is waiting. Please try again later.' },
  ERR_PUSH_QUEUE_CLOSED: { status: 503, publicMessage: 'This site is about to restart. Please try again.' },
  ERR_PUSH_QUEUE_UNAVAILABLE: { status: 503, publicMessage: 'This cannot be passed on at the moment.' },
  ERR_PUSH_JOB_UNREADABLE: { status: 500, publicMessage: 'This cannot be passed on to the community.' },

  // Talkyard
  ERR_TALKYARD_KEY_UNUSABLE: { status: 500, publicMessage: 'This login is not set up correctly.' },
  ERR_TALKYARD_TOKEN_LIFE: { status: 500, publicMessage: 'This login is not set up correctly.' },
  ERR_TALKYARD_TOKEN_MALFORMED: { status: 400, publicMessage: 'The login token is damaged.' },
  ERR_TALKYARD_TOKEN_INVALID: { status: 403, publicMessage: 'The login token could not be verified.' },
  ERR_TALKYARD_TOKEN_EXPIRED: {
    status: 403,
    publicMessage: 'The login token has expired. Please load the page again.',
  },
  ERR_TALKYARD_TOKEN_CLAIMS: { status: 400, publicMessage: 'The login token is damaged.' },
  ERR_TALKYARD_RETURN_UNSAFE: {
    status: 400,
    publicMessage: 'The address to return to does not belong to this community.',
  },
  ERR_TALKYARD_USER_UNUSABLE: { status: 500, publicMessage: 'This account cannot be sent to the community.' },
  ERR_TALKYARD_EMAIL_UNUSABLE: {
    status: 403,
    publicMessage: 'The community does not take e-mail addresses of this form. Please change yours.',
  },
  ERR_TALKYARD_EMAIL_TAKEN: {
    status: 409,
    publicMessage:
      'Another account of the community has your e-mail address. Please ask the people who run it.',
  },
  ERR_TALKYARD_USER_REFUSED: { status: 403, publicMessage: 'The community does not let this account in.' },
  ERR_TALKYARD_REQUEST_REFUSED: { status: 502, publicMessage: 'The community did not accept the login.' },
  ERR_TALKYARD_API_SECRET_MISSING: { status: 500, publicMessage: 'This login is not set up correctly.' },
  ERR_TALKYARD_API_SECRET_REFUSED: { status: 502, publicMessage: 'This login is not set up correctly.' },
  ERR_TALKYARD_API_OFF: { status: 502, publicMessage: 'This login is not set up correctly.' },
  ERR_TALKYARD_ADDRESS_WRONG: { status: 502, publicMessage: 'This login is not set up correctly.' },
  ERR_TALKYARD_RATE_LIMITED: { status: 503, publicMessage: 'The community is busy. Please try again soon.' },
  ERR_TALKYARD_UNAVAILABLE: {
    status: 503,
    publicMessage: 'The community cannot be reached. Please try again soon.',
  },
  ERR_TALKYARD_REPLY_UNEXPECTED: {
    status: 502,
    publicMessage: 'The community gave an answer that was not understood.',
  },
  ERR_TALKYARD_WEBHOOK_UNKNOWN: { status: 404, publicMessage: 'There is nothing here.' },
  ERR_TALKYARD_WEBHOOK_FOREIGN: { status: 403, publicMessage: 'The notice came from another community.' },
  ERR_TALKYARD_WEBHOOK_MALFORMED: { status: 400, publicMessage: 'The notice could not be read.' },

  // Fruum
  ERR_FRUUM_SECRET_UNUSABLE: { status: 500, publicMessage: 'This login is not set up correctly.' },
  ERR_FRUUM_VALUE_UNUSABLE: { status: 500, publicMessage: 'This account cannot be sent to the forum.' },
  ERR_FRUUM_NOT_SET_UP: { status: 500, publicMessage: 'This login is not set up correctly.' },
  ERR_FRUUM_CALLER_UNKNOWN: { status: 403, publicMessage: 'The forum could not be recognised.' },
  ERR_FRUUM_PAYLOAD_MALFORMED: { status: 400, publicMessage: 'The login request is damaged.' },
  ERR_FRUUM_HASH_INVALID: {
    status: 403,
    publicMessage: 'The login could not be verified. Please reload the page.',
  },
  ERR_FRUUM_HASH_EXPIRED: { status: 403, publicMessage: 'The login is too old. Please reload the page.' },
  ERR_FRUUM_HASH_TOO_LONG_LIVED: {
    status: 403,
    publicMessage: 'The login could not be verified. Please reload the page.',
  },
  ERR_FRUUM_SIGNED_OUT: { status: 403, publicMessage: 'You have signed out. Please sign in again.' },
  ERR_FRUUM_USER_UNKNOWN: { status: 403, publicMessage: 'There is no such account.' },
  ERR_FRUUM_UNREACHABLE: { status: 502, publicMessage: 'The forum does not answer at the moment.' },

  // Coral: tokens and pages
  ERR_CORAL_NOT_SET_UP: { status: 500, publicMessage: 'The comments are not set up correctly.' },
  ERR_CORAL_SECRET_UNUSABLE: { status: 500, publicMessage: 'The comments are not set up correctly.' },
  ERR_CORAL_USER_UNUSABLE: { status: 500, publicMessage: 'This account cannot be sent to the comments.' },
  ERR_CORAL_EMAIL_UNUSABLE: {
    status: 403,
    publicMessage: 'The e-mail address of this account cannot be used for the comments.',
  },
  ERR_CORAL_TOKEN_TOO_LARGE: { status: 431, publicMessage: 'The token is too large.' },
  ERR_CORAL_TOKEN_MALFORMED: { status: 401, publicMessage: 'The token is damaged.' },
  ERR_CORAL_TOKEN_PAYLOAD_UNREADABLE: { status: 500, publicMessage: 'The token is damaged.' },
  ERR_CORAL_TOKEN_CLAIM_INVALID: { status: 401, publicMessage: 'The token is not of the right form.' },
  ERR_CORAL_TOKEN_USERNAME_MISSING: { status: 403, publicMessage: 'The account has no user name yet.' },
  ERR_CORAL_TOKEN_KEY_UNKNOWN: { status: 401, publicMessage: 'The token was signed with an unknown key.' },
  ERR_CORAL_TOKEN_ALGORITHM_REFUSED: { status: 401, publicMessage: 'The token is not of the right form.' },
  ERR_CORAL_TOKEN_SIGNATURE_INVALID: { status: 401, publicMessage: 'The token could not be verified.' },
  ERR_CORAL_TOKEN_NOT_YET_VALID: { status: 401, publicMessage: 'The token is not valid yet.' },
  ERR_CORAL_TOKEN_EXPIRED: { status: 401, publicMessage: 'The token has expired.' },

  // Coral: webhooks
  ERR_CORAL_WEBHOOK_SIGNATURE_MISSING: { status: 403, publicMessage: 'The event is not signed.' },
  ERR_CORAL_WEBHOOK_SIGNATURE_INVALID: { status: 403, publicMessage: 'The event could not be verified.' },
  ERR_CORAL_WEBHOOK_MALFORMED: { status: 400, publicMessage: 'The event is damaged.' },
  ERR_CORAL_WEBHOOK_STALE: { status: 403, publicMessage: 'The event is too old.' },

  // Coral: its API
  ERR_CORAL_UNREACHABLE: { status: 502, publicMessage: 'The comments cannot be reached at the moment.' },
  ERR_CORAL_TIMEOUT: { status: 504, publicMessage: 'The comments did not answer in time.' },
  ERR_CORAL_REDIRECTED: { status: 502, publicMessage: 'The comments are not set up correctly.' },
  ERR_CORAL_ANSWER_TOO_LARGE: {
    status: 502,
    publicMessage: 'The comments gave an answer that cannot be read.',
  },
  ERR_CORAL_ANSWER_MALFORMED: {
    status: 502,
    publicMessage: 'The comments gave an answer that cannot be read.',
  },
  ERR_CORAL_CREDENTIALS_REFUSED: { status: 502, publicMessage: 'The comments are not set up correctly.' },
  ERR_CORAL_NOT_ENTITLED: { status: 502, publicMessage: 'The comments did not allow this change.' },
  ERR_CORAL_TENANT_UNKNOWN: { status: 502, publicMessage: 'The comments are not set up correctly.' },
  ERR_CORAL_SSO_DISABLED: { status: 502, publicMessage: 'The comments are not set up correctly.' },
  ERR_CORAL_QUERY_REFUSED: { status: 502, publicMessage: 'The comments did not understand the request.' },
  ERR_CORAL_RATE_LIMITED: { status: 503, publicMessage: 'The comments are busy. Please wait a moment.' },
  ERR_CORAL_USER_NOT_FOUND: { status: 404, publicMessage: 'This account is not known to the comments.' },
  ERR_CORAL_USER_EXISTS: { status: 409, publicMessage: 'The comments know this account already.' },
  ERR_CORAL_EMAIL_TAKEN: { status: 409, publicMessage: 'Another account has this e-mail address.' },
  ERR_CORAL_EMAIL_REFUSED: { status: 422, publicMessage: 'The comments did not accept the e-mail address.' },
  ERR_CORAL_SSO_PROFILE_MISSING: { status: 409, publicMessage: 'This account does not belong to the site.' },
  ERR_CORAL_STATE_UNCHANGED: { status: 409, publicMessage: 'The account is in that state already.' },
  ERR_CORAL_SELF_DELETION: { status: 409, publicMessage: 'This account cannot delete itself.' },
  ERR_CORAL_SIGNING_SECRET_UNKNOWN: { status: 502, publicMessage: 'The comments are not set up correctly.' },
  ERR_CORAL_FAULT: { status: 502, publicMessage: 'The comments could not carry this out.' },
  ERR_CORAL_REFUSED: { status: 502, publicMessage: 'The comments did not allow this change.' },

  // Anything that is a fault of ours
  ERR_INTERNAL: { status: 500, publicMessage: 'Something went wrong here.' },
} as const satisfies Record<`ERR_${string}`, { status: number; publicMessage: string }>;

/** All codes, as a union of literals: `switch (error.code)` narrows on it. */
export type ErrorCode = keyof typeof errorTable;

/** What the table says of a code. One that a later copy of this package has made up is a fault like any other. */
export function errorRow(code: ErrorCode): { readonly status: number; readonly publicMessage: string } {
  return Object.hasOwn(errorTable, code) ? errorTable[code] : errorTable.ERR_INTERNAL;
}

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
    const { status, publicMessage } = errorRow(code);
    this.status = status;
    this.publicMessage = publicMessage;
    this.detail = detail;
    this.problems = problems;
  }
}

/** True for a {@link ForumSsoError} of this or of another copy of the package. */
export function isForumSsoError(error: unknown): error is ForumSsoError {
  return (
    typeof error === 'object' &&
    error !== null &&
    brand in error &&
    'code' in error &&
    typeof error.code === 'string'
  );
}

/** The error for a refusal: where a value has to become an exception. */
export function errorFrom({ refused, detail, cause }: Refusal): ForumSsoError {
  return new ForumSsoError(refused, detail, cause === undefined ? {} : { cause });
}

/** The refusal for an error: where an exception has to become a value again. */
export function refusalFrom({ code, detail, cause }: ForumSsoError): Refusal {
  return refusal(code, detail, cause);
}

/**
 * The refusal for whatever was thrown, by code of the site or of a store as well.
 * @param code for anything but a {@link ForumSsoError}, which keeps its own code and detail
 * @param detail as with `code`; what was thrown becomes the cause
 */
export function refusalForThrown(thrown: unknown, code: ErrorCode, detail: string): Refusal {
  return isForumSsoError(thrown) ? refusalFrom(thrown) : refusal(code, detail, thrown);
}
