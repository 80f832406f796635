import { randomUUID } from 'node:crypto';

/** HTTP status of each of Coral's codes when it ends a request outside GraphQL. */
const statuses = {
  TOKEN_INVALID: 401,
  AUTHENTICATION_ERROR: 401,
  USERNAME_NOT_PROVIDED: 403,
  DUPLICATE_EMAIL: 403,
  USER_NOT_ENTITLED: 403,
  USER_BANNED: 403,
  USER_SUSPENDED: 403,
  USER_WARNED: 403,
  MODERATOR_CANNOT_BE_BANNED_ON_SITE: 403,
  RAW_QUERY_NOT_AUTHORIZED: 400,
  PERSISTED_QUERY_NOT_FOUND: 400,
  VALIDATION: 400,
  SSO_PROFILE_NOT_SET: 400,
  TENANT_NOT_FOUND: 404,
  USER_NOT_FOUND: 404,
  TOKEN_NOT_FOUND: 404,
  STORY_NOT_FOUND: 404,
  USER_ALREADY_SUSPENDED: 400,
  USER_ALREADY_PREMOD: 400,
  RATE_LIMIT_EXCEEDED: 429,
  // Their class of error knows no status, so the server's default holds.
  DUPLICATE_USER: 500,
  EMAIL_INVALID_FORMAT: 500,
  EMAIL_EXCEEDS_MAX_LENGTH: 500,
  INTERNAL_ERROR: 500,
} as const satisfies Record<string, number>;

export type CoralCode = keyof typeof statuses;

/** What both envelopes hold. */
export interface CoralErrorBody {
  readonly id: string;
  readonly code: CoralCode;
  readonly type: 'INVALID_REQUEST_ERROR';
  readonly message: string;
  readonly traceID: string;
  readonly param?: string;
}

/** An error as Coral has them: thrown anywhere, told to the caller by its code. */
export class CoralError extends Error {
  readonly code: CoralCode;
  readonly status: number;
  /** The input that it is about, `input.email`. */
  readonly param: string | undefined;

  constructor(code: CoralCode, message: string, { param }: { readonly param?: string } = {}) {
    super(message);
    this.name = 'CoralError';
    this.code = code;
    this.status = statuses[code];
    this.param = param;
  }

  /** What the caller is told; the reason of an internal error stays in the server's log. */
  body(traceID: string): CoralErrorBody {
    return {
      id: randomUUID(),
      code: this.code,
      type: 'INVALID_REQUEST_ERROR',
      message: this.code === 'INTERNAL_ERROR' ? 'Internal Error' : this.message,
      traceID,
      ...(this.param === undefined ? {} : { param: this.param }),
    };
  }
}

/** Any error as one of Coral's. */
export function asCoralError(error: unknown): CoralError {
  if (error instanceof CoralError) return error;
  return new CoralError('INTERNAL_ERROR', error instanceof Error ? error.message : String(error));
}
