import { STATUS_CODES } from 'node:http';

import type { ErrorRequestHandler, Response } from 'express';

/** What a Talkyard endpoint answers instead of a result: plain text that ends in a code, never JSON. */
export class TalkyardError extends Error {
  readonly status: number;
  /** Talkyard's code, `TyEAPI0SECRET01_`. */
  readonly code: string;
  /** True for the answers that lack the line with status and reason. */
  readonly bare: boolean;

  constructor(
    status: number,
    code: string,
    message: string,
    { bare = false }: { readonly bare?: boolean } = {},
  ) {
    super(message);
    this.name = 'TalkyardError';
    this.status = status;
    this.code = code;
    this.bare = bare;
  }
}

/** A wrong JSON shape. Talkyard puts the inner code, if there is one, in front of its general one. */
export function badJson(message: string, innerCode?: string): TalkyardError {
  const inner = innerCode === undefined ? '' : ` [${innerCode}]`;
  return new TalkyardError(400, 'TyEBADJSN', `Bad JSON: ${message}${inner}`, { bare: true });
}

/** What Talkyard's database refuses surfaces as an internal error, with a stack trace for everybody to see. */
export function internalError(message: string): TalkyardError {
  const trace = [
    'java.lang.RuntimeException: internal',
    '\tat debiki.dao.EmulatedDao.write(EmulatedDao.scala:1)',
    '\tat talkyard.server.Emulated.handle(Emulated.scala:1)',
  ].join('\n');
  return new TalkyardError(500, 'TyE500EXC', `Internal error: ${message}\n\n${trace}`);
}

/** Writes an error as Talkyard does: only 403 also names the code in a header. */
function sendTalkyardError(response: Response, { status, code, message, bare }: TalkyardError): void {
  const reason = STATUS_CODES[status] ?? 'Error';
  if (status === 403) response.setHeader('X-Error-Code', code);
  response
    .status(status)
    .type('text/plain')
    .send(`${bare ? '' : `${status} ${reason}\n`}${message} [${code}]`);
}

/** Answers {@link TalkyardError}s; leaves everything else to the next handler. */
export const answerTalkyardErrors: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (error instanceof TalkyardError && !response.headersSent) sendTalkyardError(response, error);
  else next(error);
};
