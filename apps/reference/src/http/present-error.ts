import { type ErrorCode, errorTable, isForumSsoError } from '@forum-sso/core';

/** What a visitor may know of an error. */
export interface PresentedError {
  readonly status: number;
  readonly publicMessage: string;
  readonly code: ErrorCode;
}

/** Our own errors by their table; those of the framework by their status; all else is a fault of this site. */
export function presentError(error: unknown): PresentedError {
  if (isForumSsoError(error)) return error;
  const code = codeOf(statusOf(error));
  return { code, ...errorTable[code] };
}

function codeOf(status: number): ErrorCode {
  if (status === 413) return 'ERR_BODY_TOO_LARGE';
  return status >= 400 && status < 500 ? 'ERR_BODY_UNREADABLE' : 'ERR_INTERNAL';
}

function statusOf(error: unknown): number {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500;
}
