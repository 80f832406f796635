import type { ErrorRequestHandler } from 'express';

/** An answer of the API that is no success. Thrown from anywhere below {@link apiRoute}. */
export class ApiError extends Error {
  readonly status: number;
  /** Null: an empty body. */
  readonly body: Readonly<Record<string, unknown>> | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    body: Readonly<Record<string, unknown>> | null,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(`API answer ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** Unknown, or not for this caller: the forum does not say which. */
export function notFound(): ApiError {
  return typed(404, 'not_found', 'There is nothing at this address, or it is not for you.');
}

export function invalidAccess(text = 'You may not do this.'): ApiError {
  return typed(403, 'invalid_access', text);
}

export function invalidParameters(name: string): ApiError {
  return typed(400, 'invalid_parameters', `The parameter ${name} is missing or makes no sense.`);
}

export function notLoggedIn(): ApiError {
  return typed(403, 'not_logged_in', 'You have to be logged in to do this.');
}

export function readOnly(): ApiError {
  return typed(503, 'read_only', 'The forum is read-only for now.');
}

export function siteArchived(): ApiError {
  return typed(503, 'site_archived', 'The forum is archived: it takes no new accounts.');
}

/** What was sent cannot be saved. */
export function unprocessable(text: string, type?: string): ApiError {
  return new ApiError(422, { errors: [text], ...(type === undefined ? {} : { error_type: type }) });
}

/** Something of Discourse's own went wrong. */
export function serverError(): ApiError {
  return new ApiError(500, { status: 500, error: 'Internal Server Error' });
}

/** The API's own limit. @param seconds to wait */
export function rateLimited(seconds: number): ApiError {
  const timeLeft = seconds === 1 ? '1 second' : `${seconds} seconds`;
  const body = {
    errors: [`Too many requests: please wait ${timeLeft}.`],
    error_type: 'rate_limit',
    extras: { wait_seconds: seconds, time_left: timeLeft },
  };
  return new ApiError(429, body, {
    'Retry-After': String(seconds),
    'Discourse-Rate-Limit-Error-Code': 'admin_api_key_rate_limit',
  });
}

/** Writes an {@link ApiError}; leaves all others to the server. */
export const apiErrorAnswer: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (!(error instanceof ApiError) || response.headersSent) {
    next(error);
    return;
  }
  response.status(error.status).set(error.headers);
  if (error.body === null) response.end();
  else response.json(error.body);
};

function typed(status: number, type: string, text: string): ApiError {
  return new ApiError(status, { errors: [text], error_type: type });
}
